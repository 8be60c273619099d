"""The topics of the contract, version 1."""

import re

MAJOR = 1
_ID = re.compile(r"[a-z0-9-]{1,32}")


class Topics:
    """The topics of one shop."""

    def __init__(self, shop: str) -> None:
        self.prefix = f"overdoor/{MAJOR}/{shop}"
        self.gateway_status = f"{self.prefix}/gateway/status"
        self.gateway_instance = f"{self.prefix}/gateway/instance"

    def device(self, device: str, leaf: str) -> str:
        """A topic of one device; `device` may be `+`."""
        return f"{self.prefix}/device/{device}/{leaf}"

    def room(self, room: str, leaf: str) -> str:
        """A topic of one room."""
        return f"{self.prefix}/room/{room}/{leaf}"

    def parse_device(self, topic: str) -> tuple[str, str] | None:
        """`(device, leaf)` of a topic; None if it is no device's, or its id is none."""
        start = f"{self.prefix}/device/"
        if not topic.startswith(start):
            return None
        device, _, leaf = topic[len(start) :].partition("/")
        return (device, leaf) if _ID.fullmatch(device) else None
