"""Web push: RFC 8030 with VAPID (RFC 8292), encrypted for the browser (RFC 8291) by pywebpush.

The payload is a declarative notification, which an iPhone shows by itself; `mutable` lets the
worker have it first, as every other browser does, so that it can give a receipt and ask whether to
sound.
"""

import json
from pathlib import Path

from py_vapid import Vapid02, b64urlencode
from py_vapid.utils import num_to_bytes
from pywebpush import WebPushException, webpush
from requests.exceptions import RequestException

from overdoor import durable
from overdoor.core.sentence import Sentence
from overdoor.keptfile import PUSH_KEY
from overdoor.notify.message import Gone, Message, NotSent
from overdoor.store.reach import Way

TTL_S = 120  # an older page is nobody's help
TIMEOUT_S = 5.0
_GONE = (404, 410)


class Push:
    """Sends to browsers. `contact` is whom a push service may turn to, in a form Apple accepts."""

    def __init__(self, folder: Path, contact: str) -> None:
        self._contact = contact
        self._vapid = _key(folder / PUSH_KEY)
        point = self._vapid.public_key.public_numbers()
        raw = b"\x04" + num_to_bytes(point.x, 32) + num_to_bytes(point.y, 32)
        self.key: str = b64urlencode(raw)  # the applicationServerKey of the pages

    def send(self, way: Way, message: Message) -> None:
        """Sends one push; blocks for `TIMEOUT_S` at most twice. Raises `Gone`, `NotSent`."""
        try:
            webpush(
                {"endpoint": way.target, "keys": way.keys},
                payload(message, way.base),
                vapid_private_key=self._vapid,
                vapid_claims={"sub": self._contact},
                ttl=TTL_S,
                timeout=TIMEOUT_S,
                headers={"Urgency": "high", "Topic": message.tag},
            )
        except WebPushException as error:
            answer = error.response
            if answer is not None and answer.status_code in _GONE:
                raise Gone from None
            if answer is None:
                raise NotSent(str(error)[:120]) from None
            raise NotSent(
                Sentence("the push service says %(status)s", status=answer.status_code)
            ) from None
        except (RequestException, ValueError, OSError) as error:
            raise NotSent(type(error).__name__) from None


def payload(message: Message, base: str) -> str:
    """The declarative notification, as JSON."""
    return json.dumps(
        {
            "web_push": 8030,
            "notification": {
                "title": message.title,
                "body": message.body,
                "tag": message.tag,
                "navigate": f"{base}/handheld",
                "actions": [
                    {"action": action, "title": title, "navigate": f"{base}/handheld"}
                    for action, title in message.actions
                ],
                "silent": message.silent,
                "lang": message.language,
                "data": {"call": message.tag, "over": message.over},
            },
            "mutable": True,
        },
        ensure_ascii=False,
    )


def _key(file: Path) -> Vapid02:
    """The shop's key, made at the first run. Browsers subscribed with it, so it stays."""
    if file.exists():
        key: Vapid02 = Vapid02.from_file(str(file))
        return key
    key = Vapid02()
    key.generate_keys()
    durable.write(file, key.private_pem())
    return key
