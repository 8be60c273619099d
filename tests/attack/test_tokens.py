"""A program's token that was found by somebody else."""

from typer.testing import CliRunner

from overdoor.cli import app
from overdoor.store import accounts
from overdoor.store.accounts import Role
from tests.gateway.api import Client, assert_problem
from tests.gateway.house import House
from tests.gateway.test_accounts import DAY, with_manager

from .guarded import SHOP


async def test_a_token_that_reads_changes_nothing_and_one_that_ended_does_nothing(
    shop: Client, house: House
) -> None:
    await with_manager(shop)
    now = shop.engine.clock()
    await shop.engine.write(accounts.put_token("screen", "t", Role.READER, now, now + DAY))
    bearer = {"Authorization": "Bearer t"}
    assert (await shop.http.get("/api/v1/rooms", headers=bearer)).status_code == 200
    assert_problem(await shop.post("/rooms/w1/call", "t"), 403)
    assert_problem(await shop.post("/rooms/w1/cancel", "t"), 403)
    assert_problem(await shop.http.get("/api/v1/people", headers=bearer), 403)
    assert shop.engine.committed.calls == {}
    house.clock.now += DAY
    assert_problem(await shop.http.get("/api/v1/rooms", headers=bearer), 401)


def test_a_token_says_what_it_may_and_when_it_ends(house: House) -> None:
    folder = house.folder.parent
    file = folder / "shop.toml"
    file.write_text(SHOP.format(url="embedded", web=8080))

    def token(*words: str) -> str:
        ended = CliRunner().invoke(app, ["token", *words, "--config", str(file)])
        assert ended.exit_code == 0, ended.output
        return ended.output

    secret = token("add", "screen", "--read-only", "--days", "30").strip()
    token("add", "node-red")
    screen, node_red = sorted(token("list").splitlines()[1:], reverse=True)
    assert screen.split()[:2] == ["screen", "read"]
    assert node_red.endswith("never")
    assert not screen.endswith(("never", "ended"))
    assert secret not in screen
