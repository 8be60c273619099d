"""Who is asked again, who is not, and what is kept of them."""

import threading
from pathlib import Path

from overdoor.core.escalation import RETRY_MS, SHIFT_MS
from overdoor.core.inputs import DutyEnded, DutyPaused, DutyStarted, Verb
from overdoor.core.model import Step

from .api import Client
from .house import House
from .shop import SECOND, Floor, a_plan


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_who_comes_back_from_a_break_is_paged_for_what_waits() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    floor.say(Verb.ACKNOWLEDGE)
    floor.do(DutyPaused("ana"))
    assert floor.paged() == [()]
    floor.sign_on("ana")
    assert floor.paged() == [("ana",)]


def test_who_declined_alone_is_asked_again_later_and_not_at_once() -> None:
    floor = Floor(a_plan(steps=(Step(0, "nearest"), Step(20 * SECOND, "zone"))))
    floor.sign_on("ana")
    floor.press()
    floor.say(Verb.DECLINE)
    assert floor.paged() == [()]
    floor.wait(RETRY_MS)
    assert floor.paged() == [("ana",)]


def test_only_who_has_a_call_can_hand_it_off() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.sign_on("bob")
    floor.press()
    floor.say(Verb.ACKNOWLEDGE, "ana")
    assert not floor.say(Verb.HAND_OFF, "bob")
    assert floor.say(Verb.HAND_OFF, "ana")
    assert floor.paged() == [("bob",)]


def test_an_undo_cannot_claim_to_be_older_than_what_it_undoes() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press()
    floor.say(Verb.ACKNOWLEDGE)
    floor.wait(6 * SECOND)
    assert not floor.say(Verb.UNDO, age_ms=3600 * SECOND)


def test_a_shift_that_nobody_ends_ends_by_itself() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.wait(SHIFT_MS - 1)
    assert "ana" in floor.shop.duties
    floor.wait(1)
    assert floor.shop.duties == {}


async def test_a_name_is_gone_from_the_file_when_the_shift_ends(house: House) -> None:
    async with house.open() as engine:
        also = (("INSERT INTO person VALUES (?, ?, ?, NULL)", ("ana", "Wilhelmine", "hash")),)
        await engine.do(DutyStarted("ana", "women"), also=also)
        assert engine.name_of("ana") == "Wilhelmine"
        await engine.do(DutyEnded("ana"))
        assert engine.people == {}
    files = [path.read_bytes() for path in house.folder.iterdir() if path.is_file()]
    assert not any(b"Wilhelmine" in content for content in files)


async def test_readers_end_with_their_threads(shop: Client) -> None:
    def read() -> None:
        shop.engine.store.calls()

    def burst() -> int:
        threads = [threading.Thread(target=read) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return open_files()

    first = burst()
    assert burst() < first + 20  # one connection is two files; that were forty more
