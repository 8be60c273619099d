"""The manager's desk: annotations beside the numbers, and calls to look into."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.store import annotations, followups
from overdoor.store.annotations import TEXT_LIMIT, Annotation
from overdoor.store.followups import FollowUp
from overdoor.web import views
from overdoor.web.problems import Problem, not_found
from overdoor.web.session import TheEngine

router = APIRouter(prefix="/api/v1")

Zone = Annotated[str | None, Query(max_length=32)]


class AnnotationBody(BaseModel):
    """From `day` on something is different: `text`. In one `zone`, or everywhere."""

    model_config = ConfigDict(extra="forbid")

    day: date
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, pattern=r"\S")
    zone: str | None = Field(default=None, max_length=32)


@router.get("/annotations")
def all_annotations(
    engine: TheEngine,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    zone: Zone = None,
) -> dict[str, Any]:
    """Annotations by day; of a zone, with those of all zones."""
    found = annotations.between(engine.store, first, last, zone)
    return {"annotations": [_annotation(one) for one in found]}


@router.post("/annotations", status_code=201)
async def annotate(body: AnnotationBody, engine: TheEngine) -> dict[str, Any]:
    """Notes something beside the numbers."""
    if body.zone is not None and body.zone not in engine.committed.plan.zones:
        raise Problem(
            422, _("Not understood"), _("There is no zone %(name)s.", name=repr(body.zone))
        )
    annotation = annotations.new(body.day, body.text, body.zone)
    await engine.write(annotations.adding(annotation))
    return _annotation(annotation)


@router.delete("/annotations/{annotation_id}", status_code=204)
async def remove_annotation(annotation_id: str, engine: TheEngine) -> None:
    """Takes an annotation away; one that is gone stays gone."""
    await engine.write(annotations.removing(annotation_id))


def _annotation(one: Annotation) -> dict[str, Any]:
    return {"id": one.id, "day": str(one.day), "text": one.text, "zone": one.zone}


@router.get("/follow-ups")
def follow_ups(engine: TheEngine) -> dict[str, Any]:
    """Calls to look into: first those that nobody dealt with, the latest first."""
    found = followups.of_shop(engine.store)
    return {
        "open": sum(one.dealt_with_at is None for one in found),
        "follow_ups": [_follow_up(one) for one in found],
    }


@router.post("/follow-ups/{call_id}/dealt-with")
async def deal_with(call_id: str, engine: TheEngine) -> dict[str, Any]:
    """Somebody looked into it. Said again, the first time counts."""
    _known(engine, call_id)
    await engine.write(followups.dealing_with(call_id, engine.clock()))
    return _follow_up(_known(engine, call_id))


@router.delete("/follow-ups/{call_id}/dealt-with")
async def open_again(call_id: str, engine: TheEngine) -> dict[str, Any]:
    """It is to be looked into after all."""
    _known(engine, call_id)
    await engine.write(followups.dealing_with(call_id, None))
    return _follow_up(_known(engine, call_id))


def _known(engine: Engine, call_id: str) -> FollowUp:
    found = followups.of_shop(engine.store, call_id)
    if not found:
        raise not_found(_("There is nothing to look into about this call."))
    return found[0]


def _follow_up(one: FollowUp) -> dict[str, Any]:
    return {
        "call": one.call,
        "room": one.room,
        "zone": one.zone,
        "raised_at": views.iso(one.raised_at),
        "why": one.why,
        "at": views.iso(one.at),
        "dealt_with_at": views.iso(one.dealt_with_at),
    }
