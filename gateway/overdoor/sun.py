"""What an NTAG 424 DNA says when a phone reads it: which tag, and the how-manieth time.

The tag mirrors two values into the address that it gives to the phone (NXP AN12196, "secure unique
NFC message"): its number and counter, encrypted so that nobody can follow the tag, and a signature
over both. Source of the formats: AN12196 sections 3.3 and 3.4, NT4H2421Gx data sheet section 9.3.
"""

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

KEY_BYTES = 16
UID_BYTES = 7
_WITH_UID_AND_COUNTER = 0xC0 | UID_BYTES  # PICCDataTag
_SV2 = bytes.fromhex("3CC300010080")  # begins the session vector of a signature


@dataclass(frozen=True, slots=True)
class Picc:
    """A tag's number, and how often it was read."""

    uid: bytes
    counter: int


def decrypt(meta_key: bytes, encrypted: bytes) -> Picc | None:
    """Who says it has read so often; None if it is no number and counter. Proves nothing yet."""
    if len(encrypted) != KEY_BYTES:
        return None
    decryptor = Cipher(AES(meta_key), CBC(bytes(KEY_BYTES))).decryptor()
    plain = decryptor.update(encrypted) + decryptor.finalize()
    if plain[0] != _WITH_UID_AND_COUNTER:
        return None
    uid, counter = plain[1 : 1 + UID_BYTES], plain[1 + UID_BYTES : 4 + UID_BYTES]
    return Picc(uid, int.from_bytes(counter, "little"))


def is_signed(file_key: bytes, picc: Picc, signature: bytes) -> bool:
    """Whether the tag with this key signed this number and counter, and no file data."""
    return hmac.compare_digest(sign(file_key, picc), signature)


def sign(file_key: bytes, picc: Picc) -> bytes:
    """The signature, 8 bytes."""
    session_key = _cmac(file_key, _SV2 + picc.uid + picc.counter.to_bytes(3, "little"))
    return _cmac(session_key, b"")[1::2]


def _cmac(key: bytes, message: bytes) -> bytes:
    cmac = CMAC(AES(key))
    cmac.update(message)
    return cmac.finalize()
