"""The certificate of the pages, as it is read at the start and again while the gateway runs."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography import x509

from overdoor import authority
from overdoor.config import ConfigError, WebPart
from overdoor.reload import Stamp, stamp

DAY_S = 86_400.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tls:
    """What the pages are served with: good together, whatever the files become.

    `chain`: the certificate's file; `authority`: the shop's own, if the certificate is of it.
    """

    context: ssl.SSLContext
    chain: bytes
    certificate: x509.Certificate
    authority: x509.Certificate | None


def read_tls(web: WebPart) -> Tls | None:
    """The certificate and its key, if HTTPS is wanted. Raises `ConfigError` if it cannot be."""
    if web.tls_cert is None or web.tls_key is None:
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        chain = web.tls_cert.read_bytes()
        context.load_cert_chain(web.tls_cert, web.tls_key)
        certificate = authority.read_certificate(web.tls_cert)
        return Tls(context, chain, certificate, authority.vouching(web.tls_cert))
    except (OSError, authority.AuthorityError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"The pages cannot be served with [web] tls_cert {web.tls_cert} and tls_key "
            f"{web.tls_key}: {error}."
        ) from None


def show_instead(served: ssl.SSLContext, tls: Tls) -> None:
    """Shows another certificate to whoever connects from now on, by name or by address.

    What is in `served` stays: certificate and key are never one new and one old.
    """

    def shown(connection: ssl.SSLObject, _name: str | None, _served: ssl.SSLContext) -> None:
        connection.context = tls.context

    served.sni_callback = shown


class Renewal:
    """Has `take` called with a certificate that is new, and warns every day of one that ends."""

    def __init__(
        self,
        web: WebPart,
        take: Callable[[Tls], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web, self._take, self._clock = web, take, clock
        self._seen = self._last = self._stamps()  # first: what changes meanwhile is looked at
        self._shown = read_tls(web)
        self._told: float | None = None
        self._warn()

    async def look(self, *, asked: bool) -> None:
        """Takes up a certificate that changed. One that cannot be used changes nothing."""
        self._warn()
        if self._shown is None:
            return
        now, before = self._stamps(), self._last
        self._last = now
        # Certificate and key are two files: only when both have come to rest they are looked at.
        if not asked and (now == self._seen or now != before):
            return
        self._seen = now
        try:
            found = await asyncio.to_thread(read_tls, self._web)
        except ConfigError as error:
            log.warning("the certificate that was there before goes on", why=str(error))
            return
        if found is None or found.chain == self._shown.chain:
            return
        self._take(found)
        self._shown, self._told = found, None
        days = authority.days_left(found.certificate)
        log.info("the pages' certificate was read again", days=days)
        self._warn()

    def _stamps(self) -> list[Stamp | None]:
        files: list[Path] = [one for one in (self._web.tls_cert, self._web.tls_key) if one]
        return [stamp(file) for file in files]

    def _warn(self) -> None:
        if self._told is not None and self._clock() - self._told < DAY_S:
            return
        self._told = self._clock()
        said = authority.warning(self._shown.certificate if self._shown else None)
        if said is not None:
            log.warning(said)
