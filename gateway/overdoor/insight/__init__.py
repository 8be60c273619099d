"""Service metrics: pure functions from rows to numbers. Each says its definition and its source."""
