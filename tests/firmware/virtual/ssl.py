"""Stands in for MicroPython's `ssl`; how a handshake goes is up to the broker of `socket`."""

import socket

PROTOCOL_TLS_CLIENT = 0
CERT_REQUIRED = 2


class SSLContext:
    def __init__(self, protocol):
        self.verify_mode = 0

    def load_verify_locations(self, cadata):
        pass

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        assert self.verify_mode == CERT_REQUIRED
        assert not do_handshake_on_connect
        return _Secured(sock)


class _Secured:
    def __init__(self, sock):
        self._sock = sock
        for name in ("read", "readable", "close"):
            setattr(self, name, getattr(sock, name))

    def writable(self):
        return self._sock.writable() and socket.broker[0].handshake != "silent"

    def write(self, data):
        handshake = socket.broker[0].handshake
        if handshake == "silent":
            return None
        if handshake == "bad":
            raise ValueError("The certificate is not correctly signed by the trusted CA")
        if handshake == "ends":
            raise OSError(-29312)
        return self._sock.write(data)
