"""The page that tells the manager what works and what does not yet, as `overdoor check` does."""

import asyncio
import time
from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from overdoor.finding import Finding, Level
from overdoor.languages import gettext as _
from overdoor.web.pages import render
from overdoor.web.problems import not_found

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

KEPT_S = 5.0  # however often somebody asks
_ORDER = (Level.BAD, Level.WARNING, Level.GOOD)


class Checkup:
    """Looks when somebody asks, one look at a time."""

    def __init__(self, look: Callable[[], Sequence[Finding]]) -> None:
        self._look = look
        self._one = asyncio.Lock()
        self._found: Sequence[Finding] = ()
        self._at: float | None = None

    async def found(self) -> Sequence[Finding]:
        """What was found, a few seconds ago at most; the worst first."""
        async with self._one:
            if self._at is None or time.monotonic() - self._at > KEPT_S:
                self._found = await asyncio.to_thread(self._look)
                self._at = time.monotonic()
        return sorted(self._found, key=lambda one: _ORDER.index(one.level))


@router.get("/check")
async def check(request: Request) -> HTMLResponse:
    """What was found, and how to mend it."""
    checkup: Checkup | None = request.app.state.checkup
    if checkup is None:
        raise not_found(_("A simulated shop has no machine of its own to look at."))
    found = await checkup.found()
    broken = sum(one.level is Level.BAD for one in found)
    warned = sum(one.level is Level.WARNING for one in found)
    return render(request, "check.html", "check", found=found, broken=broken, warned=warned)
