"""A stream to the broker: TCP, and TLS that trusts one private CA. Only `resolve` blocks."""

import asyncio
import errno
import socket

from .compat import const

_IPPROTO_TCP = const(6)  # the constants are missing on some ports, the option is not
_TCP_NODELAY = const(1)


def resolve(host: str, port: int):
    """What `connect` needs. Blocks the whole device while a name is looked up! Raises OSError."""
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]


def tls_context(ca: bytes):
    """A context that trusts the CA `ca` (DER) and nobody else. Raises ValueError for a bad one."""
    import ssl  # noqa: PLC0415  (a device without TLS keeps the memory)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED  # MicroPython's default is to trust everybody
    context.load_verify_locations(cadata=ca)
    return context


async def open_tcp(info) -> socket.socket:
    """A connected socket. `asyncio.open_connection` would leak one that is cancelled.

    Raises OSError.
    """
    family, kind, protocol, _, address = info
    sock = socket.socket(family, kind, protocol)
    connected = False
    try:
        sock.setblocking(False)
        try:
            sock.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        await _writable(sock)
        try:
            sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        except OSError:  # a port that has no such option is slower, not worse
            connected = True
        connected = True
        return sock
    finally:
        if not connected:
            sock.close()


def secured(sock, context, name: str):
    """The socket in TLS, for a broker that is called `name`; the first write shakes hands."""
    wrapped = None
    try:
        wrapped = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
        return wrapped
    finally:
        if wrapped is None:
            sock.close()


def _writable(sock):
    yield asyncio.core._io_queue.queue_write(sock)
