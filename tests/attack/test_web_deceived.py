"""Whoever can open the pages: SQL in every filter, paths that lead out, answers that tell."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.routing import APIRoute

from tests.gateway.api import API, Client

EVIL = (
    "' OR '1'='1",
    "w1' UNION SELECT name, secret FROM account --",
    '"; DROP TABLE event; --',
    "%' ESCAPE '%",
    "\x00w1",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 300,
    "../../../etc/passwd",
    "-1",
    "1e999",
)
TELLS = re.compile(r"sqlite|syntax error|Traceback|OperationalError|no such (table|column)")
QUIET = ("/api/v1/stream",)  # it does not end


def filters(routes: Any) -> Iterator[tuple[str, str, str]]:
    """`(path, name, where)` of whatever a GET route takes from who asks."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from filters(inner.routes)
        elif isinstance(route, APIRoute) and "GET" in route.methods and route.path not in QUIET:
            dependants = [route.dependant]
            while dependants:
                one = dependants.pop()
                dependants += one.dependencies
                yield from ((route.path, field.alias, "query") for field in one.query_params)
                yield from ((route.path, field.alias, "path") for field in one.path_params)


async def test_no_filter_speaks_sql(shop: Client) -> None:
    await shop.raised()
    events = shop.engine.store.last_seq()
    found = sorted(set(filters(shop.app.routes)))
    assert len(found) > 30, "the walk over the routes finds nothing any more"
    for path, name, where in found:
        for evil in EVIL:
            fill = dict.fromkeys(re.findall(r"{(\w+)}", path), "w1")
            if where == "path":
                fill[name] = evil
            url = path
            for key, value in fill.items():
                url = url.replace(f"{{{key}}}", _quoted(value))
            answer = await shop.http.get(url, params={name: evil} if where == "query" else None)
            said = (path, name, evil[:30], answer.status_code)
            assert answer.status_code < 500, said
            assert not TELLS.search(answer.text), said
    assert shop.engine.store.last_seq() == events
    assert (await shop.get("/calls")).json()["calls"]


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


@pytest.mark.parametrize("name", ["zone", "state"])
async def test_a_filter_finds_nothing_else_for_it(shop: Client, name: str) -> None:
    await shop.raised()
    answer = await shop.get("/calls", **{name: "nowhere' OR '1'='1"})
    assert answer.status_code == 422 or answer.json()["calls"] == []


SECRETS = ("[build-system]", "root:x:0", "SQLite format 3", "BEGIN PRIVATE KEY", "def create_app")
WAYS_OUT = (
    "../../pyproject.toml",
    "../templates/base.html",
    "..%2f..%2fpyproject.toml",
    "%2e%2e/%2e%2e/pyproject.toml",
    "..\\..\\pyproject.toml",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "....//....//pyproject.toml",
    "../../gateway/overdoor/web/app.py",
    "x%00.css",
)


async def test_no_path_leads_out_of_the_folder(shop: Client) -> None:
    assets = shop.app.state.assets.base
    assert (await raw(shop, "/static/overdoor.css"))[0] == 200
    for base in ("/static/", f"{assets}/", "/manifest/", "/t/", "/"):
        for way in WAYS_OUT:
            status, body = await raw(shop, f"{base}{way}")
            assert status in (303, 404, 405, 421, 422), (base, way, status)
            assert not any(secret in body for secret in SECRETS), (base, way)


async def raw(shop: Client, path: str) -> tuple[int, str]:
    """An answer to a path exactly as it is given: clients tidy theirs up."""
    said: list[Any] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("shop", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await shop.app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in said[1:])
    return said[0]["status"], body.decode(errors="replace")


async def test_every_answer_says_what_a_browser_may_do_with_it(shop: Client) -> None:
    for path in ("/", "/handheld", f"{API}/rooms", "/nowhere", "/static/nowhere"):
        headers = (await shop.http.get(path)).headers
        policy = headers["content-security-policy"]
        for rule in ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "object-src"):
            assert rule in policy, path
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "geolocation=()" in headers["permissions-policy"]
        assert "cross-origin-opener-policy" not in headers  # browsers want TLS for it
    safe = (await shop.http.get("https://127.0.0.1/")).headers
    assert safe["cross-origin-opener-policy"] == "same-origin"
    assert (await shop.get("/rooms")).headers["cache-control"] == "no-store"
