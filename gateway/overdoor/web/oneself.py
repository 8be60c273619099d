"""The page about oneself: what is held, a channel of one's own, and the end of it all.

Plain forms that need no script.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from overdoor.engine import Engine
from overdoor.languages import gettext as _
from overdoor.reach import Reach
from overdoor.web.accounts import Accounts, Who
from overdoor.web.limits import Limits
from overdoor.web.pages import render
from overdoor.web.people import delete_all, held, leave
from overdoor.web.problems import Problem
from overdoor.web.reaching import TheReach, keep_channel, own_channel, why_words
from overdoor.web.roles import MaybeWho, TheAccounts
from overdoor.web.session import MaybeSession, OnDuty, Session, TheEngine

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

TRIALS_PER_MIN = 5


class About:
    """Whoever asks, and what the page says of them."""

    def __init__(
        self,
        request: Request,
        engine: TheEngine,
        accounts: TheAccounts,
        reach: TheReach,
        who: MaybeWho,
        session: MaybeSession,
    ) -> None:
        self.request = request
        self.engine: Engine = engine
        self.accounts: Accounts = accounts
        self.reach: Reach = reach
        self.who: Who | None = who
        self.session: Session | None = session

    def page(self, status: int = 200, **said: str) -> HTMLResponse:
        """`said`: a `problem`, what came of a form, or what stood in it."""
        about = None
        if self.who is not None:
            about = held(self.engine, self.accounts, self.reach, self.who, self.session)
        return render(
            self.request,
            "me.html",
            "me",
            status,
            held=about,
            beginnings=self.reach.personal,
            **{"problem": "", "done": "", "url": "", **said},
        )

    async def leave(self, response: Response) -> None:
        """Ends this browser's session, and its shift."""
        await leave(self.engine, self.accounts, self.session, self.request, response)


Whoever = Annotated[About, Depends(About)]


@router.get("/me")
def me(about: Whoever) -> HTMLResponse:
    """What is held about whoever looks."""
    return about.page()


@router.post("/me/channel")
async def channel(
    about: Whoever,
    session: OnDuty,
    do: Annotated[Literal["keep", "try", "drop"], Form()],
    url: Annotated[str, Form(max_length=256)] = "",
) -> HTMLResponse:
    """A channel of one's own for this shift: keeps it, tries it out, or forgets it."""
    reach, duty = about.reach, session.duty.id
    if do == "drop":
        keep_channel(reach, duty, None)
        return about.page(done=_("Your own channel is forgotten."))
    try:
        keep_channel(reach, duty, url.strip())
    except Problem as problem:
        return about.page(problem.status, problem=str(problem.body["detail"]), url=url)
    if do == "keep":
        return about.page(done=_("Your own channel is kept until your shift ends."))
    limits: Limits = about.request.app.state.limits
    now = about.engine.clock()
    if not limits.allow("trial", duty, now, times=TRIALS_PER_MIN, within_ms=60_000):
        return about.page(429, problem=_("That was too often. Wait a minute."))
    way = own_channel(reach, duty)
    if reach.try_out is None or way is None:
        return about.page(503, problem=_("This shop sends to no channels."))
    trouble = await reach.try_out(way)
    if trouble is not None:
        why = why_words(trouble)
        return about.page(problem=_("The trial message did not leave: %(why)s.", why=why))
    done = _(
        "The server of your channel took the trial message. Whether it came to your phone, only "
        "your phone shows."
    )
    return about.page(done=done)


@router.post("/me/sign-out")
async def sign_out(about: Whoever) -> Response:
    """Signs out; a shift ends with it."""
    response = RedirectResponse("/handheld", status_code=303)
    await about.leave(response)
    return response


@router.post("/me/sign-out-everywhere")
async def sign_me_out(about: Whoever) -> Response:
    """Signs out on every phone, this one too."""
    if about.who is not None and about.who.account is not None:
        await about.accounts.close_all(about.who.account)
    return await sign_out(about)


@router.post("/me/delete")
async def delete_me(about: Whoever) -> Response:
    """Deletes all of it."""
    response = RedirectResponse("/me", status_code=303)
    try:
        await delete_all(
            about.engine, about.accounts, about.who, about.session, about.request, response
        )
    except Problem as problem:
        return about.page(problem.status, problem=str(problem.body["detail"]))
    return response
