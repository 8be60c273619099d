from overdoor_device.badges import Heard, ibeacon

UUID = bytes(range(16))
FLAGS = b"\x02\x01\x06"


def advert(major=1, minor=17, uuid=UUID):
    body = (
        b"\x4c\x00\x02\x15" + uuid + major.to_bytes(2, "big") + minor.to_bytes(2, "big") + b"\xc5"
    )
    return FLAGS + b"\x1a\xff" + body


def test_an_ibeacon_of_the_shop_is_a_badge():
    assert ibeacon(advert(), UUID) == "1.17"
    assert ibeacon(memoryview(advert(65535, 0)), UUID) == "65535.0"


def test_its_place_in_the_advertisement_does_not_matter():
    assert ibeacon(advert()[3:] + b"\x03\x03\xaa\xfe", UUID) == "1.17"


def test_anybody_elses_beacon_is_none():
    assert ibeacon(advert(uuid=bytes(16)), UUID) is None
    assert ibeacon(FLAGS + b"\x05\xff\x4c\x00\x10\x01", UUID) is None
    assert ibeacon(FLAGS, UUID) is None


def test_whatever_the_air_holds_does_no_harm():
    whole = advert()
    for length in range(len(whole)):
        assert ibeacon(whole[:length], UUID) is None
    for place in range(len(whole)):
        for value in (0, 1, 25, 26, 27, 255):
            ibeacon(whole[:place] + bytes([value]) + whole[place + 1 :], UUID)
    assert ibeacon(b"", UUID) is None
    assert ibeacon(b"\x00" * 31, UUID) is None


def test_the_loudest_of_a_period_is_told_once():
    heard = Heard(UUID)
    for rssi in (-80, -60, -90):
        heard.add(advert(), rssi)
    heard.add(advert(1, 18), -70)
    heard.add(advert(uuid=bytes(16)), -10)
    assert heard.take() == [("1.17", -60), ("1.18", -70)]
    assert heard.take() == []


def test_a_crowd_does_not_fill_the_memory():
    heard = Heard(UUID)
    for minor in range(1000):
        heard.add(advert(1, minor), -70)
    assert len(heard.take()) == 16
