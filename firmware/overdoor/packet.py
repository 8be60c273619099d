"""MQTT 3.1.1 packets as bytes. Pure; section numbers are those of the OASIS standard."""

from .compat import const
from .errors import MqttProtocolError, MqttRefusedError

CONNACK = const(2)
PUBLISH = const(3)
PUBACK = const(4)
SUBACK = const(9)
PINGRESP = const(13)

_REFUSALS = {
    1: "the broker does not speak MQTT 3.1.1",
    2: "the broker refused the client id",
    3: "the broker is not available",
    4: "the broker refused user or password",
    5: "the broker does not allow this device",
}


def _string(text) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    if len(data) > 65535:
        raise ValueError("longer than 65535 bytes")
    return len(data).to_bytes(2, "big") + data


def _packet(first: int, body: bytes) -> bytes:
    header = bytearray([first])
    length = len(body)
    while True:  # 2.2.3: seven bits a byte, the lowest first
        digit = length & 0x7F
        length >>= 7
        header.append(digit | 0x80 if length else digit)
        if not length:
            return bytes(header) + body


def connect(client_id: str, keepalive_s: int, will=None, user=None, password=None) -> bytes:
    """CONNECT with a clean session. `will` is (topic, payload), retained, QoS 1."""
    flags = 0x02
    payload = _string(client_id)
    if will is not None:
        flags |= 0x04 | 0x08 | 0x20
        payload += _string(will[0]) + _string(will[1])
    if user is not None:
        flags |= 0x80
        payload += _string(user)
        if password is not None:
            flags |= 0x40
            payload += _string(password)
    head = _string("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big")
    return _packet(0x10, head + payload)


def publish(topic: str, payload: bytes, packet_id=None, retain: bool = False) -> bytes:
    """PUBLISH with QoS 1 when it has a packet id, with QoS 0 otherwise."""
    first = 0x30 | (0x01 if retain else 0)
    body = _string(topic)
    if packet_id is not None:
        first |= 0x02
        body += packet_id.to_bytes(2, "big")
    return _packet(first, body + payload)


def puback(packet_id: int) -> bytes:
    """PUBACK."""
    return _packet(0x40, packet_id.to_bytes(2, "big"))


def subscribe(packet_id: int, topics) -> bytes:
    """SUBSCRIBE to each topic with QoS 1."""
    body = packet_id.to_bytes(2, "big")
    for topic in topics:
        body += _string(topic) + b"\x01"
    return _packet(0x82, body)


def disconnect() -> bytes:
    """DISCONNECT: the broker forgets the will."""
    return b"\xe0\x00"


def ping() -> bytes:
    """PINGREQ."""
    return b"\xc0\x00"


def remaining_length(value: int, shift: int, byte: int) -> tuple:
    """Add one byte of a remaining length. Returns (value, shift); a shift of 0 means complete."""
    value |= (byte & 0x7F) << shift
    if not byte & 0x80:
        return value, 0
    if shift == 21:
        raise MqttProtocolError("a packet length of more than four bytes")
    return value, shift + 7


def read_connack(body: bytes) -> None:
    """Check the body of a CONNACK; raises MqttRefusedError with the broker's reason."""
    # Whether the broker kept a session does not matter: ours are clean.
    if len(body) != 2 or body[0] > 1:
        raise MqttProtocolError("a malformed CONNACK")
    if body[1]:
        raise MqttRefusedError(body[1], _REFUSALS.get(body[1], "the broker refused the connection"))


def read_packet_id(body: bytes) -> int:
    """The packet id of a PUBACK."""
    if len(body) != 2:
        raise MqttProtocolError("a malformed PUBACK")
    return int.from_bytes(body, "big")


def read_suback(body: bytes, topics: int) -> None:
    """Check the body of a SUBACK for so many topics."""
    if len(body) != 2 + topics:
        raise MqttProtocolError("a malformed SUBACK")
    for code in body[2:]:
        if code == 0x80:
            raise MqttRefusedError(code, "the broker refused a subscription")
        if code > 2:
            raise MqttProtocolError("a malformed SUBACK")


def read_publish(flags: int, body: bytes) -> tuple:
    """Take a PUBLISH apart. `body` may be cut short behind the packet id.

    Returns (topic, payload, packet id or None, retained).
    """
    qos = (flags >> 1) & 3
    if qos > 1:
        raise MqttProtocolError("a QoS that was not asked for")
    if len(body) < 2:
        raise MqttProtocolError("a malformed PUBLISH")
    end = 2 + int.from_bytes(body[:2], "big")
    start = end + 2 if qos else end
    if end == 2 or len(body) < start:
        raise MqttProtocolError("a malformed PUBLISH")
    try:
        topic = str(body[2:end], "utf-8")
    except UnicodeError:
        raise MqttProtocolError("a topic that is not UTF-8") from None
    packet_id = None
    if qos:
        packet_id = int.from_bytes(body[end:start], "big")
        if packet_id == 0:
            raise MqttProtocolError("a packet id of 0")
    return topic, body[start:], packet_id, bool(flags & 1)
