"""What one part of the firmware calls of another. For type checkers: no board has this file."""

from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from .mqtt import MqttClient

Now = Callable[[], int]  # ms that never wrap
TicksDiff = Callable[[int, int], int]  # end, start
SleepMs = Callable[[int], None]
Rand = Callable[[], float]  # 0..1
Write = Callable[[str], None]  # one line
Beat = Callable[[], None]  # "I made a turn"
Poke = Callable[[], None]  # "make a turn"
Changed = Callable[[], None]
Ask = Callable[[], bool]
Restart = Callable[[str], Awaitable[None]]  # why
Goodnight = Callable[[], Awaitable[None]]

Pressed = Callable[[str, bool, int], None]  # button, whether it is closed, ms
Do = Callable[[list[tuple[Any, ...]]], None]  # actions
Show = Callable[[tuple[int, int, int]], None]  # a colour
Plain = Callable[[str], bytes]  # the columns of a letter
Unsent = Callable[[], tuple[bool, int]]  # online, events without a receipt
LostMs = Callable[[], int | None]  # since the broker was lost
Verb = Callable[[dict[str, Any], Any], dict[str, Any] | None]  # arguments, id of the command
TellBadge = Callable[[str, int], None]  # badge, dBm

Reader = StreamReader
Writer = StreamWriter
OpenStream = Callable[[], Awaitable[tuple[Reader, Writer]]]
Deliver = Callable[[str, bytes, bool], None]  # topic, payload, whether it was retained
Up = Callable[[MqttClient], None]

class Say(Protocol):
    """Publishes a leaf; or info, or a line of the log."""

    def __call__(self, leaf: str, body: Any = None) -> None: ...
