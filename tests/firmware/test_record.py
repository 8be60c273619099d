"""The records of the journal: any bytes are read, and none of them becomes an event."""

import zlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from overdoor_device import record

thorough = settings(max_examples=200)

BOOTS = st.binary(min_size=6, max_size=6).map(bytes.hex)
NUMBERS = st.integers(1, 2**32 - 1)
EVENTS = st.tuples(
    st.just(record.EVENT),
    BOOTS,
    NUMBERS,
    st.none() | st.integers(0, 2**32 - 2),
    st.booleans(),
    st.integers(1, 65535),
    st.text(max_size=10),
    st.dictionaries(st.text(max_size=10), st.text(max_size=10) | st.integers(), max_size=4),
)
RECORDS = st.one_of(
    EVENTS,
    st.tuples(st.just(record.GONE), BOOTS, NUMBERS, NUMBERS),
    st.just((record.REST,)),
    st.just((record.WAKE,)),
)


def written(said: tuple[Any, ...]) -> bytes:
    kind, *rest = said
    function = {
        record.EVENT: record.event,
        record.GONE: record.gone,
        record.REST: record.rest,
        record.WAKE: record.wake,
    }[kind]
    data: bytes = function(*rest)
    return data


def framed(body: bytes) -> bytes:
    """A record as any firmware writes it, whatever it says."""
    rest = len(body).to_bytes(2, "big") + body
    return b"\xa5" + rest + zlib.crc32(rest).to_bytes(4, "big")


def read(data: bytes, piece: int = 256) -> tuple[list[tuple[Any, ...]], int]:
    reader = record.Reader()
    found = []
    for start in range(0, len(data), piece):
        found += reader.feed(data[start : start + piece])
    found += reader.end()
    return found, reader.damaged


@thorough
@given(st.lists(RECORDS, max_size=12), st.integers(1, 300))
def test_what_was_written_is_read_in_whatever_pieces(
    records: list[tuple[Any, ...]], piece: int
) -> None:
    assert read(b"".join(map(written, records)), piece) == (records, 0)


@thorough
@given(st.binary(max_size=2000), st.integers(1, 300))
def test_arbitrary_bytes_are_no_records(data: bytes, piece: int) -> None:
    assert read(data, piece) == ([], len(data))


# Bytes that look like the beginning of a record more often than chance would have it.
LOOKALIKES = st.lists(
    st.one_of(
        st.just(b"\xa5"),
        st.just(b"\xa5\x00"),
        st.builds(lambda n: b"\xa5" + n.to_bytes(2, "big"), st.integers(0, 600)),
        st.builds(lambda said, cut: written(said)[:-cut], RECORDS, st.integers(4, 8)),
        st.binary(max_size=30),
    ),
    max_size=12,
).map(b"".join)


@thorough
@given(LOOKALIKES, st.integers(1, 300))
def test_what_only_looks_like_records_is_none(data: bytes, piece: int) -> None:
    assert read(data, piece) == ([], len(data))


@thorough
@given(st.lists(RECORDS, max_size=8), st.integers(0, 10**6))
def test_a_torn_tail_takes_only_the_last_record_with_it(
    records: list[tuple[Any, ...]], cut: int
) -> None:
    data = b"".join(map(written, records))
    cut %= len(data) + 1
    whole, size = [], 0
    for said in records:
        size += len(written(said))
        if size <= cut:
            whole.append(said)
    found, damaged = read(data[:cut])
    assert found == whole
    assert damaged == cut - sum(len(written(said)) for said in whole)


@thorough
@given(
    st.lists(RECORDS, min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=3),
)
def test_damage_takes_only_the_records_that_it_hits(
    records: list[tuple[Any, ...]], damages: list[tuple[int, int]]
) -> None:
    data = bytearray(b"".join(map(written, records)))
    for place, flip in damages:
        data[place % len(data)] ^= flip
    left, start = [], 0
    for said in records:
        one = written(said)
        if data[start : start + len(one)] == one:
            left.append(said)
        start += len(one)
    assert read(bytes(data))[0] == left


# What a newer firmware may add; see record.py.
NEW_KINDS = st.builds(
    lambda kind, rest: framed(bytes([kind]) + rest),
    st.integers(0, 255).filter(lambda kind: bytes([kind]) not in (b"G", b"S", b"W")),
    st.binary(max_size=511),
)


def longer(said: tuple[Any, ...], more: bytes) -> bytes:
    """A known record with an addition."""
    body = written(said)[3:-4]
    return framed(body[:-1] + b', "more"]' if said[0] == record.EVENT else body + more)


@thorough
@given(
    st.lists(st.tuples(RECORDS, st.none() | st.binary(max_size=30)) | NEW_KINDS, max_size=12),
    st.integers(1, 300),
)
def test_what_a_newer_firmware_adds_takes_nothing_else_with_it(
    journal: list[tuple[tuple[Any, ...], bytes | None] | bytes], piece: int
) -> None:
    data, expected = b"", []
    for each in journal:
        if isinstance(each, bytes):
            data += each
            expected.append((record.OTHER,))
        else:
            said, more = each
            data += written(said) if more is None else longer(said, more)
            expected.append(said)
    assert read(data, piece) == (expected, 0)


def test_what_is_too_long_is_refused() -> None:
    try:
        record.event("0" * 12, 1, None, True, 1, "button", {"note": "x" * 500})
    except ValueError:
        return
    raise AssertionError("it was taken")
