"""What the manager prints: the cards of the rooms."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from overdoor.languages import gettext as _
from overdoor.printing import languages_of, printed
from overdoor.web.problems import Problem
from overdoor.web.session import TheEngine

router = APIRouter(include_in_schema=False)


@router.get("/cards.pdf")
def cards(
    request: Request,
    engine: TheEngine,
    language: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """The cards of all rooms that shoppers call from, as they stand now.

    `language`: one or two, like `de,el`; else the shop's own.
    """
    state = request.app.state
    rooms = [room for room in engine.committed.plan.rooms.values() if not room.training]
    try:
        chosen = languages_of(language or state.language)
    except ValueError as error:
        raise Problem(422, _("Not understood"), str(error)) from None
    tagged = {tag.room for tag in state.tags.all()}
    return Response(
        printed(state.shop_name, rooms, state.cards, tagged, chosen),
        media_type="application/pdf",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'inline; filename="room-cards.pdf"',
        },
    )
