"""The API of the contract, `/api/v1/devices`: how they do, and orders to them."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from overdoor.core.model import DeviceStatus
from overdoor.orders import LIMIT_S, NoAnswer, NotCarried, Orders
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
        raise not_found(f"device {device_id!r}")
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
        raise not_found(f"device {device_id!r}")
    if not engine.broker_up:
        raise Problem(503, "No broker", "The gateway has no connection to the broker.")
    if device.status in (DeviceStatus.OFFLINE, DeviceStatus.SLEEPING):  # of a stranger none is kept
        raise Problem(409, "Not connected", f"{device_id} is not connected.")
    try:
        answer = await orders.give(device_id, body.verb, {})
    except NotCarried:
        raise Problem(503, "No broker", "The gateway has no connection to the broker.") from None
    except NoAnswer:
        detail = f"{device_id} did not answer within {LIMIT_S:.0f} s."
        raise Problem(504, "No answer", detail) from None
    if answer.reason is not None:
        raise Problem(409, "Refused", f"{device_id} refuses: {answer.reason}.")
    return JSONResponse({"device": device_id, "verb": body.verb, "data": answer.data})
