"""What left for the push service, in a real browser's worker: one notification, and a receipt."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from playwright.async_api import CDPSession, Page, async_playwright

from overdoor.config import ShopPart
from overdoor.core.inputs import Answer, Verb
from overdoor.notify.push import Push
from overdoor.reach import Rung, Told
from overdoor.resources import folder
from overdoor.web import create_app
from tests.conftest import tool

from .house import TIMEOUT_S, House
from .listeners import Browser, PushService
from .test_ladder import Hand, a_ladder, comes, push, service

__all__ = ["push", "service"]

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
NOTIFICATIONS = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/handheld");
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, tag, silent }) => ({ title, body, tag, silent }));
}"""

TAP = """async (call) => {
  const notification = { close() {}, data: { call } };
  const opened = tapped({ notification, action: "acknowledge" });
  await opened.catch(() => {}); // no window without a finger
}"""


@asynccontextmanager
async def serving(hand: Hand) -> AsyncIterator[str]:
    """The pages of this shop; its address."""
    app = create_app(
        hand.engine,
        ShopPart(id="demo", name="Demo Shop"),
        folder("dashboard"),
        reach=hand.reach,
    )
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.state.hub.close()
        server.should_exit = True
        await running


async def registration_of(page: Page) -> tuple[CDPSession, str]:
    """A DevTools session, and the id of the page's worker registration once it is active."""
    session = await page.context.new_cdp_session(page)
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def updated(said: Any) -> None:
        for version in said["versions"]:
            if version["status"] == "activated" and not found.done():
                found.set_result(version["registrationId"])

    session.on("ServiceWorker.workerVersionUpdated", updated)
    await session.send("ServiceWorker.enable")
    await page.evaluate('() => navigator.serviceWorker.register("/sw.js", { scope: "/handheld" })')
    return session, await asyncio.wait_for(found, TIMEOUT_S)


async def test_a_push_shows_one_notification_and_gives_a_receipt(
    house: House, push: Push, service: PushService
) -> None:
    browser = Browser()
    async with (
        a_ladder(house, push) as hand,
        serving(hand) as url,
        async_playwright() as playwright,
    ):
        hand.reach.push_key, hand.reach.push_hosts = push.key, ("127.0.0.1",)
        chromium = await playwright.chromium.launch(executable_path=tool("chromium"), args=CHROMIUM)
        context = await chromium.new_context(permissions=["notifications"])
        page = await context.new_page()
        await page.goto(f"{url}/calls/none")  # of the same origin, and no page that shows calls
        posted = await context.request.post(
            f"{url}/api/v1/duty", data={"name": "Ana", "zone": "women"}
        )
        ana = (await posted.json())["duty"]
        said = await context.request.post(
            f"{url}/api/v1/duty/push", data=browser.subscription(f"{service.url}/push/1")
        )
        assert said.status == 204, await said.text()
        session, registration = await registration_of(page)

        async def deliver() -> dict[str, Any]:
            payload = browser.decrypt((await comes(service)).body).decode()
            message = {"origin": url, "registrationId": registration, "data": payload}
            await session.send("ServiceWorker.deliverPushMessage", message)
            note: dict[str, Any] = json.loads(payload)["notification"]
            return note

        call = await hand.press()
        note = await deliver()
        await hand.noted(ana, Rung.PUSH, Told.SHOWN)
        first = {"title": "Women 1", "body": note["body"], "tag": call, "silent": False}
        assert await page.evaluate(NOTIFICATIONS) == [first]
        states = ["queued", "sent", "received", "chimed", "shown"]
        assert sorted(hand.states(ana, Rung.PUSH)) == sorted(states)

        # Somebody else goes: the same notification says so, without a sound.
        boris = await hand.on_duty("Boris")
        await hand.engine.do(Answer(call, Verb.ACKNOWLEDGE, boris))
        await deliver()
        async with asyncio.timeout(TIMEOUT_S):
            (second,) = await page.evaluate(NOTIFICATIONS)
            while second["body"] != "Boris has it":
                await asyncio.sleep(0.02)
                (second,) = await page.evaluate(NOTIFICATIONS)
        assert second["silent"] is True
        assert [row.state for row in hand.rows].count(Told.CHIMED) == 1
        await chromium.close()


async def test_a_tap_on_a_notification_goes_for_a_call_also_the_second_time(
    house: House, push: Push
) -> None:
    async with (
        a_ladder(house, push) as hand,
        serving(hand) as url,
        async_playwright() as playwright,
    ):
        chromium = await playwright.chromium.launch(executable_path=tool("chromium"), args=CHROMIUM)
        context = await chromium.new_context()
        page = await context.new_page()
        await page.goto(f"{url}/calls/none")
        posted = await context.request.post(
            f"{url}/api/v1/duty", data={"name": "Ana", "zone": "women"}
        )
        ana = (await posted.json())["duty"]
        await registration_of(page)
        (worker,) = context.service_workers
        call = await hand.press()
        for _ in range(2):
            async with asyncio.timeout(TIMEOUT_S):
                await worker.evaluate(TAP, call)
            assert hand.engine.committed.calls["w1"].by == ana
            await hand.engine.do(Answer(call, Verb.UNDO, ana))
            assert hand.engine.committed.calls["w1"].by is None
        await chromium.close()
