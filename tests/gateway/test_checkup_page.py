"""The page of what works and what does not: what the command says, in the reader's language."""

from overdoor.core.sentence import Sentence
from overdoor.finding import Finding, bad, good, warning
from overdoor.web.checkup import Checkup

from .api import Client

FOUND = [
    good(Sentence("Every room has a device.")),
    warning(
        Sentence("mosquitto's configuration has no %(options)s.", options="<i>set_tcp_nodelay</i>"),
        Sentence("Install mosquitto."),
    ),
    bad(Sentence("%(path)s was written by a newer Overdoor.", path="/d"), Sentence("Mend it.")),
]
HTML = {"Accept": "text/html"}


def looked(shop: Client, found: list[Finding]) -> list[None]:
    """Has the shop find this; how often it looked."""
    looks: list[None] = []

    def look() -> list[Finding]:
        looks.append(None)
        return found

    shop.app.state.checkup = Checkup(look)
    return looks


async def test_the_worst_comes_first_and_nothing_is_markup(shop: Client) -> None:
    looked(shop, FOUND)
    page = (await shop.http.get("/check")).text
    assert "1 thing does not work yet." in page
    places = [page.index(f'data-level="{level}"') for level in ("bad", "warning", "good")]
    assert places == sorted(places)
    assert "&lt;i&gt;set_tcp_nodelay" in page
    assert "Install mosquitto." in page


async def test_it_speaks_the_readers_language(shop: Client) -> None:
    looked(shop, FOUND)
    page = (await shop.http.get("/check", headers={"Accept-Language": "de"})).text
    assert "Jede Kabine hat ein Gerät." in page


async def test_it_says_that_the_shop_works(shop: Client) -> None:
    looked(shop, FOUND[:2])
    assert "The shop works." in (await shop.http.get("/check")).text
    looked(shop, FOUND[:1])
    assert "Yes." in (await shop.http.get("/check")).text


async def test_however_often_somebody_asks_it_looks_once_in_a_while(shop: Client) -> None:
    looks = looked(shop, FOUND)
    for _ in range(5):
        await shop.http.get("/check")
    assert len(looks) == 1


async def test_a_shop_on_no_machine_has_no_such_page(shop: Client) -> None:
    assert (await shop.http.get("/check", headers=HTML)).status_code == 404


async def test_a_slow_disk_is_warned_of(shop: Client) -> None:
    shop.engine.write_ms = 4.0
    assert (await shop.http.get("/readyz")).json()["warnings"] == []
    shop.engine.write_ms = 120.0
    shop.engine.broker(up=True)
    ready = await shop.http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["warnings"] == [
        "a write to the disk takes 120 ms, and every press waits for one"
    ]
    assert "See to it:" in (await shop.http.get("/dashboard/live")).text
