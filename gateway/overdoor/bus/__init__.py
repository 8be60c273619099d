"""The door to the devices: MQTT by the contract of `docs/protocol.md`."""

from overdoor.bus.broker import BrokerError, EmbeddedBroker, Guard
from overdoor.bus.client import Address, Bus, TakenOver
from overdoor.bus.home_assistant import Discovery

__all__ = ["Address", "BrokerError", "Bus", "Discovery", "EmbeddedBroker", "Guard", "TakenOver"]
