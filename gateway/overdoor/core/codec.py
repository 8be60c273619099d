"""Values to and from plain JSON data, for the log and the tables."""

from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from overdoor.core.model import Call, Device, Duty, Plan, Policy, RoomState

_POLICY = TypeAdapter(Policy)
_PLAN = TypeAdapter(Plan)

CALL = TypeAdapter(Call)
ROOM = TypeAdapter(RoomState)
DEVICE = TypeAdapter(Device)
DUTY = TypeAdapter(Duty)
TAG = TypeAdapter(int)


@lru_cache(maxsize=8)
def policy_data(policy: Policy) -> Any:
    """A policy as JSON data, which nobody changes: every call of a shop has the same."""
    return _POLICY.dump_python(policy, mode="json")


def policy_from(data: Any) -> Policy:
    """The policy that `policy_data` wrote."""
    return _POLICY.validate_python(data)


def plan_data(plan: Plan) -> Any:
    """A plan as JSON data."""
    return _PLAN.dump_python(plan, mode="json")


def plan_from(data: Any) -> Plan:
    """The plan that `plan_data` wrote."""
    return _PLAN.validate_python(data)
