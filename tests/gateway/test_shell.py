"""What a phone keeps: files under an address that names their content, and its worker."""

import json
import shutil
from pathlib import Path
from typing import Any

from overdoor.resources import folder
from overdoor.web.shell import Assets

from .api import assert_problem, serving
from .house import House


def _kept(answer: Any) -> dict[str, Any]:
    """What the worker says that it keeps."""
    shell: dict[str, Any] = json.loads(
        answer.text.partition("const SHELL = ")[2].partition(";\n")[0]
    )
    return shell


async def test_the_worker_covers_the_handheld_and_is_asked_for_each_time(house: House) -> None:
    async with serving(house) as client:
        answer = await client.http.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["service-worker-allowed"] == "/handheld"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


async def test_everything_the_shell_needs_is_there(house: House) -> None:
    async with serving(house) as client:
        kept = _kept(await client.http.get("/sw.js"))
        page = (await client.http.get(kept["page"])).text
        for file in kept["files"]:
            assert (await client.http.get(file)).status_code == 200, file
        static = folder("dashboard") / "static"
        names = {file.rpartition("/")[2] for file in kept["files"]}
        for name in names:
            if not name.endswith(".js"):
                continue
            for other in static.glob("*.js"):
                if f'"./{other.name}"' in (static / name).read_text():
                    assert other.name in names, f"{name} needs {other.name}"
        for file in kept["files"]:
            if file.endswith(".css"):
                assert file in page


async def test_the_shell_shows_no_call_no_name_and_no_time(house: House) -> None:
    async with serving(house) as client:
        token = await client.sign_on("Mira")
        await client.raised("w1")
        asked = {"Authorization": f"Bearer {token}"}
        page = (await client.http.get("/handheld/shell", headers=asked)).text
    assert "No connection to the shop" in page
    assert "Mira" not in page
    assert "data-call=" not in page
    assert "data-now" not in page


async def test_the_worker_changes_with_what_the_shell_says_and_only_then(house: House) -> None:
    async with serving(house) as client:
        first = (await client.http.get("/sw.js")).text
        await client.raised("w1")
        house.clock.now += 1000
        assert (await client.http.get("/sw.js")).text == first
        client.app.state.shop_name = "Another name"
        assert (await client.http.get("/sw.js")).text != first


async def test_a_file_at_its_build_may_be_kept_and_at_another_is_not_there(house: House) -> None:
    async with serving(house) as client:
        base = client.app.state.assets.base
        answer = await client.http.get(f"{base}/overdoor.css")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "immutable" not in (await client.http.get("/static/overdoor.css")).headers.get(
            "cache-control", ""
        )
        assert (await client.http.get("/static/0123456789abcdef/overdoor.css")).status_code == 404


def test_the_build_follows_every_file(tmp_path: Path) -> None:
    static = tmp_path / "static"
    shutil.copytree(folder("dashboard") / "static", static)
    first = Assets(static).build
    assert Assets(static).build == first
    (static / "time.js").write_text((static / "time.js").read_text() + "\n")
    second = Assets(static).build
    (static / "new.js").write_text("")
    assert len({first, second, Assets(static).build}) == 3


async def test_an_answer_of_another_shift_is_refused(house: House) -> None:
    async with serving(house) as client:
        mira = await client.sign_on("Mira")
        ana = await client.sign_on("Ana")
        call = await client.raised("w1")
        hers = (
            await client.http.get("/api/v1/duty", headers={"Authorization": f"Bearer {mira}"})
        ).json()
        answer = await client.post(f"{call}/acknowledge", ana, duty=hers["duty"])
        assert_problem(answer, 409, "another shift")
        answer = await client.post(f"{call}/acknowledge", mira, duty=hers["duty"])
        assert answer.status_code == 200
