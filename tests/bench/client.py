"""Just enough MQTT 3.1.1 to time it: QoS 1 both ways, many packets a read, one write a packet."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Self

Heard = Callable[[str, bytes], None]


class Client(asyncio.Protocol):
    """One connection. `heard` gets each message: topic and payload."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._buffer = bytearray()
        self._mid = 0
        self._answered = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport

    @classmethod
    async def connect(
        cls,
        port: int,
        name: str,
        topics: list[str],
        heard: Heard,
        *,
        keep_alive_s: int = 0,
        qos: int = 1,
    ) -> Self:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(heard), "127.0.0.1", port)
        body = _text("MQTT") + bytes([4, 2]) + struct.pack("!H", keep_alive_s) + _text(name)
        client._transport.write(_packet(0x10, body))
        await client._answer()
        for start in range(0, len(topics), 100):
            filters = b"".join(
                _text(topic) + bytes((qos,)) for topic in topics[start : start + 100]
            )
            client._transport.write(_packet(0x82, b"\0\1" + filters))
            await client._answer()
        return client

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._mid = self._mid % 65535 + 1
        packet = _text(topic) + self._mid.to_bytes(2, "big") + payload
        self._transport.write(_packet(0x33 if retain else 0x32, packet))

    def ping(self) -> None:
        self._transport.write(b"\xc0\0")

    def close(self) -> None:
        self._transport.close()

    async def _answer(self) -> None:
        await self._answered
        self._answered = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length > 127:
                if len(buffer) < start + 1:
                    break
                length = (length & 127) | buffer[start] << 7
                start += 1
            end = start + length
            if len(buffer) < end:
                break
            self._packet(buffer[at], bytes(buffer[start:end]))
            at = end
        del buffer[:at]

    def _packet(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 3:
            end = 2 + (body[0] << 8 | body[1])
            topic, payload = body[2:end].decode(), body[end:]
            if first & 6:
                self._transport.write(b"\x40\x02" + payload[:2])
                payload = payload[2:]
            self._heard(topic, payload)
        elif kind in (2, 9) and not self._answered.done():
            self._answered.set_result(None)


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _packet(first: int, body: bytes) -> bytes:
    length = len(body)
    if length < 128:
        return bytes((first, length)) + body
    return bytes((first, length & 127 | 128, length >> 7)) + body
