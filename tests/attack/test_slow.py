"""Somebody on the network holds connections open, or sends more than anybody reads."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine

import httpx
import pytest

from overdoor.door import Door
from overdoor.web.intake import BODY_MOST, Intake
from tests.gateway.api import API, Client, assert_problem
from tests.gateway.house import TIMEOUT_S, House

from .served import served

STREAM = f"{API}/stream"
Say = Callable[[asyncio.StreamWriter], Coroutine[None, None, None]]
HEAD = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> float:
    """As the gateway has it, in a hurry: seconds until a head has to be whole."""
    monkeypatch.setattr(Door, "head_s", 0.3)
    monkeypatch.setattr(Door, "linger_s", 0.3)
    monkeypatch.setattr(Intake, "body_s", 0.5)
    monkeypatch.setattr(Door, "connections_most", 3)
    return 0.3


async def answer_of(client: Client, say: Say) -> bytes:
    """What comes back until the connection is ended there, which has to be soon."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.http.base_url.port)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            saying = asyncio.create_task(say(writer))
            got = b""
            try:
                with contextlib.suppress(ConnectionResetError):  # one way to end it
                    while said := await reader.read(1000):
                        got += said
                return got
            finally:
                saying.cancel()
                await asyncio.gather(saying, return_exceptions=True)
    finally:
        writer.close()


async def nothing(writer: asyncio.StreamWriter) -> None:
    """Opens a connection, and that is all."""


async def drip(writer: asyncio.StreamWriter) -> None:
    """The head of a request, a byte at a time."""
    for byte in HEAD + b"X-Padding: " + b"x" * 1000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def drip_after_a_good_request(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await drip(writer)


async def drip_a_body(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n")
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.02)


async def no_more_of_a_body(writer: asyncio.StreamWriter) -> None:
    """Is answered before the body is whole, and never sends the rest."""
    writer.write(HEAD.replace(b"100", b"200000") + b"Content-Type: text/plain\r\n\r\nx")
    while True:
        await asyncio.sleep(0.02)
        writer.write(b"x")


@pytest.mark.parametrize(
    ("say", "answer"),
    [
        (nothing, b""),
        (drip, b""),
        (drip_after_a_good_request, b"HTTP/1.1 200"),
        (drip_a_body, b"HTTP/1.1 408"),
        (no_more_of_a_body, b"HTTP/1.1 422"),
    ],
)
async def test_who_sends_slowly_is_not_waited_for(
    house: House,
    hasty: float,
    say: Say,
    answer: bytes,
) -> None:
    async with served(house) as client:
        assert (await answer_of(client, say))[: len(answer) or 1] == answer


async def test_who_thinks_between_two_requests_and_who_listens_is_left_alone(
    house: House, hasty: float
) -> None:
    async with served(house) as client:
        http = client.http
        async with http.stream("GET", STREAM) as stream:
            await anext(stream.aiter_lines())
            assert (await http.get("/healthz")).status_code == 200
            await asyncio.sleep(3 * hasty)  # what would end somebody who is slow
            assert (await http.get("/healthz")).status_code == 200
            assert not stream.is_closed


async def test_an_address_holds_only_so_many_connections(
    house: House, hasty: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overdoor.door._is_here", lambda _: False)
    monkeypatch.setattr(Door, "head_s", 60)
    async with served(house) as client, asyncio.timeout(TIMEOUT_S):
        port = client.http.base_url.port
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""  # ended at once
        for _, each in [held[0], (reader, writer)]:
            each.close()
        async with httpx.AsyncClient() as http:  # there is room again
            while True:
                with contextlib.suppress(httpx.TransportError):
                    assert (await http.get(f"http://127.0.0.1:{port}/healthz")).is_success
                    break
        for _, each in held:
            each.close()


async def test_a_body_that_is_said_to_be_too_large_is_not_read(shop: Client) -> None:
    body = {"name": "x" * BODY_MOST, "zone": "women"}
    assert_problem(await shop.post("/duty", **body), 413, "256 KB")


async def test_a_body_that_turns_out_too_large_is_not_kept(shop: Client) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 100 * BODY_MOST:
            taken += 64 * 1024
            yield b"x" * 64 * 1024

    for path, kind in ((f"{API}/duty", "application/json"), ("/sign-in", "multipart/form-data")):
        taken = 0
        headers = {"Content-Type": f"{kind}; boundary=x"}
        answer = await shop.http.post(path, content=endless(), headers=headers)
        assert answer.status_code in (400, 413), (path, answer.status_code)
        assert taken < 100 * BODY_MOST


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "x"])
async def test_a_length_that_is_none_is_refused(shop: Client, length: str) -> None:
    answer = await shop.http.post(f"{API}/duty", content=b"{}", headers={"Content-Length": length})
    assert answer.status_code == 413
