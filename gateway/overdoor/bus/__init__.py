"""The door to the devices: MQTT by the contract of `docs/protocol.md`."""

from overdoor.bus.broker import BrokerError, EmbeddedBroker
from overdoor.bus.client import Address, Bus, TakenOver

__all__ = ["Address", "BrokerError", "Bus", "EmbeddedBroker", "TakenOver"]
