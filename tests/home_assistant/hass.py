"""A Home Assistant with nothing but its MQTT integration. Runs in an environment of its own.

    python hass.py FOLDER

The file `broker.json` in the folder says where the broker is, as its MQTT integration has it. It
tells what it knows of MQTT's entities as one line of JSON each time that changes:
`{entity_id: {state, attributes, device, area, category}}`.
"""

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any

from homeassistant import auth, bootstrap, config_entries, core, loader
from homeassistant.const import __version__
from homeassistant.helpers import area_registry, device_registry, entity_registry
from homeassistant.setup import async_setup_component

QUIET_S = 0.3


def _entry(broker: dict[str, Any]) -> config_entries.ConfigEntry:
    about: dict[str, Any] = {
        "version": 1,
        "domain": "mqtt",
        "title": "broker",
        "data": {"discovery": True, **broker},
        "source": config_entries.SOURCE_USER,
        "options": {},
        "unique_id": None,
    }
    wanted = config_entries.ConfigEntry.__init__.__code__.co_varnames
    later: dict[str, Any] = {"minor_version": 1, "discovery_keys": {}, "subentries_data": None}
    return config_entries.ConfigEntry(
        **about, **{key: value for key, value in later.items() if key in wanted}
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _known(hass: core.HomeAssistant) -> dict[str, Any]:
    entities = entity_registry.async_get(hass)
    devices, areas = device_registry.async_get(hass), area_registry.async_get(hass)
    found = {}
    for entity in entities.entities.values():
        state = hass.states.get(entity.entity_id)
        device = devices.async_get(entity.device_id) if entity.device_id else None
        area = areas.async_get_area(device.area_id) if device and device.area_id else None
        found[entity.entity_id] = {
            "state": state.state if state else None,
            "name": state.attributes.get("friendly_name") if state else None,
            "attributes": dict(state.attributes) if state else {},
            "device": device.name if device else None,
            "model": device.model if device else None,
            "firmware": device.sw_version if device else None,
            "area": area.name if area else None,
            "category": entity.entity_category,
        }
    return found


async def main(folder: Path) -> None:
    broker = json.loads((folder / "broker.json").read_text())
    hass = core.HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(hass, [], [])
    await async_setup_component(hass, "homeassistant", {})
    # Nobody opens its pages, but MQTT's settings want them.
    pages = {"server_host": "127.0.0.1", "server_port": _free_port()}
    await async_setup_component(hass, "http", {"http": pages})
    await hass.async_start()
    changed = asyncio.Event()
    hass.bus.async_listen("state_changed", lambda _: hass.loop.call_soon_threadsafe(changed.set))
    hass.bus.async_listen(
        "entity_registry_updated", lambda _: hass.loop.call_soon_threadsafe(changed.set)
    )
    print(json.dumps({"version": __version__}), flush=True)
    await hass.config_entries.async_add(_entry(broker))
    while True:
        print(json.dumps(_known(hass), default=str), flush=True)
        await changed.wait()
        await asyncio.sleep(QUIET_S)
        changed.clear()


asyncio.run(main(Path(sys.argv[1])))
