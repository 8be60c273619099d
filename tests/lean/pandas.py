"""Not there, for what the tests start: see tests/conftest.py."""

raise ImportError("a shop has no pandas")
