"""Accounts: joining, signing in, waiting after wrong guesses, roles, and what is forgotten."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from overdoor.core.escalation import SHIFT_MS
from overdoor.store import accounts as rows
from overdoor.store.accounts import Account, Role
from overdoor.web import roles
from overdoor.web.roles import ACCESS, For

from .api import API, Client, assert_problem, serving
from .house import House
from .shop import MINUTE, SECOND
from .test_cli import SHOP, assert_one_sentence, overdoor
from .test_printing import text

PASSWORD = "a long password"
PIN = "4071"
DAY = 86_400_000


async def joined(shop: Client, link: str, secret: str, name: str = "") -> httpx.Response:
    said = {"pin": secret, "again": secret} | ({"name": name} if name else {})
    answer = await shop.http.post(link, data=said)
    shop.http.cookies.clear()
    return answer


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


async def with_manager(shop: Client) -> str:
    """Mira becomes the first manager; her session."""
    link = await shop.app.state.accounts.first_link()
    answer = await joined(shop, f"/join/{link}", PASSWORD, "Mira")
    assert answer.status_code == 303, answer.text
    return cookie_of(answer)


async def with_associate(shop: Client, manager: str, name: str = "Ana", **about: object) -> str:
    """Somebody whom the manager added, and who joined; their session."""
    answer = await shop.post("/people", manager, name=name, **about)
    assert answer.status_code == 201, answer.text
    return cookie_of(await joined(shop, answer.json()["link"], PIN))


async def sign_in(shop: Client, name: str, pin: str) -> httpx.Response:
    answer = await shop.post("/session", name=name, pin=pin)
    shop.http.cookies.clear()
    return answer


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# -- a shop without accounts ---------------------------------------------------------------------


async def test_without_a_manager_anybody_may_sign_on_but_nobody_makes_accounts(
    shop: Client,
) -> None:
    ana = await shop.sign_on("Ana")
    assert_problem(await shop.post("/people", ana, name="Eve"), 403, "no manager yet")
    assert (await shop.http.post("/people", data={"name": "Eve"})).status_code == 403
    assert "works without accounts" in (await shop.http.get("/people")).text
    assert (await shop.http.get("/")).status_code == 200


async def test_a_gateway_offers_the_first_link_until_there_is_a_manager(shop: Client) -> None:
    accounts = shop.app.state.accounts
    earlier = await accounts.first_link()
    await with_manager(shop)
    assert await accounts.first_link() is None
    assert (await joined(shop, f"/join/{earlier}", PASSWORD, "Eve")).status_code == 410


async def test_from_then_on_signing_on_takes_a_pin_and_knows_the_skills(shop: Client) -> None:
    manager = await with_manager(shop)
    assert_problem(await shop.post("/duty", name="Eve", zone="women"), 401)
    await with_associate(shop, manager, languages=["bg"], departments=["shoes"])
    shift = await shop.post("/duty", name="ana", pin=PIN, zone="women")
    assert shift.status_code == 200
    assert (shift.json()["name"], shift.json()["skills"]) == ("Ana", ["bg", "shoes"])
    assert (await shop.get("/duty")).json()["zone"] == "women"


async def test_who_is_signed_in_begins_a_shift_with_a_zone_alone(shop: Client) -> None:
    ana = await with_associate(shop, await with_manager(shop))
    begun = await shop.post("/duty", ana, zone="men")
    assert (begun.json()["name"], begun.json()["token"]) == ("Ana", ana)
    shop.http.cookies.clear()
    call = await raised(shop, ana)
    assert (await shop.post(f"{call}/acknowledge", ana)).status_code == 200


async def raised(shop: Client, token: str, **body: object) -> str:
    answer = await shop.post("/rooms/w1/call", token, **body)
    assert answer.status_code == 201, answer.text
    return f"/calls/{answer.json()['id']}"


async def test_a_shift_from_before_goes_on_to_its_end(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    await with_manager(shop)
    assert (await shop.post(f"{call}/acknowledge", ana)).status_code == 200
    assert (await shop.http.delete(f"{API}/duty", headers=as_(ana))).status_code == 204
    assert_problem(await shop.get("/rooms"), 401)


async def test_signing_off_signs_out_too(shop: Client) -> None:
    ana = await with_associate(shop, await with_manager(shop))
    await shop.post("/duty", ana, zone="women")
    shop.http.cookies.clear()
    await shop.http.delete(f"{API}/duty", headers=as_(ana))
    assert_problem(await shop.post("/duty", ana, zone="women"), 401)


async def test_accounts_and_sessions_outlive_a_restart(house: House) -> None:
    async with serving(house) as shop:
        ana = await with_associate(shop, await with_manager(shop))
    async with serving(house) as shop:
        assert (await shop.http.get(f"{API}/rooms", headers=as_(ana))).status_code == 200
        assert (await sign_in(shop, "Ana", PIN)).status_code == 200


async def test_a_session_ends_by_itself(shop: Client, house: House) -> None:
    ana = await with_associate(shop, await with_manager(shop))
    house.clock.now += SHIFT_MS
    assert_problem(await shop.http.get(f"{API}/rooms", headers=as_(ana)), 401)


# -- links ---------------------------------------------------------------------------------------


async def test_a_link_works_once_and_looking_at_it_uses_nothing_up(shop: Client) -> None:
    manager = await with_manager(shop)
    link = (await shop.post("/people", manager, name="Ana")).json()["link"]
    for _ in range(2):
        assert "Hello, Ana" in (await shop.http.get(link)).text
    assert (await joined(shop, link, PIN)).status_code == 303
    stolen = await joined(shop, link, "9999x")
    assert stolen.status_code == 410
    assert "does not work any more" in stolen.text
    assert (await sign_in(shop, "Ana", PIN)).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(7 * DAY - 1, 303), (7 * DAY, 410)])
async def test_a_link_ends_after_a_week(shop: Client, house: House, age: int, status: int) -> None:
    link = (await shop.post("/people", await with_manager(shop), name="Ana")).json()["link"]
    house.clock.now += age
    assert (await joined(shop, link, PIN)).status_code == status


async def test_a_new_card_voids_the_old_and_signs_a_thief_out(shop: Client) -> None:
    manager = await with_manager(shop)
    ana = (await shop.post("/people", manager, name="Ana")).json()
    thief = cookie_of(await joined(shop, ana["link"], "666x6"))
    await shop.post("/duty", thief, zone="women")
    shop.http.cookies.clear()
    older = (await shop.post(f"/people/{ana['id']}/link", manager)).json()["link"]
    newer = (await shop.post(f"/people/{ana['id']}/link", manager)).json()["link"]
    assert (await joined(shop, older, PIN)).status_code == 410
    assert (await joined(shop, newer, PIN)).status_code == 303
    assert_problem(await shop.http.get(f"{API}/rooms", headers=as_(thief)), 401)
    assert_problem(await sign_in(shop, "Ana", "666x6"), 401)


@pytest.mark.parametrize("pin", ["123", "0000", "1234", "8765"])
async def test_a_pin_that_everybody_tries_is_not_taken(shop: Client, pin: str) -> None:
    link = (await shop.post("/people", await with_manager(shop), name="Ana")).json()["link"]
    assert (await joined(shop, link, pin)).status_code == 422
    assert (await joined(shop, link, PIN)).status_code == 303


async def test_two_people_cannot_have_one_name(shop: Client) -> None:
    manager = await with_manager(shop)
    assert (await shop.post("/people", manager, name="Ana")).status_code == 201
    assert_problem(await shop.post("/people", manager, name=" ANA "), 409, "take another")


# -- guessing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ana", "Nobody"])
async def test_who_guesses_waits_longer_and_longer_and_learns_nothing(
    shop: Client, house: House, name: str
) -> None:
    await with_associate(shop, await with_manager(shop))
    for _ in range(5):
        assert_problem(await sign_in(shop, name, "wrong"), 401, "name or the PIN")
    waits = []
    for _ in range(7):
        refused = await sign_in(shop, name, PIN)  # right or not, it is not looked at
        assert_problem(refused, 429, "Wait")
        waits.append(int(refused.headers["retry-after"]))
        house.clock.now += waits[-1] * SECOND - 1
        assert_problem(await sign_in(shop, name, PIN), 429)
        house.clock.now += 1
        assert_problem(await sign_in(shop, name, "wrong"), 401)
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    house.clock.now += 15 * MINUTE
    assert (await sign_in(shop, name, PIN)).status_code == (200 if name == "Ana" else 401)


async def test_being_guessed_at_signs_nobody_out_and_a_new_card_ends_the_wait(
    shop: Client,
) -> None:
    manager = await with_manager(shop)
    ana = await with_associate(shop, manager)
    for _ in range(6):
        await sign_in(shop, "Ana", "wrong")
    assert (await shop.http.get(f"{API}/rooms", headers=as_(ana))).status_code == 200
    (who,) = [p for p in (await people(shop, manager)) if p["name"] == "Ana"]
    link = (await shop.post(f"/people/{who['id']}/link", manager)).json()["link"]
    await joined(shop, link, "77x7")
    assert (await sign_in(shop, "Ana", "77x7")).status_code == 200


async def people(shop: Client, manager: str) -> list[dict[str, str]]:
    answer = await shop.http.get(f"{API}/people", headers=as_(manager))
    found: list[dict[str, str]] = answer.json()["people"]
    return found


async def test_an_address_that_tries_many_names_waits_too(shop: Client) -> None:
    await with_manager(shop)
    for number in range(50):
        assert_problem(await sign_in(shop, f"Name {number}", "wrong"), 401)
    assert_problem(await sign_in(shop, "Mira", PASSWORD), 429)


async def test_many_guesses_at_once_are_no_more_than_five(shop: Client) -> None:
    await with_associate(shop, await with_manager(shop))
    answers = await asyncio.gather(*(sign_in(shop, "Ana", "wrong") for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


# -- cookies and other sites -----------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_for_us_alone_and_behind_tls_never_in_the_clear(
    shop: Client, scheme: str
) -> None:
    await with_associate(shop, await with_manager(shop))
    shop.http.base_url = httpx.URL(f"{scheme}://127.0.0.1")
    cookies = []
    for path, said in (
        (f"{API}/session", {"json": {"name": "Ana", "pin": PIN}}),
        (f"{API}/duty", {"json": {"name": "Ana", "pin": PIN, "zone": "women"}}),
        ("/sign-in", {"data": {"name": "Ana", "pin": PIN}}),
        ("/handheld/sign-on", {"data": {"name": "Ana", "pin": PIN, "zone": "women"}}),
    ):
        answer = await shop.http.post(path, **said)  # type: ignore[arg-type]
        cookies.append(answer.headers["set-cookie"].lower())
    assert all("httponly" in cookie and "samesite=strict" in cookie for cookie in cookies)
    assert all(("secure" in cookie) is (scheme == "https") for cookie in cookies)


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}])
async def test_another_sites_page_cannot_add_a_manager(
    shop: Client, headers: dict[str, str]
) -> None:
    manager = await with_manager(shop)
    cookies = {"Cookie": f"overdoor_session={manager}"}
    said = {"name": "Eve", "role": "manager"}
    assert_problem(await shop.http.post("/people", data=said, headers=cookies | headers), 403)
    own = {"Origin": "http://127.0.0.1"}
    assert (await shop.http.post("/people", data=said, headers=cookies | own)).status_code == 303
    assert [person["name"] for person in await people(shop, manager)] == ["Eve", "Mira"]


@pytest.mark.parametrize(
    "next_", ["//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example"]
)
async def test_signing_in_leads_nowhere_else(shop: Client, next_: str) -> None:
    await with_manager(shop)
    said = {"name": "Mira", "pin": PASSWORD, "next": next_}
    assert (await shop.http.post("/sign-in", data=said)).headers["location"] == "/"


# -- roles ---------------------------------------------------------------------------------------


def every_route(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield from ((method, route.path) for method in sorted(route.methods))
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from every_route(inner.routes)
        elif isinstance(route, Route):  # FastAPI's own, without our dependency: say which
            assert route.path == f"{API}/openapi.json", f"{route.path}: who may use it?"
        else:
            assert isinstance(route, Mount)
            assert route.path.startswith("/static"), f"{route.path}: who may use it?"


async def test_every_route_has_a_decision_and_every_decision_a_route(shop: Client) -> None:
    found = {f"{method} {path}" for method, path in every_route(shop.app.routes)}
    undecided, stale = found - ACCESS.keys(), ACCESS.keys() - found
    assert not undecided, f"who may use these? Say so in web/roles.py: {sorted(undecided)}"
    assert not stale, f"there are no such routes: {sorted(stale)}"


ROLES = [None, Role.READER, Role.INTEGRATION, Role.ASSOCIATE, Role.MANAGER]


@pytest.mark.parametrize("role", ROLES)
async def test_each_route_lets_in_who_may_and_nobody_else(shop: Client, role: Role | None) -> None:
    await with_manager(shop)
    shop.app.state.hub.close()  # so that the stream ends
    for number, (method, path) in enumerate(sorted(every_route(shop.app.routes))):
        needed = ACCESS[f"{method} {path}"]
        url = path.format(**dict.fromkeys(["room_id", "call_id", "device_id"], "w1"), **FILL)
        token = await a_token(shop, role, number)
        answer = await shop.http.request(method, url, headers=as_(token) if token else {})
        shop.http.cookies.clear()
        refused = (
            answer.headers.get("location", "").startswith("/sign-in?next=")
            or ("is for" in answer.text and answer.status_code == 403)
            or (answer.status_code == 401 and answer.json()["detail"] == "Sign in first.")
        )
        may = needed is For.ANYBODY or (role is not None and roles.may(role, needed, method))
        if url != "/people":  # it asks for a manager by itself
            assert refused is not may, (method, path, role, answer.status_code, answer.text[:200])


FILL = {
    "verb": "acknowledge",
    "token": "x",
    "account_id": "x",
    "annotation_id": "x",
    "language": "en",
    "kind": "csv",
}


async def a_token(shop: Client, role: Role | None, number: int) -> str:
    """Of somebody new with this role: what the route does to them shall not matter."""
    if role is None:
        return ""
    engine, token, now = shop.engine, rows.new_token(), shop.engine.clock()
    if role in (Role.INTEGRATION, Role.READER):
        await engine.write(rows.put_token(f"program-{number}", token, role, now))
    else:
        account = Account(f"id-{number}", f"Name {number}", role, (), (), "x", now, now)
        opening = rows.open_session(account.id, token, now, now + MINUTE)
        await engine.write([*rows.put(account), *opening])
    return token


async def test_a_mystery_call_is_the_managers(shop: Client) -> None:
    manager = await with_manager(shop)
    ana = await with_associate(shop, manager)
    assert_problem(await shop.post("/rooms/w1/call", ana, mystery=True), 403, "manager")
    # Past the door: the shop's own rule refuses, as its devices are not there.
    assert_problem(await shop.post("/rooms/w1/call", manager, mystery=True), 409, "not online")


async def test_a_page_shows_the_way_to_the_sign_in_and_back(shop: Client) -> None:
    await with_manager(shop)
    sent = await shop.http.get("/calls/01h")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=/calls/01h")
    said = {"name": "Mira", "pin": PASSWORD, "next": "/calls/01h"}
    assert (await shop.http.post("/sign-in", data=said)).headers["location"] == "/calls/01h"


# -- theirs first --------------------------------------------------------------------------------


async def test_signing_out_everywhere_ends_every_session_and_the_shift(shop: Client) -> None:
    manager = await with_manager(shop)
    ana = await with_associate(shop, manager)
    phone = (await shop.post("/duty", name="Ana", pin=PIN, zone="women")).json()["token"]
    shop.http.cookies.clear()
    assert (await shop.http.post("/me/sign-out-everywhere", headers=as_(ana))).status_code == 303
    for token in (ana, phone):
        assert_problem(await shop.http.get(f"{API}/rooms", headers=as_(token)), 401)
    assert not shop.engine.committed.duties
    assert not shop.engine.people
    assert (await shop.http.get(f"{API}/rooms", headers=as_(manager))).status_code == 200


async def test_what_is_held_about_me_is_shown_and_deleted(shop: Client) -> None:
    ana = await with_associate(shop, await with_manager(shop), languages=["bg"])
    await shop.post("/duty", ana, zone="women")
    shop.http.cookies.clear()
    held = (await shop.http.get(f"{API}/me", headers=as_(ana))).json()
    assert (held["account"]["name"], held["account"]["languages"]) == ("Ana", ["bg"])
    assert (held["shift"]["zone"], len(held["sessions"])) == ("women", 1)
    assert "bg" in (await shop.http.get("/me", headers=as_(ana))).text
    assert (await shop.http.post("/me/delete", headers=as_(ana))).status_code == 303
    assert_problem(await shop.http.get(f"{API}/me", headers=as_(ana)), 401)
    assert not shop.engine.committed.duties
    dump = "\n".join(shop.engine.store.reader().iterdump())
    assert "Mira" in dump
    assert "Ana" not in dump


async def test_without_accounts_too_the_shift_is_shown_and_deleted(shop: Client) -> None:
    ana = await shop.sign_on("Ana")
    held = (await shop.http.get(f"{API}/me", headers=as_(ana))).json()
    assert (held["account"], held["shift"]["name"]) == (None, "Ana")
    assert (await shop.http.delete(f"{API}/me", headers=as_(ana))).status_code == 204
    assert "Ana" not in "\n".join(shop.engine.store.reader().iterdump())


async def test_the_only_manager_stays_until_there_is_another(shop: Client) -> None:
    manager = await with_manager(shop)
    assert_problem(await shop.http.delete(f"{API}/me", headers=as_(manager)), 409, "only manager")
    link = (await shop.post("/people", manager, name="Zoe", role="manager")).json()["link"]
    assert_problem(await shop.http.delete(f"{API}/me", headers=as_(manager)), 409)
    await joined(shop, link, PASSWORD)
    assert (await shop.http.delete(f"{API}/me", headers=as_(manager))).status_code == 204


async def test_whatever_opens_a_door_is_stored_as_a_hash_only(shop: Client) -> None:
    manager = await with_manager(shop)
    answer = await shop.post("/people", manager, name="Ana")
    dump = "\n".join(shop.engine.store.reader().iterdump())
    for secret in (manager, PASSWORD, answer.json()["link"].rpartition("/")[2]):
        assert secret not in dump
    assert "$argon2id$" in dump


async def test_a_card_shows_the_link_and_warns_where_no_phone_gets(shop: Client) -> None:
    manager = await with_manager(shop)
    ana = (await shop.post("/people", manager, name="Ana")).json()["id"]
    card = (await shop.http.post(f"/people/{ana}/card", headers=as_(manager))).text
    link = card[card.index("http://127.0.0.1/join/") :].partition("<")[0]
    assert "No phone reaches this address" in card
    assert "<svg" in card
    assert (await joined(shop, link, PIN)).status_code == 303


async def test_the_card_is_printed_with_the_link_that_was_just_shown_and_no_other(
    shop: Client,
) -> None:
    manager = await with_manager(shop)
    links = {}
    for name in ("Ana", "Boris"):
        person = (await shop.post("/people", manager, name=name)).json()
        links[person["id"]] = person["link"].rpartition("/")[2]
    (ana, hers), (_, his) = links.items()

    async def printed(token: str) -> httpx.Response:
        path, form = f"/people/{ana}/card.pdf", {"token": token}
        return await shop.http.post(path, data=form, headers=as_(manager))

    card = await printed(hers)
    assert card.headers["content-type"] == "application/pdf"
    assert "Ana" in text(card.content)
    assert (await printed(his)).status_code == 409
    assert (await printed("x" * 22)).status_code == 410
    assert (await joined(shop, f"/join/{hers}", PIN)).status_code == 303  # printing used nothing up


# -- from the gateway's machine --------------------------------------------------------------------


def a_shop_file(house: House, port: int = 1) -> str:
    file = house.folder.parent / "shop.toml"
    file.write_text(SHOP.format(web=port, broker=1))
    return str(file)


async def test_the_command_adds_people_beside_a_running_gateway(house: House) -> None:
    config = a_shop_file(house)
    async with serving(house) as shop:

        async def run(*words: str) -> str:
            ended = await asyncio.to_thread(overdoor, *words, "-c", config)
            assert ended.returncode == 0, ended.stderr
            return ended.stdout

        def link_in(said: str) -> str:
            return said[said.index("/join/") :].split(maxsplit=1)[0]

        house.clock.now = time.time_ns() // 1_000_000  # that of the command
        first = link_in(await run("associate", "link", "--first"))
        assert (await joined(shop, first, PASSWORD, "Mira")).status_code == 303
        said = await run("associate", "add", "Ana", "--language", "bg")
        assert (await joined(shop, link_in(said), PIN)).status_code == 303
        assert "bg" in await run("associate", "list")

        token = (await run("token", "add", "grafana")).strip()
        assert (await shop.http.get(f"{API}/rooms", headers=as_(token))).status_code == 200
        assert_problem(await shop.post("/rooms/w1/service", token, service="out"), 403)
        await run("token", "remove", "grafana")
        assert_problem(await shop.http.get(f"{API}/rooms", headers=as_(token)), 401)

        twice = await asyncio.to_thread(overdoor, "associate", "add", "ana", "-c", config)
        assert_one_sentence(twice, "already")
        assert "anybody may sign on" in await run("associate", "remove", "Mira")
        assert (await shop.get("/rooms")).status_code == 200
