"""A whole shop on one machine: simulated rooms that run the real firmware, people who walk."""

from overdoor.demo.rooms import DemoError
from overdoor.demo.run import run_demo
from overdoor.demo.shop import DemoShop, demo_config

__all__ = ["DemoError", "DemoShop", "demo_config", "run_demo"]
