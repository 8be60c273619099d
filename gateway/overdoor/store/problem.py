"""What can be wrong with the data folder."""


class StoreError(Exception):
    """The data folder cannot be used. The message says why, and what to do."""


class InUse(StoreError):  # noqa: N818 - what it is
    """Another gateway runs on the folder."""
