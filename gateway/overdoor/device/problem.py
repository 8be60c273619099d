"""What goes wrong with a device, in words for the person who holds it."""


class DeviceError(Exception):
    """One or two sentences: what is wrong, and what to do next."""
