"""The shell of the handheld: its files under an address that changes with them, and its worker.

A page and its scripts must come from one version, also in a browser that kept yesterday's files. So
every file stands under `/static/{build}/`, where the build is a hash of all of them: a file at such
an address never changes, may be kept for ever, and the relative imports of a module stay inside its
build. The worker keeps the shell, a page without any call, for a phone in a dead spot; it never
touches a fragment, the API or the stream, so nothing old can look like now.
"""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from overdoor.languages import current, speaking
from overdoor.languages import gettext as _
from overdoor.web.language import chosen
from overdoor.web.pages import render, zones
from overdoor.web.problems import not_found
from overdoor.web.session import TheEngine

router = APIRouter(include_in_schema=False)

PAGE = "/handheld/shell"
_ENTRY = "handheld.js"
_STYLES = ("overdoor.css", "handheld.css")
_ICONS = ("icon.svg", "icon-waiting.svg", "icon-192.png")
_WORKER = ("worker.js", "push-worker.js")  # one script, in this order
_IMPORT = re.compile(r'^(?:import|export)\b[^"\n]*"\./([\w.-]+)"', re.MULTILINE)


class Assets:
    """The static files of this process, as they were when it began.

    `build`: 16 hex digits that name their content. `base`: where they stand, for ever.
    """

    def __init__(self, static: Path) -> None:
        self._static = static
        digest = hashlib.sha256()
        for file in sorted(path for path in static.rglob("*") if path.is_file()):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{file.relative_to(static).as_posix()} {content}\n".encode())
        self.build = digest.hexdigest()[:16]
        self.base = f"/static/{self.build}"
        self.manifest: dict[str, object] = json.loads((static / "manifest.json").read_text())
        self.worker = "\n".join((static / name).read_text() for name in _WORKER)
        self.shell = [
            *(f"{self.base}/{name}" for name in (*_modules(static, _ENTRY), *_STYLES)),
            *(f"/static/{name}" for name in _ICONS),
        ]

    def app(self) -> StaticFiles:
        """Serves them with leave to keep them."""
        return _Kept(directory=self._static)


class _Kept(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _modules(static: Path, entry: str) -> list[str]:
    """A module and all that it imports, each once."""
    found, waiting = [], [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += _IMPORT.findall((static / PurePosixPath(name).name).read_text())
    return found


@router.get(PAGE)
def shell_page(request: Request, engine: TheEngine) -> HTMLResponse:
    """The handheld without a call, a name or a time: what a phone shows when it gets nothing."""
    return render(
        request,
        "handheld.html",
        "handheld",
        fragment="_offline.html",
        zones=zones(engine),
        now=None,
        who=None,  # the phone keeps it, and may be the next one's
        accounts=False,
    )


@router.get("/manifest/{language}.json")
def manifest(request: Request, language: str) -> Response:
    """What a phone calls the handheld once it is installed; no cookie comes with the question."""
    tag = chosen(language)
    if tag is None:
        raise not_found(_("The pages do not speak this language."))
    with speaking(tag):
        said = {
            "name": _("Overdoor handheld"),
            "description": _("Calls from the fitting rooms, for whoever is on duty"),
            "lang": tag,
            "dir": current().direction,
        }
    assets: Assets = request.app.state.assets
    return Response(
        json.dumps(said | assets.manifest, ensure_ascii=False),
        media_type="application/manifest+json",
        headers={"Content-Language": tag, "Cache-Control": "no-cache"},
    )


@router.get("/sw.js")
def worker(request: Request, engine: TheEngine) -> Response:
    """The worker of the handheld.

    Its bytes change when a file, the shop's name, a zone or the reader's language does.
    """
    assets: Assets = request.app.state.assets
    page = bytes(shell_page(request, engine).body)
    version = hashlib.sha256(assets.build.encode() + page).hexdigest()[:16]
    manifest = f"/manifest/{current().tag}.json"
    shell = {"version": version, "page": PAGE, "files": [*assets.shell, manifest]}
    return Response(
        f"const SHELL = {json.dumps(shell)};\n{assets.worker}",
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/handheld"},
    )
