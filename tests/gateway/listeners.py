"""Other people's servers, on this machine: a push service, an ntfy, whatever takes JSON."""

import base64
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass
class Heard:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Listener:
    """Takes what is posted and keeps it in order. `status` is what it answers."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.status = 200
        self.silent = threading.Event()  # while it is set, nobody gets an answer
        self.url = ""
        self.port = 0

    def next(self) -> Heard:
        return self.heard.get(timeout=60)

    def answer(self, heard: Heard) -> tuple[int, bytes]:
        return self.status, b"{}"


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """The listener on a port of its own, until the block ends."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.path, headers, body)
            listener.heard.put(heard)
            if listener.silent.is_set():
                ended.wait()
                return
            status, said = listener.answer(heard)
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listener.port = server.server_port
        listener.url = f"http://127.0.0.1:{listener.port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            ended.set()
            server.shutdown()
            thread.join()


@dataclass
class Browser:
    """A browser's subscription, with its secrets."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = b"0123456789abcdef"

    def subscription(self, endpoint: str) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(*_POINT)
        return {"endpoint": endpoint, "keys": {"p256dh": b64(point), "auth": b64(self.auth)}}

    def decrypt(self, body: bytes) -> bytes:
        """RFC 8188 with the keys of RFC 8291, by the letter of both."""
        salt, size, id_length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + id_length], body[21 + id_length :]
        assert len(record) <= size
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), theirs)
        ours = self.key.public_key().public_bytes(*_POINT)
        ikm = _hkdf(self.auth, shared, b"WebPush: info\0" + ours + sender, 32)
        cek = _hkdf(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, ikm, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(cek).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded[-1:] == b"\2", "the last record ends with a 2"
        return padded[:-1]


class PushService(Listener):
    """RFC 8030: refuses what a real one refuses. `said` is what VAPID told of the sender."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, Any] = {}
        self.key: bytes = b""

    def answer(self, heard: Heard) -> tuple[int, bytes]:
        if self.status != 200:
            return self.status, b"no"
        try:
            self._check(heard)
        except (AssertionError, KeyError, ValueError) as error:
            return 400, repr(error).encode()
        return 201, b""

    def _check(self, heard: Heard) -> None:
        assert heard.headers["content-encoding"] == "aes128gcm"
        assert 0 < int(heard.headers["ttl"]) <= 120
        assert heard.headers["urgency"] == "high"
        assert len(heard.headers["topic"]) <= 32
        assert len(heard.body) <= 4096
        scheme, _, rest = heard.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        head, claims, signature = parts["t"].split(".")
        raw = unb64(signature)
        signed = encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        self.key = unb64(parts["k"])
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.key)
        public.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        self.said = json.loads(unb64(claims))
        assert self.said["aud"] == self.url


def _hkdf(salt: bytes, ikm: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(ikm)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
