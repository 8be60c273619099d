"""Tells a chat what needs somebody's eyes: Overdoor's webhook in, the chat's incoming one out.

    OVERDOOR_SECRET=whsec_... python chat.py 8090 https://chat.example/hooks/xyz

For those that take {"text": ...} there, as Slack and Mattermost say they do; none was tried.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

KEY = base64.b64decode(os.environ["OVERDOOR_SECRET"].removeprefix("whsec_"))
PORT, CHAT = int(sys.argv[1]), sys.argv[2]
WORDS = {
    "unreached": "nobody could be reached",
    "lapsed": "somebody said that they come, and did not",
    "unanswered": "nobody ever came",
}
seen: dict[str, None] = {}  # ids of what was told; one that comes again is not told again


def tell(text: bytes) -> None:
    urlopen(Request(CHAT, text, {"Content-Type": "application/json"}), timeout=5).close()


def genuine(headers: dict[str, str], body: bytes) -> bool:
    at, id_ = headers.get("webhook-timestamp", ""), headers.get("webhook-id", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    mac = hmac.digest(KEY, f"{id_}.{at}.".encode() + body, hashlib.sha256)
    wanted = f"v1,{base64.b64encode(mac).decode()}"
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 65536))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.take(headers, body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        if not genuine(headers, body):
            return 401
        if headers["webhook-id"] in seen:
            return 200
        data = json.loads(body)["data"]
        word = WORDS.get(data.get("outcome") or data["event_type"])
        if word is not None:
            text = json.dumps({"text": f"{data['name']}: {word}"}).encode()
            try:
                tell(text)
            except OSError:
                return 502  # Overdoor asks again
        seen[headers["webhook-id"]] = None
        if len(seen) > 10_000:
            del seen[next(iter(seen))]
        return 200

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
print("listening", flush=True)
server.serve_forever()
