"""A device that says whatever it likes in its own branch: the gateway's parsers, and its record."""

from hypothesis import given
from hypothesis import strategies as st

from overdoor.bus import payloads as parsers
from overdoor.bus.lamps import LampWatch
from overdoor.bus.payloads import Nonsense
from overdoor.core.effects import Receipt
from tests.gateway.shop import Floor, only
from tests.gateway.test_payloads import take

from .grammar import fuzz, payloads


@fuzz
@given(payloads(), st.booleans())
def test_no_payload_makes_a_parser_raise(payload: bytes, retained: bool) -> None:
    parsers.parse_status("cp-w1", payload, retained=retained)
    parsers.parse_info("cp-w1", payload, retained=retained)
    parsers.parse_result(payload)
    parsers.parse_sighting("cp-w1", payload)
    parsers.parse_shown(payload)
    LampWatch().shown("cp-w1", payload)


@fuzz
@given(st.sampled_from(["cp-w1", "pg-1"]), payloads())
def test_whatever_has_a_key_is_stored_and_receipted(device: str, payload: bytes) -> None:
    said = parsers.parse_event(device, payload)
    if not isinstance(said, Nonsense):
        floor = Floor()
        take(floor, said)
        assert only(Receipt, floor.effects)


@fuzz
@given(payloads())
def test_whatever_a_device_says_it_is_can_be_stored(payload: bytes) -> None:
    described = parsers.parse_info("cp-w1", payload)
    if not isinstance(described, Nonsense):
        take(Floor(), described[0])
