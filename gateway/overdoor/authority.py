"""The shop's own certificate authority: it vouches for the gateway's pages and for the broker.

Whoever trusts it trusts it for the shop's own network and names only (name constraints), and its
key is on the shop's machine alone.
"""

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from overdoor import durable
from overdoor.core.sentence import Sentence

FOLDER = "tls"  # beside shop.toml
CA, CA_KEY = "ca.pem", "ca.key"
WEB, WEB_KEY = "web.pem", "web.key"
BROKER, BROKER_KEY = "broker.pem", "broker.key"

# A device without a clock believes that it is the year 2000, and has nobody to ask.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR = datetime(2049, 12, 31, tzinfo=UTC)
# Apple takes no server's certificate that is valid for longer than 825 days (support.apple.com
# 103769); browsers have a clock, so it begins a day ago.
WEB_DAYS = 820
SOON_DAYS = 30

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
_PRIVATE6 = ("fc00::/7", "fe80::/10", "::1/128")
_LOCAL_NAMES = ("localhost", "local", "lan", "internal", "home.arpa")


class AuthorityError(Exception):
    """The certificates cannot be made or read. The message says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority and its folder."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, folder: Path, shop: str, names: Sequence[str]) -> "Authority":
        """The one in this folder, or a new one. Raises `AuthorityError`."""
        if (folder / CA).exists():
            key = _read_key(folder / CA_KEY)
            return cls(folder, read_certificate(folder / CA), key)
        key = ec.generate_private_key(ec.SECP256R1())
        tail = secrets.token_hex(3)  # two shops of one name are two in a phone's list
        name = _name(f"Overdoor {shop[:40]} {tail}")
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(LONG_AGO)
            .not_valid_after(FAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_for_signing(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            # Not critical, although RFC 5280 wants it: Mbed TLS in the devices refuses a
            # certificate with a critical extension that it does not know. Phones heed it anyway.
            .add_extension(_only_here(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder, certificate, key)
        _write(folder / CA_KEY, _pem_key(key), durable.SECRET)
        _write(folder / CA, certificate.public_bytes(Encoding.PEM), durable.PUBLIC)
        return made

    def issue(
        self, names: Sequence[str], since: datetime, until: datetime, file: str, key_file: str
    ) -> x509.Certificate:
        """A server's certificate for these names and addresses. Raises `AuthorityError`."""
        outside = [name for name in names if not self._vouches_for(name)]
        if outside:
            raise AuthorityError(
                f"{self.folder / CA} was made without {', '.join(outside)}. To have a new one, "
                f"which every phone and device must trust anew, move {self.folder} away."
            )
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("Overdoor gateway"))  # a space: no name constraint is held to it
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
            .sign(self.key, hashes.SHA256())
        )
        chain = certificate.public_bytes(Encoding.PEM) + self.certificate.public_bytes(Encoding.PEM)
        _write(self.folder / key_file, _pem_key(key), durable.SECRET)
        _write(self.folder / file, chain, durable.PUBLIC)
        return certificate

    def issue_for_pages(self, names: Sequence[str]) -> x509.Certificate:
        """The gateway's certificate, as phones accept it."""
        now = datetime.now(UTC)
        until = now + timedelta(days=WEB_DAYS)
        return self.issue(names, now - timedelta(days=1), until, WEB, WEB_KEY)

    def issue_for_broker(self, names: Sequence[str]) -> x509.Certificate:
        """The broker's certificate, as devices without a clock accept it."""
        return self.issue(names, LONG_AGO, FAR, BROKER, BROKER_KEY)

    def _vouches_for(self, name: str) -> bool:
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints)
        said = _general(name)
        permitted = constraints.value.permitted_subtrees or ()
        if isinstance(said, x509.IPAddress):
            networks = (each.value for each in permitted if isinstance(each, x509.IPAddress))
            return any(
                said.value.version == network.version and said.value in network  # type: ignore[operator]
                for network in networks
            )
        names = (each.value for each in permitted if isinstance(each, x509.DNSName))
        return any(f".{said.value}".endswith(f".{name}") for name in names)


def read_certificate(file: Path) -> x509.Certificate:
    """The first certificate of a PEM file. Raises `AuthorityError`."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityError(f"{file} cannot be read as a certificate: {error}.") from None


def vouching(pages: Path | None) -> x509.Certificate | None:
    """The shop's own CA, if the pages' certificate is of it. Raises `AuthorityError`."""
    if pages is None or not pages.with_name(CA).exists():
        return None
    own = read_certificate(pages.with_name(CA))
    return own if read_certificate(pages).issuer == own.subject else None


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, as phones show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def warning(certificate: x509.Certificate | None, now: datetime | None = None) -> Sentence | None:
    """What to say of the pages' certificate when it ends soon, or has ended."""
    if certificate is None or (left := days_left(certificate, now)) >= SOON_DAYS:
        return None
    ends = certificate.not_valid_after_utc.date().isoformat()
    if left < 0:
        return Sentence(
            "the pages' certificate ended on %(day)s, and phones refuse it: renew it, with "
            "overdoor ca if the shop made it itself",
            day=ends,
        )
    return Sentence(
        "the pages' certificate ends on %(day)s: renew it, with overdoor ca if the shop made it "
        "itself",
        day=ends,
    )


def days_left(certificate: x509.Certificate, now: datetime | None = None) -> int:
    """Until it ends; negative after that."""
    return (certificate.not_valid_after_utc - (now or datetime.now(UTC))).days


def _only_here(names: Sequence[str]) -> x509.NameConstraints:
    networks = [*map(ipaddress.ip_network, (*_PRIVATE, *_PRIVATE6))]
    permitted: list[x509.GeneralName] = [x509.IPAddress(network) for network in networks]
    permitted += [x509.DNSName(name) for name in _LOCAL_NAMES]
    for name in names:
        general = _general(name)
        if isinstance(general, x509.IPAddress):
            permitted.append(x509.IPAddress(ipaddress.ip_network(name)))
        else:
            permitted.append(general)
    return x509.NameConstraints(permitted, None)


def _for_signing() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name.lower().encode("idna").decode())
    except UnicodeError:
        raise AuthorityError(f"{name!r} is no name and no address.") from None


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuthorityError(f"{file} cannot be read as a key: {error}.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError(f"{file} is not the key that Overdoor made.")
    return key


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(file: Path, content: bytes, mode: int) -> None:
    try:
        durable.secret_folder(file.parent)
        durable.write(file, content, mode)
    except OSError as error:
        raise AuthorityError(f"{file} cannot be written: {error.strerror}.") from None
