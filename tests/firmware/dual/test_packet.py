from overdoor_device import errors, packet


def refused(read, *arguments):
    """The class name of the MqttError that reading raises."""
    try:
        read(*arguments)
    except errors.MqttError as error:
        return type(error).__name__
    return None


def test_connect_has_protocol_flags_will_and_credentials():
    data = packet.connect("c", 20, ("t", b"w"), "u", "p")
    assert data == (
        b"\x10\x19\x00\x04MQTT\x04\xee\x00\x14\x00\x01c\x00\x01t\x00\x01w\x00\x01u\x00\x01p"
    )
    assert packet.connect("c", 20)[9] == 0x02


def test_publish_with_and_without_qos():
    assert packet.publish("a/b", b"xy") == b"\x30\x07\x00\x03a/bxy"
    assert packet.publish("a/b", b"xy", 258, True) == b"\x33\x09\x00\x03a/b\x01\x02xy"


def test_long_packets_have_long_lengths():
    assert packet.publish("a", bytes(200))[:3] == b"\x30\xcb\x01"


def test_subscribe_asks_for_qos_1():
    assert packet.subscribe(1, ["a", "b"]) == b"\x82\x0a\x00\x01\x00\x01a\x01\x00\x01b\x01"


def test_connack_codes_have_reasons():
    packet.read_connack(b"\x00\x00")
    packet.read_connack(b"\x01\x00")  # the broker kept a session: no fault
    for code in range(1, 7):
        try:
            packet.read_connack(bytes([0, code]))
        except errors.MqttRefusedError as error:
            assert error.code == code
            assert "broker" in str(error)
        else:
            raise AssertionError("not refused")
    assert refused(packet.read_connack, b"\x00") == "MqttProtocolError"
    assert refused(packet.read_connack, b"\x02\x00") == "MqttProtocolError"


def test_suback_failure_is_a_refusal():
    packet.read_suback(b"\x00\x01\x01\x00", 2)
    assert refused(packet.read_suback, b"\x00\x01\x80", 1) == "MqttRefusedError"
    assert refused(packet.read_suback, b"\x00\x01\x01", 2) == "MqttProtocolError"
    assert refused(packet.read_suback, b"\x00\x01\x07", 1) == "MqttProtocolError"


def test_malformed_publishes_are_protocol_errors():
    for flags, body in (
        (0, b""),
        (0, b"\x00"),
        (0, b"\x00\x00payload"),  # no topic
        (0, b"\x00\x05abc"),
        (2, b"\x00\x01a\x01"),  # half a packet id
        (2, b"\x00\x01a\x00\x00"),  # packet id 0
        (4, b"\x00\x01a\x00\x01"),  # QoS 2
        (6, b"\x00\x01a\x00\x01"),  # QoS 3
        (0, b"\x00\x02\xff\xfe"),  # not UTF-8
    ):
        assert refused(packet.read_publish, flags, body) == "MqttProtocolError", (flags, body)


def test_a_length_of_five_bytes_is_a_protocol_error():
    value = shift = 0
    for _ in range(3):
        value, shift = packet.remaining_length(value, shift, 0xFF)
    assert refused(packet.remaining_length, value, shift, 0xFF) == "MqttProtocolError"
