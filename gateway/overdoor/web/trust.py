"""The page that explains how a phone comes to trust the shop's own certificate."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from overdoor.authority import fingerprint
from overdoor.languages import gettext as _
from overdoor.web.pages import render
from overdoor.web.problems import not_found

router = APIRouter(include_in_schema=False)


def _vouching(request: Request) -> x509.Certificate | None:
    certificate: x509.Certificate | None = request.app.state.authority
    return certificate


@router.get("/trust")
def trust(request: Request) -> HTMLResponse:
    """What works without, what does not, and the steps for each kind of phone."""
    vouching = _vouching(request)
    return render(
        request,
        "trust.html",
        "trust",
        secure=request.url.scheme == "https",
        fingerprint=fingerprint(vouching) if vouching is not None else None,
    )


@router.get("/trust/ca.crt")
def certificate(request: Request) -> Response:
    """What vouches for the gateway, as phones take it."""
    vouching = _vouching(request)
    if vouching is None:
        raise not_found(_("There is no certificate of the shop's own."))
    return Response(vouching.public_bytes(Encoding.DER), media_type="application/x-x509-ca-cert")
