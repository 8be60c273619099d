"""HMAC-SHA256 against the test cases of RFC 4231."""

import binascii

from overdoor_device.digest import Hmac, same

CASES = (
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
)


def test_rfc_4231():
    for key, text, wanted in CASES:
        mac = Hmac(key)
        mac.update(text[:5])
        mac.update(memoryview(text)[5:])
        assert binascii.hexlify(mac.digest()).decode() == wanted


def test_same():
    assert same(b"", b"")
    assert same(b"abc", b"abc")
    assert not same(b"abc", b"abd")
    assert not same(b"xbc", b"abc")
    assert not same(b"abc", b"ab")
