"""An associate's quick reply to the shopper who waits: `POST /calls/{id}/reply`."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from overdoor.config import SIZE
from overdoor.core.inputs import Reply
from overdoor.core.model import Phrase
from overdoor.core.sentence import Sentence
from overdoor.web import views
from overdoor.web.api import Key, call_of, conflict, of_this_shift, once
from overdoor.web.session import OnDuty, TheEngine

router = APIRouter(prefix="/api/v1")

Size = Annotated[str, Field(pattern=SIZE)]
_BLANKS = {
    Phrase.WAIT: {"minutes"},
    Phrase.SIZE: {"missing", "offer"},
    Phrase.MODEL: set[str](),
}


class ReplyBody(BaseModel):
    """A phrase, and what stands in its blanks.

    `wait`: `minutes`. `size`: this one is `missing`, would the `offer` do? `model`: it is not
    there, would another model do?
    """

    model_config = ConfigDict(extra="forbid")

    phrase: Phrase
    minutes: Literal[1, 2, 3, 4, 5] | None = None
    missing: Size | None = None
    offer: Size | None = None
    duty: str | None = Field(default=None, max_length=32, description="whose reply it is")
    age_ms: int = Field(default=0, ge=0, le=86_400_000, description="how long it waited")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.model_dump(include={"minutes", "missing", "offer"}, exclude_none=True)
        if given.keys() != _BLANKS[self.phrase]:
            blanks = ", ".join(sorted(_BLANKS[self.phrase])) or "nothing else"
            raise ValueError(f"with {self.phrase} goes {blanks}")
        return self


STALE_MS = 60_000  # "two minutes" of long ago would be a lie


@router.post("/calls/{call_id}/reply")
async def reply(
    call_id: str,
    body: ReplyBody,
    engine: TheEngine,
    session: OnDuty,
    request: Request,
    key: Key = None,
) -> dict[str, Any]:
    """Tells the shopper something, on the page behind the room's card. Who has the call may."""
    call = call_of(engine, call_id)
    by = session.duty.id
    of_this_shift(body.duty, session)
    if body.age_ms > STALE_MS:
        raise conflict(engine, Sentence("this reply waited too long to be true"), call, by)
    key = f"{by}/reply/{call_id}/{key}" if key is not None else None
    async with once(request, engine, key) as before:
        if before is not None:
            return views.call_view(engine, before)
        blanks = body.model_dump(include={"minutes", "missing", "offer"})
        done = await engine.do(Reply(call_id, by, body.phrase, key=key, **blanks))
    if done.refused is not None:
        raise conflict(engine, done.refused.why, engine.store.call(call_id), by)
    return views.call_view(engine, call_of(engine, call_id))
