"""The API of the contract, `/api/v1/devices`: how they do, and orders to them."""

from base64 import b64decode
from hashlib import sha256
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from overdoor import firmware
from overdoor.core.model import DeviceStatus
from overdoor.languages import gettext as _
from overdoor.orders import LIMIT_S, NoAnswer, NotCarried, Orders
from overdoor.updates import Bundle, Offer, Updates
from overdoor.web import views
from overdoor.web.problems import Problem, not_found
from overdoor.web.session import TheEngine

router = APIRouter(prefix="/api/v1")


class CommandBody(BaseModel):
    """`identify` blinks its lights, `report` tells counters and log, `restart` starts it anew."""

    model_config = ConfigDict(extra="forbid")

    verb: Literal["identify", "report", "restart"]


@router.get("/devices")
async def devices(engine: TheEngine) -> dict[str, Any]:
    """All devices: those of the plan, then those that knocked and belong nowhere."""
    return {"devices": views.devices(engine)}


@router.get("/devices/{device_id}")
def one_device(device_id: str, engine: TheEngine) -> dict[str, Any]:
    """A device, known or not: how it does, and how it did over the last month."""
    device = engine.committed.devices.get(device_id)
    if device is None:
        raise not_found(_("There is no device %(name)s.", name=repr(device_id)))
    return views.device_page(engine, device)


@router.post("/devices/{device_id}/command")
async def command(
    device_id: str, body: CommandBody, engine: TheEngine, request: Request
) -> JSONResponse:
    """Has a device do something now, and gives its answer.

    409 if it is not connected or refuses, 503 without a broker, 504 if it does not answer.
    """
    orders: Orders = request.app.state.orders
    device = engine.committed.devices.get(device_id)
    if device is None:
        raise not_found(_("There is no device %(name)s.", name=repr(device_id)))
    if not engine.broker_up:
        raise _no_broker()
    # Of a stranger no status is kept; one of ours that never said any was never there.
    ours = device_id in engine.committed.plan.homes
    if device.status is not DeviceStatus.ONLINE and (ours or device.status in _AWAY):
        raise Problem(409, _("Not connected"), _("%(device)s is not connected.", device=device_id))
    try:
        answer = await orders.give(device_id, body.verb, {})
    except NotCarried:
        raise _no_broker() from None
    except NoAnswer:
        detail = _(
            "%(device)s did not answer within %(seconds)s s.",
            device=device_id,
            seconds=round(LIMIT_S),
        )
        raise Problem(504, _("No answer"), detail) from None
    if answer.reason is not None:
        raise Problem(
            409,
            _("Refused"),
            _("%(device)s refuses: %(why)s.", device=device_id, why=answer.reason),
        )
    return JSONResponse({"device": device_id, "verb": body.verb, "data": answer.data})


_AWAY = (DeviceStatus.OFFLINE, DeviceStatus.SLEEPING)


def _no_broker() -> Problem:
    return Problem(503, _("No broker"), _("The gateway has no connection to the broker."))


class UpdateBody(BaseModel):
    """A signed version: the manifest, its HMAC in hex, and each file in base64, in its order."""

    model_config = ConfigDict(extra="forbid")

    manifest: str = Field(max_length=16_384)
    mac: str = Field(pattern="^[0-9a-f]{64}$")
    files: list[str] = Field(max_length=96)


def _offered(offer: Offer) -> dict[str, Any]:
    return {
        "device": offer.device,
        "version": offer.bundle.version,
        "stage": offer.stage,
        "reason": offer.reason,
        "sent": offer.sent,
        "size": offer.bundle.size,
    }


@router.put("/devices/{device_id}/update")
async def offer_update(
    device_id: str, body: UpdateBody, engine: TheEngine, request: Request
) -> dict[str, Any]:
    """Offers a device a version, until it runs it or refuses; only the device can judge the HMAC.

    422 if the files are not those of the manifest.
    """
    updates: Updates = request.app.state.updates
    if device_id not in engine.committed.devices:
        raise not_found(_("There is no device %(name)s.", name=repr(device_id)))
    reading = firmware.module("manifest")
    try:
        manifest = reading.read(body.manifest.splitlines())
        files = [b64decode(file, validate=True) for file in body.files]
    except (reading.ManifestError, ValueError) as error:
        raise Problem(422, _("Not understood"), str(error)) from None
    wanted = [(size, digest) for _, size, digest in manifest.files]
    if [(len(file), sha256(file).digest()) for file in files] != wanted:
        raise Problem(422, _("Not understood"), _("The files are not those of the manifest."))
    bundle = Bundle(manifest.version, body.manifest.encode(), body.mac, files)
    return _offered(updates.offer(device_id, bundle))


@router.get("/devices/{device_id}/update")
async def update_offered(device_id: str, request: Request) -> dict[str, Any]:
    """How far the update is that was offered last. 404 if there was none since the start."""
    offer = request.app.state.updates.get(device_id)
    if offer is None:
        raise not_found(_("There is no update of %(name)s.", name=repr(device_id)))
    return _offered(offer)


@router.delete("/devices/{device_id}/update", status_code=204)
async def withdraw_update(device_id: str, request: Request) -> None:
    """Offers it no longer."""
    request.app.state.updates.withdraw(device_id)
