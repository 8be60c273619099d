"""Reaching people: the open page, web push, ntfy or whatever else Apprise speaks.

`ladder` tries one rung after the other; `rungs` says which and how long; `push` and `channels`
send, in threads of their own.
"""

from overdoor.notify.ladder import Ladder

__all__ = ["Ladder"]
