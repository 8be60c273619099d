"""What staff may ask of a device over the link: identify, report, restart."""

from . import PROTOCOL
from .payload import is_count, load_object


class Orders:
    """Answers commands. `verbs` maps a verb to a function.

    It takes the arguments (a dict) and gives the data of the result; RefusedError refuses.
    """

    def __init__(self, verbs: dict):
        self._verbs = verbs

    def obey(self, payload: bytes):
        """Do what a command says. Returns the result to publish, or None if nobody could use it."""
        command = load_object(payload)
        if command is None:
            return None
        id_ = command.get("id")
        if not (is_count(id_) or (isinstance(id_, str) and len(id_) <= 64)):
            return None  # nobody could tell what the result belongs to
        verb, args = command.get("verb"), command.get("args")
        do = self._verbs.get(verb) if isinstance(verb, str) else None
        try:
            status, data = "ok", (do or _unknown)(args if isinstance(args, dict) else {})
        except RefusedError as error:
            status, data = "error", {"reason": str(error)}
        return {"v": PROTOCOL, "id": id_, "status": status, "data": data}


class RefusedError(Exception):
    """The device does not do that, or not now; the message says why."""


def _unknown(args: dict) -> dict:
    raise RefusedError("unknown verb")
