"""What Home Assistant's MQTT integration needs beside it. It would install that by itself."""

import json
from importlib.util import find_spec
from pathlib import Path

spec = find_spec("homeassistant")
assert spec is not None and spec.origin is not None
components = Path(spec.origin).with_name("components")
todo, needs = ["mqtt"], set[str]()
for component in todo:
    manifest = json.loads((components / component / "manifest.json").read_text())
    needs.update(manifest.get("requirements", ()))
    todo += [other for other in manifest.get("dependencies", ()) if other not in todo]
print(*sorted(needs))
