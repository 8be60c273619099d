"""What staff may ask of a device over the link: identify, report, restart, update."""

from . import PROTOCOL
from .compat import const
from .payload import is_count, load_object

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Verb


class Orders:
    """Answers commands. `verbs` maps a verb to a function.

    It takes the arguments (a dict) and the command's id, and gives the data of the result, or None
    if that comes later; RefusedError refuses.
    """

    def __init__(self, verbs: "dict[str, Verb]"):
        self._verbs = verbs

    def obey(self, payload: bytes):
        """Do what a command says. Returns the result to publish now, or None."""
        command = load_object(payload)
        if command is None:
            return None
        id_ = command.get("id")
        if not (is_count(id_) or (isinstance(id_, str) and len(id_) <= 64)):
            return None  # nobody could tell what the result belongs to
        verb, args = command.get("verb"), command.get("args")
        do = self._verbs.get(verb) if isinstance(verb, str) else None
        try:
            status, data = "ok", (do or _unknown)(args if isinstance(args, dict) else {}, id_)
        except RefusedError as error:
            status, data = "error", {"reason": str(error)}
        if data is None:
            return None
        return {"v": PROTOCOL, "id": id_, "status": status, "data": data}


def verbs(panel, report, ending, updater, by_cable: bool) -> "dict[str, Verb]":
    """What each command does with the parts of a device.

    `by_cable`: it sleeps before it could have fetched or confirmed an update.
    """

    def identify(args: dict, id_) -> dict:
        panel.identify()
        return {}

    def full_report(args: dict, id_) -> dict:
        return report.full()

    def update(args: dict, id_) -> None:
        if by_cable:
            raise RefusedError("a battery button is updated by cable")
        updater.order(args, id_)

    return {
        "identify": identify,
        "report": full_report,
        "restart": ending.restart_soon,
        "update": update,
    }


class RefusedError(Exception):
    """The device does not do that, or not now; the message says why."""


def _unknown(args: dict, id_) -> dict:
    raise RefusedError("unknown verb")
