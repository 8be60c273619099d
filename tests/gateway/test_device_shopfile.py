"""A shop.toml that a person wrote, changed by one line."""

import difflib
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.device import DeviceError, shopfile

HEAD = '[shop]\nid = "t"\nname = "Shop"  # ours\n\n[[zone]]\nid = "women"\nname = "Women"\n\n'


def written(folder: Path, rooms: str) -> Path:
    file = folder / "shop.toml"
    file.write_bytes((HEAD + rooms).encode())
    return file


def a_room(id_: str, devices: str = "", newline: str = "\n") -> str:
    lines = ["[[room]]", f'id = "{id_}"', 'name = "R"   # one', 'zone = "women"', devices, ""]
    return newline.join(line for line in lines if line) + newline


def devices(file: Path, room: str) -> Any:
    data = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    said = next(part for part in data["room"] if part["id"] == room)
    return said.get("device", said.get("devices"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "cp-new"),
        ('device = "a"  # hung in May', ["a", "cp-new"]),
        ("devices = []  # none yet", ["cp-new"]),
        ('devices = ["a", "b"]', ["a", "b", "cp-new"]),
        ('devices = [\n  "a",  # left\n  "b",  # right\n]', ["a", "b", "cp-new"]),
    ],
)
def test_a_device_is_hung_however_the_room_was_written(
    tmp_path: Path, before: str, after: Any
) -> None:
    file = written(tmp_path, a_room("w1", before) + "\n# the second\n" + a_room("w2"))
    shopfile.hang(file, "w1", "cp-new")
    assert devices(file, "w1") == after
    assert devices(file, "w2") is None


NAMES = st.lists(
    st.text("abc-1", min_size=1, max_size=4), unique=True, min_size=1, max_size=4
).filter(lambda names: "new" not in names)


@st.composite
def shops(draw: st.DrawFn) -> tuple[str, list[str], dict[str, list[str]]]:
    """A file, its rooms, and the devices of each."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    names = draw(NAMES)
    free = iter(range(100))
    text, hung = HEAD.replace("\n", newline), {}
    for name in names:
        count = draw(st.integers(0, 3))
        hung[name] = [f"d{next(free)}" for _ in range(count)]
        quoted = ", ".join(f'"{device}"' for device in hung[name])
        said = draw(st.sampled_from(["devices = [%s]", "devices=[ %s ] # all"])) % quoted
        if count == 1 and draw(st.booleans()):
            said = f"device = {quoted}"
        if count == 0 and draw(st.booleans()):
            said = ""
        text += draw(st.sampled_from(["", "# device = 'x'", "   "])) + newline
        text += a_room(name, said, newline)
    if draw(st.booleans()):
        text = text.removesuffix(newline)
    return text, names, hung


@given(shops(), st.data())
def test_everything_else_stays_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    shop: tuple[str, list[str], dict[str, list[str]]],
    data: st.DataObject,
) -> None:
    text, names, hung = shop
    file = tmp_path_factory.mktemp("shop") / "shop.toml"
    file.write_bytes(text.encode())
    room = data.draw(st.sampled_from(names))
    shopfile.hang(file, room, "new")
    for name in names:
        said = devices(file, name)
        expected = hung[name] + (["new"] if name == room else [])
        assert (said if isinstance(said, list) else [said] if said else []) == expected
    shopfile.swap(file, "new", "newer")
    assert devices(file, room) in ("newer", [*hung[room], "newer"])
    changes = [
        line
        for line in difflib.ndiff(text.splitlines(), file.read_bytes().decode().splitlines())
        if line[:2] in ("- ", "+ ")
    ]
    assert len(changes) <= 2
    assert file.read_bytes().count(b"\r\n") in (0, file.read_bytes().count(b"\n"))


def test_rooms_written_inline_are_left_to_the_person(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    room = '{id = "w1", name = "R", zone = "women"}'
    file.write_text(f"room = [{room}]\n" + HEAD)
    with pytest.raises(DeviceError, match=r'the line  devices = \["new"\]'):
        shopfile.hang(file, "w1", "new")
    assert file.read_text() == f"room = [{room}]\n" + HEAD
    assert [each.name for each in tmp_path.iterdir()] == ["shop.toml"]


def test_modes_links_and_the_mark_of_windows_stay(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_bytes(b"\xef\xbb\xbf" + (HEAD + a_room("w1")).encode())
    real.chmod(0o640)
    link = tmp_path / "shop.toml"
    link.symlink_to(real)
    shopfile.hang(link, "w1", "new")
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_bytes().startswith(b"\xef\xbb\xbf[shop]")
    assert devices(real, "w1") == "new"
