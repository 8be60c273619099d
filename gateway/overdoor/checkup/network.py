"""What the gateway needs of the network: its ports, the broker, the push services."""

import asyncio
import os
import secrets
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import aiomqtt

from overdoor.bus import Address, BrokerError, EmbeddedBroker, Guard
from overdoor.bus.mosquitto import checker
from overdoor.checkup.gateway import Gateway
from overdoor.config import Config
from overdoor.core.sentence import Sentence
from overdoor.engine import BROKER_AWAY
from overdoor.finding import Finding, bad, good, warning

MOSQUITTO_FILES = Path("/etc/mosquitto")
LOW_PORTS = 1024  # those below are not for everybody
_ASK_S = 3.0
_VERSION_S = 1.0
_OLDEST = (2, 0)  # of mosquitto: from here on nobody is let in unless its file says so
_REFUSED = {4, 5, 134, 135}  # reason codes of CONNACK: password, not authorised; MQTT 3.1.1 and 5
_WANTED = (
    "set_tcp_nodelay",
    "use_username_as_clientid",
    "max_inflight_messages",
    "max_queued_messages",
)
_START_IT = Sentence("Start it, or mend [mqtt] url; a gateway that runs keeps trying.")
# Where the services of browsers are that hide behind a wildcard; the first is Chrome's.
_PUSH = {
    "*.push.services.mozilla.com": "updates.push.services.mozilla.com",
    "*.push.apple.com": "web.push.apple.com",
    "*.notify.windows.com": "wns2-par02p.notify.windows.com",
}


def pages(config: Config, gateway: Gateway | None) -> Iterator[Finding]:
    """Whether the pages can be served, and for whom; what the gateway that runs complains of."""
    web = config.web
    if gateway is not None and not gateway.answers:
        yield bad(
            Sentence("The gateway runs, but answers nothing: it hangs."),
            Sentence(
                "Pack what helps with overdoor doctor, start the gateway again, and send the file "
                "to whoever helps you."
            ),
        )
    elif gateway is not None:
        yield good(Sentence("The gateway runs; its pages are at %(url)s.", url=web.here))
        for reason in gateway.reasons:
            if reason != BROKER_AWAY:  # `broker` tells it
                yield bad(
                    Sentence("The gateway is not ready: %(why)s.", why=reason),
                    Sentence("Its log says more: journalctl -u overdoor"),
                )
    elif web.port < LOW_PORTS and os.geteuid() != 0:
        yield good(
            Sentence(
                "Only root, or the unit of overdoor service, can take port %(port)s.", port=web.port
            )
        )
    elif (why := _taken(web.host, web.port)) is None:
        yield good(Sentence("The pages can be served on %(bind)s.", bind=web.bind))
    else:
        yield bad(
            Sentence("The pages cannot be served on %(bind)s: %(why)s.", bind=web.bind, why=why),
            Sentence("Stop what listens there, or set another [web] bind."),
        )
    if _loopback(web.host):
        yield warning(
            Sentence("The pages are for this machine only: no phone can open them."),
            Sentence('Set [web] bind = "0.0.0.0:%(port)s".', port=web.port),
        )


def _taken(host: str, port: int) -> str | None:
    """Why nobody can listen there. It does not listen itself, so it is in nobody's way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return None
    except OSError as error:
        return os.strerror(error.errno or 0)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def broker(config: Config, gateway: Gateway | None) -> Iterator[Finding]:
    """Whether the broker takes the gateway, which one it is, and whether it is set up as it should.

    A gateway that runs is asked itself: where a user can be connected once only, to connect as it
    would put it out. One that hangs tells nothing.
    """
    mqtt = config.mqtt
    if mqtt.url == "embedded":
        yield from _embedded(config, gateway)
        return
    address = replace(Address.parse(mqtt.url), ca=str(mqtt.ca) if mqtt.ca else None)
    where = f"{address.host}:{address.port}"
    if gateway is None:
        yield _as_the_gateway(address, where)
    elif gateway.answers:
        yield _of_the_gateway(gateway, where)
    if address.user is not None and asyncio.run(_lets_in_anybody(address)):
        yield warning(
            Sentence("The broker at %(where)s lets in who says no password.", where=where),
            Sentence("Set allow_anonymous false, password_file and acl_file in its configuration."),
        )
    if _loopback(address.host) and (missing := missing_options(MOSQUITTO_FILES, address.port)):
        yield warning(
            Sentence("mosquitto's configuration has no %(options)s.", options=", ".join(missing)),
            Sentence("Add them as docs/running.md shows, and restart mosquitto."),
        )


def _of_the_gateway(gateway: Gateway, where: str) -> Finding:
    """By what the gateway that runs says of itself."""
    if BROKER_AWAY not in gateway.reasons:
        return good(Sentence("The broker at %(where)s takes the gateway.", where=where))
    return bad(
        Sentence("The broker at %(where)s does not answer: %(why)s.", where=where, why=BROKER_AWAY),
        _START_IT,
    )


def _as_the_gateway(address: Address, where: str) -> Finding:
    """By connecting with its password."""
    try:
        version = asyncio.run(_which(address))
    except (aiomqtt.MqttError, OSError) as error:
        if getattr(getattr(error, "rc", None), "value", None) in _REFUSED:
            return bad(
                Sentence("The broker at %(where)s refuses the gateway's password.", where=where),
                Sentence(
                    "Put the files of overdoor device add where mosquitto reads them, and let it "
                    "read them again."
                ),
            )
        return bad(
            Sentence("The broker at %(where)s does not answer: %(why)s.", where=where, why=error),
            _START_IT,
        )
    return _is_good(where, version)


def _embedded(config: Config, gateway: Gateway | None) -> Iterator[Finding]:
    mqtt = config.mqtt
    if gateway is None and _taken(mqtt.bind, mqtt.port) is not None:
        yield bad(
            Sentence(
                "Port %(port)s is taken, so the embedded broker cannot start.", port=mqtt.port
            ),
            Sentence(
                "Stop what listens there (Debian's own mosquitto: sudo systemctl disable --now "
                "mosquitto), or set another [mqtt] port."
            ),
        )
    guard = Guard(mqtt.bind, config.shop.id, Path()) if mqtt.is_guarded else None
    try:
        name = EmbeddedBroker(config.data.path, mqtt.port, mqtt.broker, guard).name
    except BrokerError as error:
        yield bad(
            Sentence("The embedded broker cannot start: %(why)s", why=error),
            Sentence(
                "On Debian: sudo apt install mosquitto && sudo systemctl disable --now mosquitto"
            ),
        )
        return
    if gateway is not None and BROKER_AWAY in gateway.reasons:
        yield bad(
            Sentence("The embedded broker (%(name)s) does not answer the gateway.", name=name),
            Sentence("It is started again by itself; if this stays, the gateway's log says why."),
        )
        return
    if mqtt.is_guarded:
        where = f"{mqtt.bind}:{mqtt.port}"
        yield good(
            Sentence(
                "The embedded broker (%(name)s) takes devices on %(where)s, with their passwords.",
                name=name,
                where=where,
            )
        )
        return
    yield warning(
        Sentence("The embedded broker (%(name)s) is for this machine only.", name=name),
        Sentence('For devices on the Wi-Fi install mosquitto, and set [mqtt] bind = "0.0.0.0".'),
    )


def _is_good(where: str, version: str | None) -> Finding:
    if version is None:
        return good(Sentence("The broker at %(where)s takes the gateway.", where=where))
    numbers = version.removeprefix("mosquitto version ").split(".")
    known = version.startswith("mosquitto") and all(part.isdigit() for part in numbers[:2])
    if known and tuple(map(int, numbers[:2])) < _OLDEST:
        return warning(
            Sentence("The broker at %(where)s is %(version)s.", where=where, version=version),
            Sentence("Use mosquitto 2.0 or newer: older ones let anybody in."),
        )
    return good(
        Sentence(
            "The broker at %(where)s takes the gateway; it is %(version)s.",
            where=where,
            version=version,
        )
    )


def _client(address: Address, *, named: bool) -> aiomqtt.Client:
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.user if named else None,
        password=address.password if named else None,
        identifier=f"overdoor-check-{secrets.token_hex(4)}",
        tls_context=ssl.create_default_context(cafile=address.ca) if address.tls else None,
        timeout=_ASK_S,
    )


async def _which(address: Address) -> str | None:
    """The same, by the user that is there for this: a user's second connection ends its first."""
    if address.user is not None:
        with suppress(aiomqtt.MqttError):  # a broker that was set up by hand may not know it
            return await _version(replace(address, user=checker(address.user)))
    return await _version(address)


async def _version(address: Address) -> str | None:
    """What the broker says that it is; None if it does not tell. Raises `MqttError`, `OSError`."""
    async with _client(address, named=True) as client:
        with suppress(TimeoutError, aiomqtt.MqttError):
            async with asyncio.timeout(_VERSION_S):
                await client.subscribe("$SYS/broker/version")
                async for message in client.messages:
                    return bytes(message.payload).decode(errors="replace")
    return None


async def _lets_in_anybody(address: Address) -> bool:
    try:
        async with _client(address, named=False):
            return True
    except (aiomqtt.MqttError, OSError):
        return False


def missing_options(folder: Path, port: int = 1883) -> list[str]:
    """Which options mosquitto's files lack; none if they are not those of the broker on this port.

    Files that cannot be read say nothing.
    """
    said: list[list[str]] = []
    try:
        for file in (folder / "mosquitto.conf", *sorted((folder / "conf.d").glob("*.conf"))):
            said += [line.split() for line in file.read_text(errors="replace").splitlines()]
    except OSError:
        return []
    listens = [words[1] for words in said if words[:1] == ["listener"] and len(words) > 1]
    if str(port) not in (listens or ["1883"]):
        return []
    return [option for option in _WANTED if [option] not in (words[:1] for words in said)]


def push(config: Config) -> Iterator[Finding]:
    """Whether web push can work, if it is wanted."""
    if config.notify.contact is None:
        return
    if config.web.scheme != "https":
        yield warning(
            Sentence("Web push is wanted, but browsers take it only over HTTPS."),
            Sentence("Make certificates with overdoor ca."),
        )
    yield from reaching([_PUSH.get(host, host) for host in config.notify.push_services])


def reaching(hosts: Sequence[str], port: int = 443) -> Iterator[Finding]:
    """Whether each of these push services answers; no more is said to them than hello."""
    for host in hosts:
        if "*" in host:
            continue
        try:
            socket.create_connection((host, port), _ASK_S / 2).close()
        except OSError as error:
            yield warning(
                Sentence("%(host)s, for push, is not reached: %(why)s.", host=host, why=error),
                Sentence(
                    "Let this machine out to port %(port)s, or use ntfy in the shop's own network.",
                    port=port,
                ),
            )
        else:
            yield good(Sentence("%(host)s, for push, is reached.", host=host))
