"""What can be wrong on the way to the broker: each fault has a name, a rhythm and a sentence.

The ring tells a maker the name in long and short blinks. It does so only until the first session
after a power-up: to shoppers, an idle ring stays dark.
"""

from .compat import const

# One long blink: Wi-Fi. Two: the network and TLS. Three: the broker. Then count the short ones.
FAULTS = {
    "no_access_point": ((1, 1), "no access point has this name"),
    "wrong_password": ((1, 2), "the access point refuses the password"),
    "no_address": ((1, 3), "the access point took us, but DHCP gives no address"),
    "not_joined": ((1, 4), "the access point does not take us"),
    "radio_stuck": ((1, 5), "the radio does not answer orders; it is switched off and on"),
    "wifi_lost": ((1, 6), "Wi-Fi fell away"),
    "no_name": ((2, 1), "the broker's name does not resolve"),
    "unreachable": ((2, 2), "nothing answers at the broker's address"),
    "tls_silent": ((2, 3), "the broker does not finish the TLS handshake"),
    "bad_certificate": ((2, 4), "the broker's certificate is not by our CA, or for another name"),
    "no_tls": ((2, 5), "the TLS handshake failed"),
    "silent": ((3, 1), "the broker fell silent"),
    "closed": ((3, 2), "the broker or the network closed the connection"),
    "refused_login": ((3, 3), "the broker refuses user or password"),
    "refused_rights": ((3, 4), "the broker does not allow this device"),
    "refused_id": ((3, 5), "the broker refuses the client id"),
    "refused_busy": ((3, 6), "the broker says that it is not available"),
    "refused_version": ((3, 7), "the broker does not speak MQTT 3.1.1"),
    "not_mqtt": ((3, 8), "what answers does not follow MQTT 3.1.1"),
    "overloaded": ((3, 9), "more waits than the network or the memory takes"),
}

_LONG_MS = const(900)
_SHORT_MS = const(200)
_DARK_MS = const(300)
_PAUSE_MS = const(2000)


def blinks(name: str) -> list:
    """The ms at which the light changes, from lit at 0; the last one ends the round."""
    long, short = FAULTS[name][0]
    edges = []
    at = 0
    for lit in [_LONG_MS] * long + [_SHORT_MS] * short:
        edges += [at + lit, at + lit + _DARK_MS]
        at += lit + _DARK_MS
    edges[-1] += _PAUSE_MS
    return edges
