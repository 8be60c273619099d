"""Payloads that are almost right: the contract's words in wrong places, cut, torn, repeated.

`make attack` tries many more of them than `make test` does.
"""

import json
import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

BOOT = "bbbbbbbbbbbb"
_MEMBERS = """
v boot n low type age_ms button gesture held_ms call answer rev need count also state kind
model firmware caps mode trouble mpy password_number update outbox rssi badge id status data bundle
file at size
"""
_WORDS = """
button answer need fault call presence cancel press hold acknowledge decline arrive idle
raised acknowledged arrived offline online sleeping another-size normal safe ok error
callpoint pager
"""
MEMBERS, WORDS = _MEMBERS.split(), _WORDS.split()
HARM = ("none", "none", "none", "cut", "torn", "deep", "twice", "huge")
fuzz = settings(max_examples=int(os.environ.get("OVERDOOR_ATTACKS", "40")))

_numbers = st.one_of(
    st.integers(-3, 40),
    st.sampled_from([2**31, 2**53, 2**53 + 1, 2**63, -(2**63), 10**40, 0.5, 1e308]),
)
_texts = st.one_of(
    st.sampled_from([*WORDS, BOOT, "BBBBBBBBBBBB", "", "\u0000", "\ud800", "a" * 65, "../x", "1"]),
    st.text(st.characters(codec=None), max_size=12),
)
_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3)
        | st.lists(st.tuples(st.just(BOOT), _numbers), max_size=3)
    ),
    max_leaves=6,
)
_objects = st.fixed_dictionaries(
    {},
    optional={
        "boot": st.just(BOOT) | _values,
        "n": st.integers(0, 9) | _values,
        "low": st.integers(0, 9) | _values,
        "rev": st.integers(0, 9) | _values,
        "type": st.sampled_from(["button", "answer", "need", "fault"]) | _values,
        **{member: _values for member in MEMBERS if member not in ("boot", "n", "low", "rev")},
    },
)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Bytes as an attacker who read the contract would send them."""
    said = json.dumps(draw(_objects), ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    match draw(
        st.sampled_from(["whole", "whole", "whole", "cut", "torn", "deep", "twice", "huge"])
    ):
        case "cut":
            return said[: draw(st.integers(0, len(said)))]
        case "torn":
            at = draw(st.integers(0, len(said)))
            return said[:at] + draw(st.binary(max_size=6)) + said[at:]
        case "deep":
            deep = draw(st.sampled_from([50, 2000]))
            return b'{"boot":' + b"[" * deep + said + b"]" * deep + b"}"
        case "twice":  # which of two members counts?
            return said[:-1] + b"," + said[1:] if len(said) > 2 else said + said
        case "huge":
            return said[:-1] + b',"x":' + b"9" * draw(st.sampled_from([400, 5000])) + b"}"
        case _:
            return said
