"""Reading what others wrote: anything may come, and nothing but what was asked for is looked at."""

import json

_STATES = ("idle", "raised", "acknowledged", "arrived", "offline")


def load_object(payload: bytes):
    """The JSON object in `payload`, or None for anything else."""
    try:
        value = json.loads(payload)
    except (ValueError, RuntimeError):  # not JSON, not UTF-8, or nested too deeply: no object
        return None
    return value if isinstance(value, dict) else None


def is_count(value) -> bool:
    """Whether a JSON value is a whole number from 0 up."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 address, for which nobody has to be asked."""
    parts = host.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


def receipted(payload: bytes) -> list:
    """The (boot, n) pairs of a `receipt`; each covers its boot up to n."""
    receipt = load_object(payload)
    if receipt is None:
        return []
    pairs = [[receipt.get("boot"), receipt.get("n")]]
    also = receipt.get("also")
    if isinstance(also, list):
        pairs += [pair for pair in also if isinstance(pair, list) and len(pair) == 2]
    return [(boot, n) for boot, n in pairs if is_count(n)]


def signalled(payload: bytes):
    """(rev, state) of a `signal`; (None, "idle") if it is empty, None if it makes no sense."""
    if payload == b"":
        return None, "idle"
    signal = load_object(payload)
    if signal is None:
        return None
    rev, state = signal.get("rev"), signal.get("state")
    return (rev, state) if is_count(rev) and state in _STATES else None
