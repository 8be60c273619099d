"""The picture in the docs is what the firmware draws today, and what it draws can be read."""

import importlib.util
import struct
import zlib
from pathlib import Path
from types import ModuleType

import pytest
from overdoor_device.letters import Font

from .conftest import FIRMWARE
from .eyes import Eyes
from .test_pager import alike


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FIRMWARE / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unpacked(path: Path) -> tuple[int, int, bytes]:
    """A PNG of eight bits RGB without filters."""
    data, at, packed = path.read_bytes(), 8, b""
    width = height = 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    lines = zlib.decompress(packed)
    step = 3 * width + 1
    rows = (lines[start + 1 : start + step] for start in range(0, len(lines), step))
    return width, height, b"".join(rows)


def test_the_picture_in_the_docs_is_what_the_firmware_draws() -> None:
    drawn = tool("pager_picture").picture()
    committed = unpacked(FIRMWARE.parent / "docs" / "images" / "pager.png")
    assert committed == drawn, "make it anew: python firmware/tools/pager_picture.py"


@pytest.mark.parametrize("screen", ["ssd1306", "st7789"])
def test_every_state_can_be_read_off_the_points(screen: str) -> None:
    eyes, states = Eyes(), tool("pager_picture").states(screen)
    assert len(states) >= 8
    for state in states:
        read = eyes.read if screen == "ssd1306" else eyes.read_colour
        assert [alike(line) for line in read(state["points"])] == [
            alike(line) for line in state["lines"]
        ], state["state"]


def test_the_letters_are_those_of_the_drawings() -> None:
    made = tool("make_glyphs").make((FIRMWARE / "tools" / "glyphs.txt").read_text())
    committed = (FIRMWARE / "overdoor" / "glyphs.py").read_text()
    assert made == committed, "make them anew: python firmware/tools/make_glyphs.py"


@pytest.mark.parametrize(
    "letters",
    [
        "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЬЮЯабвгдежзийклмнопрстуфхцчшщъьюя",  # Bulgarian
        "ЁЫЭёыэ",  # and Russian
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",  # Greek
        "ÄÖÜäöüß",  # German
        "ČĆĐŠŽčćđšž",  # Bosnian
    ],
)
def test_each_language_has_its_letters(letters: str) -> None:
    font = Font(lambda letter: letter.encode() * 8)
    box = font.glyph("□")
    assert [letter for letter in letters if font.glyph(letter) == box] == []
    assert font.glyph("字") == box
