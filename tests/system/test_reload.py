"""SIGHUP, as `systemctl reload overdoor` sends it, and certificates that change."""

import asyncio
import os
import pty
import signal
import ssl
from contextlib import suppress
from pathlib import Path

from cryptography import x509

from overdoor.authority import Authority
from tests.system.conftest import LIMIT_S, OVERDOOR, Gateway, Street, process, until


def reload(gateway: Gateway) -> None:
    assert gateway.process is not None
    gateway.process.send_signal(signal.SIGHUP)


async def says(log: Path, words: str, times: int = 1) -> None:
    async def said() -> bool:
        return log.read_text().count(words) >= times

    await until(said, f"the log says {times} times: {words}")


async def test_a_reload_reads_the_file_again_says_what_is_wrong_and_keeps_every_call(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway(start=False)
    log = tmp_path / "log"
    with log.open("wb") as written:
        await gateway.start(stderr=written)
    device = await street.device("cp-w1")
    await device.press()
    await device.hears("receipt")
    good = gateway.config.read_text()

    reload(gateway)
    await says(log, "shop.toml was read again")
    gateway.config.write_text(good + "[[romm]]\n")
    await says(log, "romm is not a key")
    reload(gateway)
    await says(log, "romm is not a key", times=2)
    gateway.config.write_text(good.replace("Women 2", "The corner"))

    async def renamed() -> bool:
        rooms = (await gateway.get("/rooms"))["rooms"]
        return any(room["name"] == "The corner" for room in rooms)

    await until(renamed, "the good file is taken up")
    call = await gateway.call_of("w1")
    assert call is not None
    assert call["state"] == "raised"
    assert await gateway.stop() == 0


async def serial(gateway: Gateway) -> int:
    """Of the certificate that the pages show."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.web, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(ssl.SSLError):
        await writer.wait_closed()
    return x509.load_der_x509_certificate(shown).serial_number


async def test_a_new_certificate_is_shown_without_a_restart_and_a_bad_one_never(
    street: Street, tmp_path: Path
) -> None:
    gateway = await street.gateway(start=False)
    authority = Authority.of(tmp_path / "tls", "Test Shop", ["127.0.0.1"])
    authority.issue_for_pages(["127.0.0.1"])
    text = gateway.config.read_text()
    files = 'tls_cert = "tls/web.pem"\ntls_key = "tls/web.key"\n'
    gateway.config.write_text(text.replace("[web]\n", f"[web]\n{files}"))
    log = tmp_path / "log"
    with log.open("wb") as written:
        await gateway.launch(stderr=written)
    await says(log, "connected")
    first = await serial_once_served(gateway)

    (tmp_path / "tls" / "web.pem").write_text("nonsense")
    await says(log, "the certificate that was there before goes on")
    assert await serial(gateway) == first

    authority.issue_for_pages(["127.0.0.1"])
    await says(log, "certificate was read again")
    assert await serial(gateway) != first


async def serial_once_served(gateway: Gateway) -> int:
    found: list[int] = []

    async def served() -> bool:
        with suppress(OSError):
            found.append(await serial(gateway))
        return bool(found)

    await until(served, "the pages are served")
    return found[0]


async def test_a_gateway_on_a_terminal_ends_with_it(street: Street) -> None:
    gateway = await street.gateway(start=False)
    ours, its = pty.openpty()
    try:
        run = process(OVERDOOR, "run", "-c", gateway.config, stdin=its, stdout=its, stderr=its)
        async with run as started:
            await until(gateway.ready, "the gateway is ready")
            started.send_signal(signal.SIGHUP)
            async with asyncio.timeout(LIMIT_S):
                assert await started.wait() == 0
    finally:
        os.close(ours)
        os.close(its)
