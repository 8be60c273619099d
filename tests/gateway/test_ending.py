"""A gateway that is asked to end, ends."""

import asyncio
from contextlib import suppress

import pytest

from overdoor import serve

from .test_cli import LIMIT_S


async def test_work_whose_cancellation_was_swallowed_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve, "CANCEL_AGAIN_S", 0.01)
    swallowed = asyncio.Event()

    async def connecting() -> None:
        with suppress(asyncio.CancelledError):  # as wait_for does, in a rare moment
            await asyncio.Event().wait()
        swallowed.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(LIMIT_S), serve._Tasks() as tasks:
        tasks.start(connecting())
        await asyncio.sleep(0)
    assert swallowed.is_set()


async def test_a_fault_beside_the_calls_is_in_the_log_and_ends_no_gateway(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "CHORE_AGAIN_S", 0.01)
    begun = asyncio.Semaphore(0)

    async def chore() -> None:
        begun.release()
        raise RuntimeError("a fault of ours")

    async with asyncio.timeout(LIMIT_S), serve._Tasks() as tasks:
        tasks.start(serve._for_ever(chore))
        for _ in range(2):
            await begun.acquire()
    assert "RuntimeError: a fault of ours" in capsys.readouterr().out
