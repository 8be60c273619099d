"""What the manager prints: the cards of the rooms."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from overdoor.printing import printed
from overdoor.web.session import TheEngine

router = APIRouter(include_in_schema=False)


@router.get("/cards.pdf")
def cards(request: Request, engine: TheEngine) -> Response:
    """The cards of all rooms that shoppers call from, as they stand now."""
    state = request.app.state
    rooms = [room for room in engine.committed.plan.rooms.values() if not room.training]
    tagged = {tag.room for tag in state.tags.all()}
    return Response(
        printed(state.shop_name, rooms, state.cards, tagged),
        media_type="application/pdf",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'inline; filename="room-cards.pdf"',
        },
    )
