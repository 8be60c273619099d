"""A simulated pager's world: what can be seen, heard and felt of it, and its two keys."""

import display
import machine


class Pocket:
    """Eyes, ears and thumbs of whoever carries the pager."""

    brief = False  # a picture is drawn in many steps

    def __init__(self, config):
        pins = config.pins
        self.buttons = {"a": pins["a"], "b": pins["b"]}
        self._pins = pins
        if config.screen == "ssd1306":
            self.screen = display.Ssd1306(machine.output_changed)
            machine.I2C.device = self.screen
        else:
            self.screen = display.St7789(
                machine.output_changed,
                lambda: machine.level(pins["data"]),
                lambda: machine.level(pins["light"]),
            )
            machine.SPI.device = self.screen

    def seen(self):
        """What there is to notice now."""
        return {
            "screen": self.screen.seen(),
            "buzzer": machine.pitch(self._pins.get("buzzer")),
            "motor": machine.level(self._pins.get("motor")),
        }

    def points(self):
        """The screen to the last point, whatever it is."""
        return dict(self.screen.seen(), points=bytes(self.screen.points).hex())
