"""ntfy on the shop's own network, and whatever else Apprise speaks.

A channel tells that a message was taken, never that somebody read it.
"""

from collections.abc import Mapping

from apprise import Apprise

from overdoor.core.sentence import Sentence
from overdoor.notify.message import Message, NotSent


class Channels:
    """The channels of the shop, by name: Apprise URLs."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)

    def url(self, name: str) -> str | None:
        """Where a channel of the shop leads; None if there is none with this name."""
        return self._urls.get(name)

    def send(self, url: str, message: Message) -> None:
        """Sends one message; blocks for Apprise's own timeouts, 4 s each. Raises `NotSent`."""
        if message.silent and url.startswith(("ntfy://", "ntfys://")):
            url += ("&" if "?" in url else "?") + "priority=min"
        target = Apprise.instantiate(url, suppress_exceptions=True)
        if target is None:
            raise NotSent(Sentence("Apprise does not know this kind of URL"))
        if not target.notify(title=message.title, body=message.body):
            raise NotSent(Sentence("the channel did not take it"))
