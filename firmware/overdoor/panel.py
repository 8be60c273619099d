"""The pager's screen, buzzer and motor. Only what changed is drawn, a row at a time."""

import asyncio

from .alert import Alerts
from .compat import const
from .layout import lines
from .letters import Font

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Beat, Plain

_SIZES = {"plain": (1, 1), "tall": (1, 2), "big": (2, 2)}  # how wide, how high


class Panel:
    """What a pager shows, sounds and feels like.

    A screen has `columns`, `scale` (points of the screen for one of a letter), `write(row, strips,
    style)` and `power(on)`; a row has `scale` strips of eight points' height.
    """

    def __init__(self, screen, plain: "Plain", buzzer, motor):
        """`plain(letter) -> bytes`: the columns of a letter of ASCII. See Alerts for the others."""
        self.alerts = Alerts(buzzer, motor)
        self._screen = screen
        self._font = Font(plain)
        self._wanted = []
        self._drawn = {}  # row -> line, or the second half of one
        self._lit = None
        self._fault = None
        self._changed = asyncio.Event()

    def show(self, view) -> None:
        """Bring the screen to this view, soon."""
        self._wanted = lines(view, self._screen.columns, self._fault)
        self._changed.set()

    def diagnose(self, fault) -> None:
        """Until the first session, say what is wrong on the way to the broker; None: nothing."""
        self._fault = fault

    def stay_degraded(self) -> None:
        """Safe mode: the screen tells the truth anyway."""

    def alert(self, pattern: str) -> None:
        """Sound and vibrate."""
        self.alerts.play(pattern)

    def identify(self) -> None:
        """Sound, so that somebody finds the device."""
        self.alerts.play("identify")

    def poke(self) -> None:
        """Make a turn, to show that it could."""
        self._changed.set()

    async def run(self, beat: "Beat") -> None:
        """Draw and sound, for ever. Sleeps while nothing changes."""
        asyncio.create_task(self.alerts.run())
        while True:
            beat()
            await self._changed.wait()
            self._changed.clear()
            await self.draw()

    async def draw(self) -> None:
        """Draw what is not yet as it should be."""
        row = 0
        for line in self._wanted:
            size = _SIZES[line[2]]
            if self._drawn.get(row) != line:
                self._draw_line(row, line, size)
                await asyncio.sleep(0)  # keys and network come first
            row += size[1]
        lit = row > 0
        if lit != self._lit:  # lit when it is complete, so that nobody reads what was
            self._lit = lit
            self._screen.power(lit)

    def _draw_line(self, row: int, line: tuple, size: tuple) -> None:
        text, style, _ = line
        scale = self._screen.scale
        wide, high = size[0] * scale, size[1] * scale
        strips = self._font.render(text, self._screen.columns * 8 * scale, wide, high)
        self._drawn[row] = line
        for part in range(size[1]):
            if part:
                self._drawn[row + part] = None
            self._screen.write(row + part, strips[part * scale : (part + 1) * scale], style)
