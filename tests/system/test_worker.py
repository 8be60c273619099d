"""The handheld's worker: its page always comes, whatever the network and its successor do."""

from typing import Any

import pytest
from playwright.async_api import expect

from overdoor.resources import folder
from tests.system.conftest import Gateway, Street
from tests.system.test_demo import browser
from tests.system.test_handheld import phone, tunnel_to

# The worker in an empty page, and all that it asks for in the hands of the test: what it listens to
# is in `heard`, what it keeps in `kept`, what waits for a time in `timers`.
STAND_IN = """async () => {
  const SHELL = { version: "2", page: "/shell", files: [] };
  const heard = {}, timers = [];
  const kept = new Set(["overdoor-1", "overdoor-2", "overdoor-3", "others"]);
  const self = {
    registration: { installing: null, waiting: null },
    location: { origin: "http://shop" },
    clients: { claim: async () => {} },
    addEventListener: (name, then) => { heard[name] = then; },
  };
  const caches = { keys: async () => [...kept], delete: async (name) => kept.delete(name) };
  const fetch = async () => new Response("a page");
  const setTimeout = (then) => { timers.push(then); };
  const turn = () => new Promise((resolve) => globalThis.setTimeout(resolve, 0));
  (() => { WORKER })();
  TEST
}"""
STAYS = """
  let answer, over = false;
  heard.fetch({
    request: { method: "GET", mode: "navigate", url: "http://shop/handheld" },
    respondWith: (promise) => { answer = promise; },
    waitUntil: (promise) => { promise.then(() => { over = true; }); },
  });
  const text = await (await answer).text();
  await turn();
  const early = over;
  for (const then of timers) then();
  await turn();
  return [text, early, over];
"""
TAKES_OVER = """
  self.registration.installing = COMES ? {} : null;
  let done;
  heard.activate({ waitUntil: (promise) => { done = promise; } });
  await done;
  return [...kept];
"""


async def standing_in(test: str) -> Any:
    source = (folder("dashboard") / "static" / "worker.js").read_text()
    async with browser() as chromium:
        page = await chromium.new_page()
        return await page.evaluate(STAND_IN.replace("WORKER", source).replace("TEST", test))


@pytest.fixture
async def gateway(street: Street) -> Gateway:
    return await street.gateway()


async def test_a_page_that_stops_in_the_middle_gives_way_to_the_shell(gateway: Gateway) -> None:
    async with browser() as chromium, tunnel_to(gateway) as tunnel:
        mira = await phone(chromium, tunnel.port, "Mira")
        tunnel.stall()
        await mira.reload(wait_until="commit")
        await expect(mira.get_by_text("No connection to the shop")).to_be_visible()


async def test_a_worker_is_not_done_before_its_page_is_there() -> None:
    text, over_when_answered, over_in_the_end = await standing_in(STAYS)
    assert text == "a page"
    assert not over_when_answered
    assert over_in_the_end


@pytest.mark.parametrize(
    ("comes", "left"),
    [
        ("true", ["overdoor-1", "overdoor-2", "overdoor-3", "others"]),
        ("false", ["overdoor-2", "others"]),
    ],
)
async def test_a_worker_keeps_what_the_next_version_has_filled(comes: str, left: list[str]) -> None:
    assert await standing_in(TAKES_OVER.replace("COMES", comes)) == left
