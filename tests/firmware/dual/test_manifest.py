"""Manifests: what is read, and what is refused."""

from overdoor_device.manifest import ManifestError, read, read_version

HASH = "ab" * 32
GOOD = ["overdoor-firmware 1\n", "version 0.2.0\n", HASH + " 10 overdoor/main.mpy\n"]


def refused(lines):
    try:
        read(lines)
    except ManifestError:
        return True
    return False


def test_what_it_says():
    manifest = read(GOOD + ["back-from 1.0.0\n", HASH + " 4097 overdoor/x.py\n"])
    assert (manifest.version, manifest.back_from) == ("0.2.0", "1.0.0")
    assert manifest.files[0] == ("overdoor/main.mpy", 10, b"\xab" * 32)
    assert manifest.size(4096) == (2 + 3) * 4096


def test_versions():
    assert read_version("0.10.0") > read_version("0.9.12")
    for nonsense in ("", "1.0", "1.0.0.0", "01.0.0", "1.0.-1", "1.0.0a", "1..0", None, 1, "9" * 99):
        assert read_version(nonsense) is None


def test_nonsense_is_refused():
    assert not refused(GOOD)
    for lines in (
        [],
        GOOD[1:],
        GOOD[:2],
        [GOOD[0], GOOD[2]],
        ["overdoor-firmware 2\n"] + GOOD[1:],
        GOOD + ["\n"],
        GOOD + ["version x\n"],
        GOOD + [GOOD[2]],
        GOOD + ["%s %d overdoor/y%d.py\n" % (HASH, 1, n) for n in range(99)],
    ):
        assert refused(lines), lines


def test_files_that_are_none():
    for line in (
        "ab 10 overdoor/x.py",
        "zz" * 32 + " 10 overdoor/x.py",
        HASH + " -1 overdoor/x.py",
        HASH + " 1e3 overdoor/x.py",
        HASH + " 9999999 overdoor/x.py",
        HASH + " 999999 overdoor/x.py",
        HASH + " 10 /overdoor/x.py",
        HASH + " 10 ../main.py",
        HASH + " 10 overdoor/../../x",
        HASH + " 10 overdoor//x",
        HASH + " 10 overdoor/.x",
        HASH + " 10 manifest",
        HASH + " 10 " + "x" * 65,
        HASH + " 10  x",
    ):
        assert refused(GOOD + [line + "\n"]), line
