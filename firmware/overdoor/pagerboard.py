"""The hardware of a pager."""

from .compat import const
from .pager import Pager
from .panel import Panel
from .screens import Ssd1306, St7789, plain_letters

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Now, SleepMs


class PagerBoard:
    """One pager, as `main.py` finds it."""

    def __init__(self, machine, wlan, buttons, screen, buzzer, motor, numbers, ble):
        """`buttons` maps the keys a and b to pins; see Panel and Alerts for the rest."""
        self.machine = machine
        self.wlan = wlan
        self.buttons = buttons
        self.numbers = numbers
        self.ble = ble
        self.battery = None
        self.needed = ("a", "b")  # even in safe mode
        self.shows = ["screen"]
        if buzzer is not None:
            self.shows.append("buzzer")
        if motor is not None:
            self.shows.append("motor")
        self._hardware = (screen, buzzer, motor)

    def parts(self, config, boot: str, now: "Now", served: list) -> tuple:
        """What decides, and what shows it. `now() -> int` gives ms; all its keys are served."""
        screen, buzzer, motor = self._hardware
        return Pager(config.device, boot, now()), Panel(screen, plain_letters(), buzzer, motor)


def make(machine, wlan, pins: dict, screen: str, numbers, ble, sleep_ms: "SleepMs") -> PagerBoard:
    """The board that these pins and this screen make up."""
    Pin = machine.Pin  # noqa: N806  (a class)
    if "hold" in pins:
        Pin(pins["hold"], Pin.OUT, value=1)  # or the battery is gone once the key is released
    buttons = {key: Pin(pins[key], Pin.IN, Pin.PULL_UP) for key in ("a", "b")}
    if screen == "ssd1306":
        i2c = machine.I2C(0, sda=Pin(pins["sda"]), scl=Pin(pins["scl"]), freq=400000)
        shown = Ssd1306(i2c)
    else:
        spi = machine.SPI(1, baudrate=20000000, sck=Pin(pins["clock"]), mosi=Pin(pins["out"]))
        wires = [Pin(pins[name], Pin.OUT) for name in ("select", "data", "reset", "light")]
        shown = St7789(spi, wires[0], wires[1], wires[2], wires[3], sleep_ms)
    buzzer = motor = None
    if "buzzer" in pins:
        buzzer = machine.PWM(Pin(pins["buzzer"], Pin.OUT), freq=2000, duty_u16=0)
    if "motor" in pins:
        motor = Pin(pins["motor"], Pin.OUT, value=0)
    return PagerBoard(machine, wlan, buttons, shown, buzzer, motor, numbers, ble)
