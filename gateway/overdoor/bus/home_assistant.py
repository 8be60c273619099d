"""The shop as Home Assistant discovers it (https://www.home-assistant.io/integrations/mqtt/).

One message for each entity, retained under `{prefix}/{component}/overdoor-{shop}/{object}/config`.
A room is a device there, a pager is, and the gateway; where several of ours hang in a room, each
of them is one more. All names are the shop's, or Home Assistant's own for such a thing.

What is announced stays announced while the shop's file has its room and device: to clear an entity
makes Home Assistant forget what its people set there. So a value that is only known once the device
told it (signal strength) adds an entity later, and never takes one away.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from overdoor import __version__
from overdoor.bus.topics import Topics
from overdoor.core.events import Fact
from overdoor.core.model import INPUTS, Plan, Room
from overdoor.engine import Done, Engine
from overdoor.languages import gettext as _
from overdoor.languages import pgettext, speaking

ONLINE = b"online"
AT_ONCE = 50  # homes announced in one turn of the loop
PRESSES = ("raised", "pressed_again", "missed")
CALL_STATES = ("idle", "raised", "acknowledged", "arrived")
LIT = ("raised", "acknowledged", "offline")  # signals that the lamp over the door shows

_PRESSED = (
    "{% if value_json.event_type in ['pressed_again', 'missed'] or (value_json.event_type == "
    "'raised' and value_json.source == 'button') %}{{ value }}{% endif %}"
)
_ABOUT_CALL = (
    "{{ {'since': value_json.since, 'need': value_json.need, 'outcome': value_json.outcome, "
    "'degraded': value_json.degraded} | tojson }}"
)
_LAMP = f"{{{{ 'ON' if value_json is defined and value_json.state in {list(LIT)} else 'OFF' }}}}"
_ABOUT_LAMP = "{{ {'signal': value_json.state} | tojson }}"
_CONNECTED = "{{ 'OFF' if value == 'offline' else 'ON' }}"
_AVAILABLE = "{{ 'offline' if value == 'offline' else 'online' }}"  # asleep is not away

Home: TypeAlias = tuple[str, str]  # ("room" | "pager" | "gateway", id)
Said: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entity:
    """What is announced. `known`: whether there is anything to show yet."""

    component: str
    object: str
    config: Said
    known: bool = True


class Discovery:
    """Announces one engine's shop, on its event loop, while there is a connection.

    `wanted` False takes back what an earlier run announced. `url`: where the pages are.
    """

    def __init__(
        self,
        engine: Engine,
        shop: str,
        name: str,
        *,
        prefix: str,
        wanted: bool,
        url: str,
        language: str,
    ) -> None:
        self.birth = f"{prefix}/status"
        self._own = f"{prefix}/+/overdoor-{shop}/+/config"
        self.filters = [self.birth, self._own]
        self._engine, self._shop, self._name = engine, shop, name
        self._topics = Topics(shop)
        self._prefix, self._wanted, self._url, self._language = prefix, wanted, url, language
        self._publish: Callable[[str, bytes], None] | None = None
        self._said: dict[str, bytes] = {}  # topic → what this connection announced
        self._due: dict[Home, None] = {}
        self._soon: asyncio.Handle | None = None
        self._plan: Plan | None = None  # of which `_possible` tells
        self._possible: frozenset[str] = frozenset()
        engine.listen(self._follow)

    # -- when ------------------------------------------------------------------------------------

    def begin(self, publish: Callable[[str, bytes], None]) -> None:
        """A connection stands; what it hears comes to `hear`."""
        self._publish = publish
        self._announce_all()

    def end(self) -> None:
        """It is over."""
        self._publish = None
        self._due.clear()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> bool:
        """Takes what is said there; whether the topic is one of those."""
        if topic == self.birth:
            if payload == ONLINE:
                self._announce_all()
            return True
        if not self._is_ours(topic):
            return False
        if retained and payload and self._publish and topic not in self._all_possible():
            self._publish(topic, b"")  # of an earlier run: the room or the device is gone
        return True

    def _follow(self, done: Done) -> None:
        for event in done.events:
            if event.fact is Fact.CONFIGURED and self._publish is not None:
                for topic in self._said.keys() - self._all_possible():
                    self._publish(topic, b"")
                    del self._said[topic]
                self._plan_all()
            elif event.fact is Fact.DESCRIBED and event.device is not None:
                self.described(event.device)

    def described(self, device: str) -> None:
        """A device said how it does; what it is, the log says."""
        plan = self._engine.committed.plan
        if device in plan.room_of:
            self._plan_for(("room", plan.room_of[device]))
        elif device in plan.pagers:
            self._plan_for(("pager", device))

    def _is_ours(self, topic: str) -> bool:
        before, node, after = topic.partition(f"/overdoor-{self._shop}/")
        return bool(node) and before.startswith(f"{self._prefix}/") and after.endswith("/config")

    def _announce_all(self) -> None:
        self._said.clear()
        self._plan_all()

    def _plan_all(self) -> None:
        plan = self._engine.committed.plan
        self._plan_for(
            ("gateway", ""),
            *(("room", room) for room in plan.rooms),
            *(("pager", pager) for pager in plan.pagers),
        )

    def _plan_for(self, *homes: Home) -> None:
        if self._publish is not None and self._wanted:
            self._due |= dict.fromkeys(homes)
            if self._soon is None:
                self._soon = asyncio.get_running_loop().call_soon(self._announce)

    def _announce(self) -> None:
        """Says what is new of some homes; a large shop does not hold a press up."""
        self._soon = None
        for home in list(self._due)[:AT_ONCE]:
            del self._due[home]
            for entity in self.entities(home):
                payload = json.dumps(entity.config, ensure_ascii=False).encode()
                topic = self._topic(entity)
                if entity.known and self._said.get(topic) != payload and self._publish:
                    self._said[topic] = payload
                    self._publish(topic, payload)
        if self._due:
            self._plan_for()

    def _all_possible(self) -> frozenset[str]:
        plan = self._engine.committed.plan
        if not self._wanted:
            return frozenset()
        if plan is not self._plan:
            homes: list[Home] = [("gateway", "")]
            homes += [("room", room) for room in plan.rooms]
            homes += [("pager", pager) for pager in plan.pagers]
            found = (self._topic(entity) for home in homes for entity in self.entities(home))
            self._plan, self._possible = plan, frozenset(found)
        return self._possible

    def _topic(self, entity: Entity) -> str:
        return f"{self._prefix}/{entity.component}/overdoor-{self._shop}/{entity.object}/config"

    # -- what ------------------------------------------------------------------------------------

    def entities(self, home: Home) -> Iterator[Entity]:
        """All that a room, a pager or the gateway can have there."""
        kind, id_ = home
        plan = self._engine.committed.plan
        with speaking(self._language):
            if kind == "gateway":
                yield self._gateway()
            elif kind == "pager" and id_ in plan.pagers:
                pager = plan.pagers[id_]
                zone = plan.zones.get(pager.zone or "")
                name = " ".join((_("Pager"), id_))
                device = self._device(f"device-{id_}", name, zone.name if zone else None, id_)
                yield from self._of_any(id_, f"device-{id_}", device)
            elif kind == "room" and id_ in plan.rooms:
                yield from self._room(plan.rooms[id_])

    def _gateway(self) -> Entity:
        config = {
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": self._topics.gateway_status,
            "payload_on": "online",
            "payload_off": "offline",
            "device": {
                "identifiers": [f"overdoor-{self._shop}"],
                "name": self._name,
                "manufacturer": "Overdoor",
                "model": "Gateway",
                "sw_version": __version__,
                "configuration_url": self._url,
            },
        }
        return self._entity("binary_sensor", "gateway-online", config)

    def _room(self, room: Room) -> Iterator[Entity]:
        shop = self._engine.committed
        zone = shop.plan.zones[room.zone]
        only = room.devices[0] if len(room.devices) == 1 else None
        key = f"room-{room.id}"
        device = self._device(key, room.name, zone.name, only)
        call = self._topics.room(room.id, "call")
        yield self._entity(
            "sensor",
            f"{key}-call",
            {
                "name": pgettext("noun", "Call"),
                "device_class": "enum",
                "options": list(CALL_STATES),
                "icon": "mdi:hanger",
                "state_topic": call,
                "value_template": "{{ value_json.state }}",
                "json_attributes_topic": call,
                "json_attributes_template": _ABOUT_CALL,
                "availability": [self._while_gateway()],
                "device": device,
            },
        )
        yield self._entity(
            "event",
            f"{key}-button",
            {
                "device_class": "button",
                "event_types": list(PRESSES),
                "state_topic": self._topics.room(room.id, "event"),
                "value_template": _PRESSED,
                "availability": [self._while_gateway()],
                "device": device,
            },
            known=any(self._has(id_, INPUTS) for id_ in room.devices),
        )
        for id_ in room.devices:
            own = device
            if only is None:
                own = self._device(f"{key}-{id_}", f"{room.name} {id_}", zone.name, id_)
                own["via_device"] = f"overdoor-{self._shop}-{key}"
            yield self._lamp(id_, f"{key}-{id_}", own)
            yield from self._of_any(id_, f"{key}-{id_}", own)

    def _lamp(self, id_: str, key: str, device: Said) -> Entity:
        """What the lamp was told to show. No light: it takes no command but the gateway's."""
        signal = self._topics.device(id_, "signal")
        name = _("lamp over the door")
        config = {
            "name": name[:1].upper() + name[1:],
            "device_class": "light",
            "state_topic": signal,
            "value_template": _LAMP,
            "json_attributes_topic": signal,
            "json_attributes_template": _ABOUT_LAMP,
            "availability": self._while_there(id_),
            "availability_mode": "all",
            "device": device,
        }
        return self._entity("binary_sensor", f"{key}-lamp", config, self._has(id_, {"lamp"}))

    def _of_any(self, id_: str, key: str, device: Said) -> Iterator[Entity]:
        """The diagnostics of one of our devices."""
        online = {
            "device_class": "connectivity",
            "state_topic": self._topics.device(id_, "status"),
            "value_template": _CONNECTED,
            "entity_category": "diagnostic",
            "availability": [self._while_gateway()],
            "device": device,
        }
        yield self._entity("binary_sensor", f"{key}-online", online)
        told = self._engine.telemetry.get(id_, {})
        for field, about in (
            ("rssi", {"device_class": "signal_strength", "unit_of_measurement": "dBm"}),
            ("uptime_s", {"device_class": "duration", "unit_of_measurement": "s"}),
        ):
            config = {
                **about,
                "state_class": "measurement",
                "state_topic": self._topics.device(id_, "info"),
                "value_template": f"{{{{ value_json.{field} }}}}",
                "entity_category": "diagnostic",
                "availability": self._while_there(id_),
                "availability_mode": "all",
                "device": device,
            }
            leaf = field.removesuffix("_s")
            yield self._entity("sensor", f"{key}-{leaf}", config, field in told)

    def _entity(self, component: str, object_: str, config: Said, known: bool = True) -> Entity:
        id_ = f"overdoor-{self._shop}-{object_}"
        entity_id = f"overdoor_{self._shop}_{object_.removeprefix('room-')}".replace("-", "_")
        config = {
            "unique_id": id_,
            "object_id": entity_id,  # until 2026.4
            "default_entity_id": f"{component}.{entity_id}",  # from 2025.10
            "origin": {"name": "Overdoor", "sw_version": __version__},
            **config,
        }
        return Entity(component, object_, config, known)

    def _device(self, key: str, name: str, area: str | None, only: str | None) -> Said:
        """A device there; `only` is the one of ours that it stands for, if it is one."""
        about = self._engine.committed.devices.get(only) if only else None
        device = {
            "identifiers": [f"overdoor-{self._shop}-{key}"],
            "name": name,
            "manufacturer": "Overdoor",
            "model": about.model if about else None,
            "sw_version": about.firmware if about else None,
            "suggested_area": area,
            "via_device": f"overdoor-{self._shop}",
            "configuration_url": self._url,
        }
        return {key: value for key, value in device.items() if value is not None}

    def _has(self, id_: str, caps: frozenset[str] | set[str]) -> bool:
        about = self._engine.committed.devices.get(id_)
        return about is not None and not caps.isdisjoint(about.caps)

    def _while_gateway(self) -> Said:
        return {"topic": self._topics.gateway_status}

    def _while_there(self, id_: str) -> list[Said]:
        topic = self._topics.device(id_, "status")
        return [self._while_gateway(), {"topic": topic, "value_template": _AVAILABLE}]
