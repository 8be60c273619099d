"""Private CAs and the certificates that they sign, made anew for each test."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SINCE = datetime(2000, 1, 1)
UNTIL = datetime(2049, 12, 31)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A CA with an EC key, as one makes it for a shop."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("A shop"))
            .issuer_name(_name("A shop"))
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(SINCE)
            .not_valid_after(UNTIL)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def der(self) -> bytes:
        return self._certificate.public_bytes(Encoding.DER)

    def issue(
        self, folder: Path, names: Sequence[str], since: datetime = SINCE, until: datetime = UNTIL
    ) -> tuple[Path, Path]:
        """A server's certificate and key, as two PEM files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_name("broker"))
            .issuer_name(_name("A shop"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        pem, secret = folder / "broker.pem", folder / "broker.key"
        pem.write_bytes(certificate.public_bytes(Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return pem, secret
