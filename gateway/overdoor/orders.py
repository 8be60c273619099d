"""Orders to devices, and their answers: what the pages ask for and the bus carries.

Nothing of it is stored. An order is for now or never: who gives one waits for the answer.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LIMIT_S = 10.0


class NotCarried(Exception):  # noqa: N818 - a fact in the past tense reads better where it is raised
    """There is no connection to the broker."""


class NoAnswer(Exception):  # noqa: N818
    """The device did not answer in time. It may have done what was asked all the same."""


@dataclass(frozen=True, slots=True)
class Order:
    """`verb` is one of the contract's; `id` ties the answer to it."""

    id: str
    device: str
    verb: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device says to an order; `reason` is why it refused, or None."""

    id: str
    reason: str | None
    data: Mapping[str, Any]


class Orders:
    """The orders that wait for an answer."""

    def __init__(self) -> None:
        self._carry: Callable[[Order], bool] = lambda _: False
        self._waiting: dict[tuple[str, str], asyncio.Future[Answer]] = {}

    def carried_by(self, carry: Callable[[Order], bool]) -> None:
        """`carry(order)` publishes it, and says whether it could."""
        self._carry = carry

    async def give(
        self, device: str, verb: str, args: Mapping[str, Any], limit_s: float = LIMIT_S
    ) -> Answer:
        """Gives an order and waits for its answer. Raises `NotCarried`, `NoAnswer`."""
        order = Order(secrets.token_hex(8), device, verb, args)
        key = (device, order.id)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answered
        try:
            if not self._carry(order):
                raise NotCarried
            async with asyncio.timeout(limit_s):
                return await answered
        except TimeoutError:
            raise NoAnswer from None
        finally:
            del self._waiting[key]

    def answered(self, device: str, answer: Answer) -> None:
        """A device answered; an answer that nobody waits for is nobody's."""
        waiting = self._waiting.get((device, answer.id))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
