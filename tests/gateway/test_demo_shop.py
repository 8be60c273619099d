"""The demo's shop as a file: `overdoor device` reads what the demo runs."""

from overdoor import config
from overdoor.demo import demo_config


def test_the_file_says_what_the_demo_runs() -> None:
    with demo_config(5, 0, "auto", None) as shop:
        assert config.read(shop.file).model_dump() == shop.config.model_dump()
