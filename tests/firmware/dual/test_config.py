import json

from overdoor_device import config


def good():
    return {
        "shop": "demo",
        "device": "cp-w1",
        "model": "devkit",
        "broker": {"host": "192.0.2.1"},
        "wifi": {"ssid": "shop", "password": "secret"},
    }


def mistake(raw):
    """The sentence about a mistake."""
    try:
        config.parse(raw if isinstance(raw, str) else json.dumps(raw))
    except config.ConfigError as error:
        return str(error)
    return None


def test_defaults():
    parsed = config.parse(json.dumps(good()))
    assert (parsed.port, parsed.user, parsed.password, parsed.ring_leds) == (1883, None, None, 12)
    assert parsed.pins == {"call": 32, "ring": 4, "lamp": 33}


def test_a_need_button_says_one_need_unless_more_are_named():
    raw = good()
    assert config.parse(json.dumps(raw)).needs == ()
    raw["pins"] = {"need": 27}
    assert config.parse(json.dumps(raw)).needs == ("another-size",)
    raw["needs"] = ["question", "ready-to-pay"]
    assert config.parse(json.dumps(raw)).needs == ("question", "ready-to-pay")


def test_mistakes_about_needs():
    raw = good()
    raw["needs"] = ["question"]
    assert '"pins.need"' in mistake(raw)
    raw["pins"] = {"need": 27}
    for needs in ([], ["sizes"], ["question", "question"], "question", [1], {}):
        raw["needs"] = needs
        assert '"needs" must be a list of another-size' in mistake(raw)


def test_every_key_is_used():
    raw = good()
    raw["broker"] = {"host": "h", "port": 8000, "user": "u", "password": "p"}
    raw["pins"] = {"call": 1, "presence": 14, "ring": 5, "lamp": 6}
    raw["ring_leds"] = 24
    parsed = config.parse(json.dumps(raw))
    assert (parsed.host, parsed.port, parsed.user, parsed.password) == ("h", 8000, "u", "p")
    assert (parsed.wifi_ssid, parsed.wifi_password) == ("shop", "secret")
    assert (parsed.pins["presence"], parsed.ring_leds, parsed.model) == (14, 24, "devkit")


def test_each_mistake_has_one_sentence():
    cases = (
        ("shop", "Demo", '"shop" must be 1 to 32 of a-z, 0-9 and "-".'),
        ("device", "", '"device" must be 1 to 32 of a-z, 0-9 and "-".'),
        ("device", 5, '"device" must be 1 to 32 of a-z, 0-9 and "-".'),
        ("model", "", '"model" must be a text of 1 to 64 bytes.'),
        ("broker", "host", '"broker" must be an object.'),
        ("broker", {}, '"broker" has no "host".'),
        ("broker", {"host": ""}, '"broker.host" must be a text of 1 to 253 bytes.'),
        (
            "broker",
            {"host": "h", "port": "1883"},
            '"broker.port" must be a whole number from 1 to 65535.',
        ),
        (
            "broker",
            {"host": "h", "password": "p"},
            '"broker.password" needs a "broker.user".',
        ),
        ("wifi", {"ssid": "s"}, '"wifi" has no "password".'),
        ("pins", {"bell": 3}, '"pins" has a key that is not known: "bell".'),
        ("pins", {"call": True}, '"pins.call" must be a whole number from 0 to 48.'),
        ("ring_leds", 0, '"ring_leds" must be a whole number from 1 to 60.'),
        ("screen", "st7789", '"screen" is for pagers, with "kind": "pager".'),
        ("colour", "red", 'config.json has a key that is not known: "colour".'),
    )
    for key, value, sentence in cases:
        raw = good()
        raw[key] = value
        assert mistake(raw) == sentence, (key, value, mistake(raw))


def test_one_pin_for_two_things_is_named():
    raw = good()
    raw["pins"] = {"presence": 32}
    sentence = mistake(raw)
    assert '"pins.call"' in sentence
    assert '"pins.presence"' in sentence
    assert "are both 32." in sentence


def test_what_is_no_configuration_is_said_to_be_none():
    assert mistake("").startswith("config.json is not JSON")
    assert mistake("[]") == "config.json must be an object."
    assert mistake("{}") == 'config.json has no "shop".'


def test_a_missing_file_is_one_sentence():
    try:
        config.load("no-such-folder/config.json")
    except config.ConfigError as error:
        assert "no-such-folder/config.json cannot be read" in str(error)
    else:
        raise AssertionError("it was read")
