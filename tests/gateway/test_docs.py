"""The docs say what the code does."""

from pathlib import Path

from overdoor.core.lifecycle import diagram

DOCS = Path(__file__).parents[2] / "docs"


def test_the_lifecycle_is_drawn_from_its_table() -> None:
    assert diagram() in (DOCS / "lifecycle.md").read_text()


def test_the_configuration_in_the_contract_is_good(tmp_path: Path) -> None:
    from overdoor.config import read

    text = (DOCS / "protocol.md").read_text()
    start = text.index("```toml\n") + len("```toml\n")
    shop = tmp_path / "shop.toml"
    shop.write_text(text[start : text.index("```", start)])
    assert read(shop).plan().rooms["w1"].devices == ("cp-w1",)
