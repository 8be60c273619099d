"""Reaching people: receipts, the ways to reach somebody, and who can be reached."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from overdoor.core.dispatch import CHANNEL
from overdoor.core.model import Call, DeviceStatus
from overdoor.core.times import rfc3339
from overdoor.engine import Engine
from overdoor.languages import current
from overdoor.languages import gettext as _
from overdoor.reach import Reach, Rung, Told, allowed
from overdoor.store import reach as kept
from overdoor.store.reach import Row, Way
from overdoor.web.problems import Problem, not_found
from overdoor.web.session import OnDuty, TheEngine

router = APIRouter(prefix="/api/v1")


def reach_of(request: Request) -> Reach:
    """The desk of this app."""
    reach: Reach = request.app.state.reach
    return reach


TheReach = Annotated[Reach, Depends(reach_of)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReceiptBody(_Body):
    """How far a page came on this device. `chime`: it would sound now, if it may."""

    rung: Literal["page", "push"] = "page"
    state: Literal["received", "shown"]
    chime: bool = False


class Keys(_Body):
    """Of a browser's subscription, base64url."""

    p256dh: str = Field(pattern=r"^[A-Za-z0-9_-]{87}=?$")
    auth: str = Field(pattern=r"^[A-Za-z0-9_-]{22}(==)?$")


class PushBody(BaseModel):
    """A browser's subscription, as `PushSubscription.toJSON` says it."""

    endpoint: str = Field(max_length=1024)
    keys: Keys


class ChannelBody(_Body):
    """The URL of one's own channel, or null for none any more."""

    url: str | None = Field(max_length=256)


@router.post("/calls/{call_id}/receipt")
async def receipt(
    call_id: str, body: ReceiptBody, engine: TheEngine, session: OnDuty, reach: TheReach
) -> dict[str, bool]:
    """A device of somebody who was paged has the page, or shows it. Says whether it may sound."""
    call = engine.committed.call(call_id)
    duty = session.duty.id
    if call is None:
        raise not_found(_("There is no such open call."))
    if not _concerns(call, duty):
        raise Problem(409, _("Not paged"), _("This call did not page whoever asks."))
    reach.receipt(call_id, duty, Rung(body.rung), Told(body.state))
    return {"chime": body.chime and reach.may_chime(call_id, duty, Rung(body.rung))}


def _concerns(call: Call, duty: str) -> bool:
    return duty in (call.by, *call.paged)


@router.get("/push")
async def push(reach: TheReach) -> dict[str, str | None]:
    """What browsers subscribe with; null where the shop has no web push."""
    return {"key": reach.push_key}


@router.post("/duty/push", status_code=204)
async def subscribe(body: PushBody, session: OnDuty, reach: TheReach, request: Request) -> None:
    """Lets a browser be pushed to while the shift lasts. 422 for a push service nobody allowed."""
    if reach.push_key is None or not allowed(body.endpoint, reach.push_hosts):
        detail = _("The shop does not send to this push service: see [notify] in shop.toml.")
        raise Problem(422, _("Not understood"), detail)
    base = str(request.base_url).rstrip("/")
    keys = {"p256dh": body.keys.p256dh, "auth": body.keys.auth}
    language = current().tag
    reach.add(Way(session.duty.id, kept.PUSH, body.endpoint, keys, base, language))


@router.post("/duty/channel", status_code=204)
async def channel(body: ChannelBody, session: OnDuty, reach: TheReach) -> None:
    """One's own ntfy topic or other channel, for as long as the shift lasts."""
    keep_channel(reach, session.duty.id, body.url)


def keep_channel(reach: Reach, duty: str, url: str | None) -> None:
    """Somebody's own channel from here on, or none. 422, and nothing changes, for another URL."""
    if url is not None and not any(url.startswith(beginning) for beginning in reach.personal):
        detail = _("It has to begin as [notify] personal in shop.toml says.")
        raise Problem(422, _("Not understood"), detail)
    for way in reach.ways(duty, kept.CHANNEL):
        reach.drop(way)
    if url is not None:
        reach.add(Way(duty, kept.CHANNEL, url, {}, "", current().tag))


def own_channel(reach: Reach, duty: str) -> Way | None:
    """Where somebody wants to be told besides their page, if they said so."""
    return next(iter(reach.ways(duty, kept.CHANNEL)), None)


@router.get("/reach")
async def reachable(engine: TheEngine, reach: TheReach, request: Request) -> dict[str, Any]:
    """What can be reached just now. A phone or channel that gives no sign is said to be quiet."""
    return reach_view(engine, reach, len(request.app.state.hub.on_duty()))


def reach_view(engine: Engine, reach: Reach, people: int) -> dict[str, Any]:
    """`pages`: people on duty with an open page. `quiet` phones left three pushes unanswered."""
    devices = engine.committed.devices
    pagers = [devices.get(device) for device in engine.committed.plan.pagers]
    phones, quiet = reach.phones()
    return {
        "pages": people,
        "pagers": sum(
            pager is not None and pager.status is DeviceStatus.ONLINE for pager in pagers
        ),
        "phones": phones,
        "phones_quiet": quiet,
        "channels": [
            {"id": name, "took_at": None if took is None else rfc3339(took), "trouble": trouble}
            for name, (took, trouble) in reach.channels.items()
        ],
        "unreached": [call.id for call in engine.committed.calls.values() if call.unreached],
    }


def row_view(engine: Engine, row: Row) -> dict[str, Any]:
    """What is known of a page on a rung. `name` while the shift lasts."""
    return {
        "at": rfc3339(row.at),
        "who": row.who,
        "name": who(engine, row.who),
        "rung": row.rung,
        "state": row.state,
        "detail": row.detail,
    }


def by_person(engine: Engine, rows: list[Row]) -> list[dict[str, Any]]:
    """For each person and rung, how far a page came, step by step."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.who, row.rung), []).append(row)
    return [
        {"name": who(engine, id_), "rung": rung, "steps": steps}
        for (id_, rung), steps in found.items()
    ]


def who(engine: Engine, id_: str) -> str | None:
    """How somebody, a pager or a channel is called."""
    return id_.removeprefix(CHANNEL) if id_.startswith(CHANNEL) else engine.name_of(id_)


def why_words(detail: str) -> str:
    """Why something was not sent. The record keeps it in English."""
    says = "the push service says "
    if detail.startswith(says):
        return _("the push service says %(status)s", status=detail.removeprefix(says))
    return _(detail)
