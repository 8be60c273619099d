"""A few numbers for Prometheus, read from the shop when it asks."""

import shutil
from collections import Counter as Count
from collections.abc import Iterator

from cryptography import x509
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from overdoor import __version__
from overdoor.core.model import DeviceStatus
from overdoor.engine import Engine
from overdoor.hooks import Hooks

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Shop:
    """Collects from one engine."""

    def __init__(self, engine: Engine, hooks: Hooks, certificate: x509.Certificate | None) -> None:
        self._engine = engine
        self._hooks = hooks
        self._certificate = certificate

    def collect(self) -> Iterator[Metric]:
        engine, shop = self._engine, self._engine.committed
        calls = GaugeMetricFamily("overdoor_open_calls", "Open calls by state", labels=["state"])
        states = Count(str(call.state) for call in shop.calls.values())
        for state in ("raised", "acknowledged", "arrived"):
            calls.add_metric([state], states[state])
        yield calls
        devices = GaugeMetricFamily("overdoor_devices", "Devices by status", labels=["status"])
        statuses = Count(device.status for device in shop.devices.values())
        for status in DeviceStatus:
            devices.add_metric([status], statuses[status])
        yield devices
        yield GaugeMetricFamily(
            "overdoor_events_logged", "Number of the last fact in the log", value=engine.seq
        )
        yield GaugeMetricFamily("overdoor_on_duty", "Duties", value=len(shop.duties))
        retention = engine.retention
        if retention is not None:
            yield CounterMetricFamily(
                "overdoor_events_removed",
                "Facts that were kept long enough, since the start",
                value=retention.removed,
            )
            if retention.ran_at is not None:
                yield GaugeMetricFamily(
                    "overdoor_retention_ran_timestamp_seconds",
                    "When nothing was left to remove last",
                    value=retention.ran_at / 1000,
                )
        yield CounterMetricFamily(
            "overdoor_broker_losses", "Connections to the broker lost", value=engine.broker_losses
        )
        yield GaugeMetricFamily(
            "overdoor_broker_up", "1 while connected to the broker", value=engine.broker_up
        )
        yield from self._webhooks()
        yield from self._machine()

    def _machine(self) -> Iterator[Metric]:
        """How the gateway and its machine do."""
        engine, shop = self._engine, self._engine.committed
        info = GaugeMetricFamily("overdoor_info", "Always 1", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield GaugeMetricFamily(
            "overdoor_ready", "0 while /readyz has a reason", value=not engine.reasons()
        )
        raised = [call.raised_at for call in shop.calls.values() if call.arrived_at is None]
        longest = engine.clock() - min(raised) if raised else 0
        yield GaugeMetricFamily(
            "overdoor_longest_wait_seconds",
            "Since the oldest call was raised",
            value=longest / 1000,
        )
        file = engine.store.path
        sizes = {path: path.stat().st_size for path in file.parent.glob(f"{file.name}*")}
        yield GaugeMetricFamily(
            "overdoor_database_bytes", "The database and its log", value=sum(sizes.values())
        )
        yield GaugeMetricFamily(
            "overdoor_disk_free_bytes",
            "On the disk of the database",
            value=shutil.disk_usage(file.parent).free,
        )
        if engine.write_ms is not None:
            yield GaugeMetricFamily(
                "overdoor_disk_write_seconds",
                "How long a small write took at the start",
                value=engine.write_ms / 1000,
            )
        if self._certificate is not None:
            yield GaugeMetricFamily(
                "overdoor_certificate_end_timestamp_seconds",
                "When the certificate of the pages ends",
                value=self._certificate.not_valid_after_utc.timestamp(),
            )

    def _webhooks(self) -> Iterator[Metric]:
        hooks = self._hooks.by_id
        waiting = GaugeMetricFamily(
            "overdoor_webhook_waiting", "Events that wait to be taken", labels=["webhook"]
        )
        for id_, hook in hooks.items():
            waiting.add_metric([id_], hook.waiting)
        yield waiting
        for name, what in (
            ("delivered", "Events that were taken, since the start"),
            ("failures", "Tries that failed, since the start"),
            ("given_up", "Events that will never be told, since the start"),
        ):
            counter = CounterMetricFamily(f"overdoor_webhook_{name}", what, labels=["webhook"])
            for id_, hook in hooks.items():
                counter.add_metric([id_], getattr(hook, name))
            yield counter


def render(engine: Engine, hooks: Hooks, certificate: x509.Certificate | None = None) -> str:
    """All of them, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Shop(engine, hooks, certificate))
    ProcessCollector(registry=registry)
    return generate_latest(registry).decode()
