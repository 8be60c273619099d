"""Small numbers that survive a restart, in the NVS of an ESP32."""


class Numbers:
    """Whole numbers by name. A fault of the flash reads as 0 and is otherwise ignored."""

    def __init__(self, nvs):
        """`nvs` is an `esp32.NVS`."""
        self._nvs = nvs

    def get(self, key: str) -> int:
        """The number, or 0 where none was kept."""
        try:
            return self._nvs.get_i32(key)
        except OSError:  # never written, or worn out: the device works without
            return 0

    def set(self, key: str, value: int) -> None:
        """Keep a number; flash is written only if it changes."""
        try:
            if self.get(key) != value:
                self._nvs.set_i32(key, value)
                self._nvs.commit()
        except OSError:  # worn out: bad boots are no longer counted, all else works
            return
