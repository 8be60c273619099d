"""What the attackers' tests share with the gateway's own."""

from tests.gateway.conftest import house, shop

__all__ = ["house", "shop"]
