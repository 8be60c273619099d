"""The firmware's decisions, loaded beside the gateway's package of the same name."""

import importlib
import importlib.util
import sys
from typing import Any

from overdoor.resources import folder

_NAME = "overdoor_device"


def module(name: str) -> Any:
    """A pure module of the firmware, on this interpreter."""
    if _NAME not in sys.modules:
        place = folder("firmware") / "overdoor"
        spec = importlib.util.spec_from_file_location(
            _NAME, place / "__init__.py", submodule_search_locations=[str(place)]
        )
        assert spec is not None and spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules[_NAME] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{_NAME}.{name}")
