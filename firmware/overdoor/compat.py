"""What differs between the two interpreters that run the pure modules."""

try:
    from micropython import const
except ImportError:  # CPython, where the same decisions are tested

    def const(value):  # type: ignore[misc]  # typed more closely on the board
        """Mark a compile-time constant; MicroPython inlines it, CPython just reads it."""
        return value


__all__ = ["const"]
