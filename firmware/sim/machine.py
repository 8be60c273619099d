"""Stands in for MicroPython's `machine`: contacts that the runner closes, a lamp, a watchdog."""

import asyncio
import time

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

TIMER_WAKE = 4
EXT0_WAKE = 2

DEEPSLEEP_STATUS = (
    4  # exit status of the process; its host starts it again, with "press" or "timer"
)
HARD_RESET_STATUS = 3  # exit status of the process, so that its host starts it again

_inputs = {}  # pin number -> Pin
_contacts = {}  # pin number -> level, which outlives the Pin objects
_outputs = {}  # pin number -> Pin
_pwms = {}  # pin number -> PWM
_watchdog = []  # the deadline in ticks, once there is one
_cause = [PWRON_RESET]
_wake = [0]
_on_sleep = []  # called with ms before a deep sleep
_on_output = []  # called with nothing after an output changed


class Pin:
    """A pin. Inputs rest high, as with a pull-up; `drive` is the outside world."""

    IN = 0
    OUT = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, number, mode=-1, pull=-1, value=None):
        self.number = number
        self._level = int(bool(value))
        self._handler = None
        self._trigger = 0
        if mode == Pin.OUT:
            _outputs[number] = self
        if mode == Pin.IN:
            self._level = _contacts.get(number, 1)
            _inputs[number] = self

    def value(self, level=None):
        if level is None:
            return self._level
        if level != self._level:
            self._level = level
            output_changed()
        return None

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING):  # no `hard`, as on an ESP32
        self._handler = handler
        self._trigger = trigger

    def drive(self, level):
        """Put the pin at a level from outside, with the interrupt that this causes."""
        if level == self._level:
            return
        self._level = level
        _contacts[self.number] = level
        edge = Pin.IRQ_RISING if level else Pin.IRQ_FALLING
        if self._handler is not None and self._trigger & edge:
            self._handler(self)


class PWM:
    """A dimmed output."""

    def __init__(self, pin, freq=0, duty_u16=0):
        self._duty = duty_u16
        self._freq = freq
        _pwms[pin.number] = self

    def freq(self, value):
        self._freq = value

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        if value != self._duty:
            self._duty = value
            output_changed()
        return None


class I2C:
    """A bus with one chip on it, `I2C.device`."""

    device = None

    def __init__(self, id, scl=None, sda=None, freq=0):
        pass

    def writevto(self, address, vector):
        self.device.take(address, b"".join(vector))


class SPI:
    """A bus with one chip on it, `SPI.device`."""

    device = None

    def __init__(self, id, baudrate=0, sck=None, mosi=None):
        pass

    def write(self, data):
        self.device.take(data)


class WDT:
    """A watchdog. What looks after time in a simulation asks `watchdog_bites`."""

    def __init__(self, id=0, timeout=5000):
        self._timeout = timeout
        self.feed()

    def feed(self):
        _watchdog[:] = [time.ticks_add(time.ticks_ms(), self._timeout)]


def watchdog_bites():
    """Whether there is a watchdog, and it was not fed in time."""
    return bool(_watchdog) and time.ticks_diff(time.ticks_ms(), _watchdog[0]) >= 0


def unique_id():
    return b"\x00\x00\x00\x00\x00\x01"


def reset_cause():
    return _cause[0]


def set_reset_cause(cause):
    """Say why this start happened."""
    _cause[0] = cause


def wake_reason():
    return _wake[0]


def set_wake_reason(reason):
    """Say what ended the deep sleep before this start."""
    set_reset_cause(DEEPSLEEP_RESET)
    _wake[0] = reason


def deepsleep(ms):
    for callback in _on_sleep:
        callback(ms)
    raise SystemExit(DEEPSLEEP_STATUS)


def on_sleep(callback):
    """Have `callback(ms)` called before a deep sleep."""
    _on_sleep.append(callback)


def reset():
    raise SystemExit(HARD_RESET_STATUS)


def output_changed():
    for callback in _on_output:
        callback()


def on_output(callback):
    """Have `callback()` called after each change of an output."""
    _on_output.append(callback)


def set_contact(number, level):
    """Put what an input is connected to at a level before anybody reads it."""
    _contacts[number] = level


def input_pin(number):
    """The input with this number, or None while nobody made it."""
    return _inputs.get(number)


def brightness(number):
    """What a PWM output shows, 0..255."""
    pwm = _pwms.get(number)
    return pwm.duty_u16() // 257 if pwm is not None else 0


def pitch(number):
    """The Hz that a buzzer on a PWM output sounds, 0 for silence or for no buzzer."""
    pwm = _pwms.get(number)
    return pwm._freq if pwm is not None and pwm.duty_u16() else 0


def level(number):
    """The level of an output, 0 while nobody made it."""
    pin = _outputs.get(number)
    return pin.value() if pin is not None else 0


class Timer:
    """A timer that fires once, on the event loop: a program that blocks holds it up."""

    ONE_SHOT = 0

    def __init__(self, number):
        self._task = None

    def init(self, mode, period, callback):
        """Call `callback(timer)` in `period` ms."""
        self._task = asyncio.create_task(self._fire(period, callback))

    def deinit(self):
        """Forget it."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _fire(self, period, callback):
        await asyncio.sleep(period / 1000)
        callback(self)
