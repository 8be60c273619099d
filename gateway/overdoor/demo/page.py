"""The demo's page: a floor plan whose buttons are the simulated ones, and lights as they glow."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel

from overdoor.demo.people import Associate, People
from overdoor.demo.rooms import SimulatedPager, SimulatedRoom
from overdoor.languages import gettext as _
from overdoor.web.pages import render
from overdoor.web.problems import not_found

FRAME_S = 0.04


class ButtonBody(BaseModel):
    """Which button of a room."""

    button: Literal["call", "presence", "need"]


class KeyBody(BaseModel):
    """Which key of the pager."""

    key: Literal["a", "b"]


class SwitchBody(BaseModel):
    """A switch of the page."""

    on: bool


class DemoPage:
    """What the page shows and does."""

    def __init__(self, drawing: dict[str, Any], rooms: dict[str, SimulatedRoom]) -> None:
        self.people: People | None = None
        self.pager: SimulatedPager | None = None
        self.addresses: list[dict[str, str]] = []
        self.cards: list[dict[str, str]] = []  # of the rooms, as a shopper scans them
        self._drawing = drawing
        self._rooms = rooms
        self._watchers: set[_Watcher] = set()
        self._closed = False

    def lights_changed(self, room: str) -> None:
        """A light of this room, or the pager, looks different now."""
        for watcher in self._watchers:
            watcher.poke(room)

    def people_changed(self) -> None:
        """Somebody moved, or came, or went."""
        for watcher in self._watchers:
            watcher.poke(None)

    def close(self) -> None:
        """Ends the page's streams."""
        self._closed = True
        self.people_changed()

    def router(self) -> APIRouter:
        """The routes under `/demo`."""
        router = APIRouter(prefix="/demo", include_in_schema=False)

        @router.get("", response_class=HTMLResponse)
        async def page(request: Request) -> HTMLResponse:
            return render(
                request,
                "demo.html",
                "demo",
                plan=self._drawing,
                addresses=self.addresses,
                cards=self.cards,
                **self._people_state(),
            )

        @router.get("/stream", response_class=StreamingResponse)
        async def stream() -> StreamingResponse:
            return StreamingResponse(
                self._watch(),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            )

        @router.post("/rooms/{room}/down", status_code=204)
        async def down(room: str, body: ButtonBody) -> None:
            self._room(room).down(body.button)

        @router.post("/rooms/{room}/up", status_code=204)
        async def up(room: str, body: ButtonBody) -> None:
            await self._room(room).up(body.button)

        @router.post("/pager/down", status_code=204)
        async def key_down(body: KeyBody) -> None:
            self._pager().down(body.key)

        @router.post("/pager/up", status_code=204)
        async def key_up(body: KeyBody) -> None:
            await self._pager().up(body.key)

        @router.post("/associates/{person}", status_code=204)
        async def associate(person: str, body: SwitchBody) -> None:
            await self._all().set_on(self._person(person), body.on)

        @router.post("/busy", status_code=204)
        async def busy(body: SwitchBody) -> None:
            self._all().set_busy(body.on)

        return router

    def _room(self, room: str) -> SimulatedRoom:
        if room not in self._rooms:
            raise not_found(_("There is no room %(name)s.", name=repr(room)))
        return self._rooms[room]

    def _pager(self) -> SimulatedPager:
        if self.pager is None:
            raise not_found(_("There is no pager."))
        return self.pager

    def _all(self) -> People:
        if self.people is None:
            raise not_found(_("There are no people yet; the rooms are starting."))
        return self.people

    def _person(self, person: str) -> Associate:
        if person not in self._all().associates:
            raise not_found(_("There is no associate %(name)s.", name=repr(person)))
        return self._all().associates[person]

    def _people_state(self) -> dict[str, Any]:
        people = self.people
        return {
            "associates": [one.state() for one in people.associates.values()] if people else [],
            "busy": people.busy if people else False,
        }

    async def _watch(self) -> AsyncIterator[str]:
        """Lights and people, everything first, then what changed: at once, then once a frame."""
        pager = self.pager
        watcher = _Watcher({*self._rooms, *([pager.id] if pager else [])})
        self._watchers.add(watcher)
        try:
            while not self._closed:
                rooms, people = await watcher.wait()
                if pager is not None and pager.id in rooms:
                    rooms.discard(pager.id)
                    yield f"event: pager\ndata: {json.dumps(pager.state())}\n\n"
                if rooms:
                    lights = {room: self._rooms[room].state() for room in rooms}
                    yield f"event: lights\ndata: {json.dumps({'rooms': lights})}\n\n"
                if people:
                    yield f"event: people\ndata: {json.dumps(self._people_state())}\n\n"
                await asyncio.sleep(FRAME_S)
        finally:
            self._watchers.discard(watcher)


class _Watcher:
    """What one page has not been shown yet."""

    def __init__(self, rooms: set[str]) -> None:
        self._rooms = rooms
        self._people = True
        self._news = asyncio.Event()
        self._news.set()

    def poke(self, room: str | None) -> None:
        if room is None:
            self._people = True
        else:
            self._rooms.add(room)
        self._news.set()

    async def wait(self) -> tuple[set[str], bool]:
        await self._news.wait()
        self._news.clear()
        rooms, self._rooms = self._rooms, set()
        people, self._people = self._people, False
        return rooms, people
