"""Checks of what `config.json` says. Each raises ConfigError, and names the place."""

_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


class ConfigError(Exception):
    """A mistake in config.json; the message is one sentence for the person who wrote it."""


def check_keys(where: str, raw, required: tuple, optional: tuple) -> None:
    """An object with these keys and no others."""
    if not isinstance(raw, dict):
        raise ConfigError("%s must be an object." % where)
    for key in required:
        if key not in raw:
            raise ConfigError('%s has no "%s".' % (where, key))
    for key in raw:
        if key not in required and key not in optional:
            raise ConfigError('%s has a key that is not known: "%s".' % (where, key))


def check_id(key: str, value) -> None:
    """A part of a topic."""
    valid = isinstance(value, str) and 1 <= len(value) <= 32
    if not valid or any(character not in _ID_CHARACTERS for character in value):
        raise ConfigError('"%s" must be 1 to 32 of a-z, 0-9 and "-".' % key)


def check_one_of(where: str, value, known: tuple) -> str:
    """A word that is known."""
    if value not in known:
        raise ConfigError("%s must be one of: %s." % (where, ", ".join(known)))
    return value


def check_text(where: str, value, shortest: int, longest: int) -> str:
    """A text of so many bytes."""
    if not isinstance(value, str) or not shortest <= len(value.encode()) <= longest:
        raise ConfigError("%s must be a text of %d to %d bytes." % (where, shortest, longest))
    return value


def is_whole(value, low: int, high: int) -> bool:
    """Whether it is a whole number of this range."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
