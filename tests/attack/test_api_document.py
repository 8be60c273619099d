"""The API, attacked by its own document: schemathesis makes up what the document allows, and not.

It talks to a real `overdoor run`. A short while here; `make attack` gives it minutes. In a shop
with accounts it makes up so many requests of each route, whatever time they take, and is told which
rooms, calls and people there are: who is refused nothing at an address that is nothing's was not
tried.
"""

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from overdoor.store import FILE, accounts
from overdoor.store.accounts import Role
from tests.system.conftest import Gateway, a_street

SECONDS = int(os.environ.get("OVERDOOR_ATTACK_SECONDS", "12"))
EACH = max(3, SECONDS // 4)  # requests of a route
HOUR_MS = 3_600_000
CHECKS = (
    "not_a_server_error",
    "unsupported_method",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# Of these it would lose its own session, and from then on be refused everywhere.
LEAVING = ("--exclude-path", "/api/v1/session", "--exclude-path", "/api/v1/me")
pytestmark = pytest.mark.timeout(10 * SECONDS + 120)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """One that was not started yet."""
    async with a_street(tmp_path) as street:
        yield await street.gateway(start=False)


async def test_nothing_that_the_document_allows_is_a_fault_of_ours(gateway: Gateway) -> None:
    await gateway.start()
    document = f"{gateway.url}/api/v1/openapi.json"
    await attack(gateway, document, "--max-time", str(SECONDS))


@pytest.mark.parametrize("token", [None, "of-a-reader"])
async def test_who_may_change_nothing_changes_nothing(gateway: Gateway, token: str | None) -> None:
    await with_accounts(gateway)
    before = everything(gateway)
    await attack(gateway, *await told(gateway, token))
    assert everything(gateway) == before


async def test_whatever_a_manager_asks_is_answered_as_the_document_says(gateway: Gateway) -> None:
    await with_accounts(gateway)
    before = everything(gateway)
    await attack(gateway, *await told(gateway, "of-a-manager"), *LEAVING)
    after = everything(gateway)
    changed = {table for table, rows in after.items() if rows != before[table]}
    assert {"event", "call", "annotation", "account"} <= changed, "it was not let in"


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


async def with_accounts(gateway: Gateway) -> None:
    """Starts it: Mira manages, Ana has a link, a program may read, and w1 calls."""
    now = int(time.time() * 1000)
    mira, ana = (
        accounts.new_account(name, role, (), (), now)
        for name, role in (("Mira", Role.MANAGER), ("Ana", Role.ASSOCIATE))
    )
    with accounts.beside(gateway.folder / "data") as db:
        for statements in (
            accounts.put(mira),
            accounts.put(ana),
            accounts.invite(ana.id, "of-ana", now + 10 * HOUR_MS),
            accounts.agree(mira.id, PasswordHasher().hash("a long password"), now),
            accounts.open_session(mira.id, "of-a-manager", now, now + 10 * HOUR_MS),
            accounts.put_token("screen", "of-a-reader", Role.READER, now),
        ):
            accounts.write(db, statements)
    await gateway.start()
    for path, said in (
        ("/rooms/w1/call", {}),
        ("/annotations", {"day": "2026-11-02", "text": "x"}),
    ):
        answer = await gateway.http.post(
            f"/api/v1{path}", json=said, headers=bearer("of-a-manager")
        )
        assert answer.status_code == 201, answer.text


async def told(gateway: Gateway, token: str | None) -> list[str]:
    """Options for so many requests of each route, by whoever has this token and knows all ids."""
    rows = everything(gateway)
    ids = {
        "room_id": ["w1", "w2"],
        "device_id": ["cp-w1", "cp-w2"],
        "call_id": [row[0] for row in rows["call"]],
        "account_id": [row[0] for row in rows["account"] if "Ana" in row],
        "annotation_id": [row[0] for row in rows["annotation"]],
    }
    document = (await gateway.http.get("/api/v1/openapi.json")).json()
    for operation in (one for path in document["paths"].values() for one in path.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in ids:
                parameter["schema"]["enum"] = ids[parameter["name"]]
    file = gateway.folder / "openapi.json"
    file.write_text(json.dumps(document))
    said = [f"--header={key}: {value}" for key, value in bearer(token).items()]
    return [
        str(file),
        "--url",
        gateway.url,
        "--max-examples",
        str(EACH),
        "--phases",
        "fuzzing",
        *said,
    ]


def everything(gateway: Gateway) -> dict[str, list[tuple[object, ...]]]:
    """Each row of each table."""
    with sqlite3.connect(gateway.folder / "data" / FILE) as db:
        tables = [
            name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}


async def attack(gateway: Gateway, *options: str) -> None:
    """Has schemathesis ask. Whatever comes is as the document says."""
    attacking = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")),
        "run",
        *("--exclude-path", "/api/v1/stream"),  # it does not end
        *("--checks", ",".join(CHECKS)),
        *("--request-timeout", "10", "--seed", "1"),
        *("--generation-database", "none", "--no-color", "--warnings", "off"),
        *options,
        cwd=gateway.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(10 * SECONDS + 60):
            said, _ = await attacking.communicate()
    finally:
        if attacking.returncode is None:
            attacking.kill()
            await attacking.wait()
    report = said.decode(errors="replace")
    assert attacking.returncode == 0, report[-6000:]
    assert "No issues found" in report, report[-3000:]
    assert await gateway.ready()
