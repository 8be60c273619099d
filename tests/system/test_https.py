"""HTTPS with the shop's own certificates: the command, the gateway, a browser, and a device."""

import asyncio
import json
import ssl

import httpx
from playwright.async_api import async_playwright

from overdoor.device.folder import Folder
from tests.conftest import tool
from tests.system.conftest import OVERDOOR, Gateway, Street
from tests.system.test_demo import CHROMIUM


async def run(*words: str) -> str:
    done = await asyncio.create_subprocess_exec(
        str(OVERDOOR), *words, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await done.communicate()
    assert done.returncode == 0
    return said.decode()


async def over_https(street: Street) -> tuple[Gateway, str]:
    """A gateway that was started anew with certificates of its own; what the command said."""
    gateway = await street.gateway()
    await gateway.stop()
    said = await run("ca", "-c", str(gateway.config))
    text = gateway.config.read_text()
    files = 'tls_cert = "tls/web.pem"\ntls_key = "tls/web.key"\n'
    gateway.config.write_text(text.replace("[web]\n", f"[web]\n{files}"))
    await gateway.http.aclose()
    trusting = ssl.create_default_context(cafile=str(gateway.folder / "tls" / "ca.pem"))
    gateway.http = httpx.AsyncClient(base_url=f"https://127.0.0.1:{gateway.web}", verify=trusting)
    await gateway.start()
    return gateway, said


async def test_the_pages_are_served_and_the_command_still_asks_its_gateway(street: Street) -> None:
    gateway, _ = await over_https(street)
    assert (await gateway.http.get("/")).status_code == 200
    signed = await gateway.http.post("/api/v1/duty", json={"name": "Ana", "zone": "women"})
    assert "; Secure" in signed.headers["set-cookie"]
    assert "cp-w1" in await run("device", "list", "-c", str(gateway.config))


async def test_trust_shows_the_number_that_the_command_printed(street: Street) -> None:
    gateway, said = await over_https(street)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=tool("chromium"), args=CHROMIUM)
        # As a phone that does not trust it yet, and was told to go on.
        page = await chromium.new_page(ignore_https_errors=True)
        await page.goto(f"https://127.0.0.1:{gateway.web}/trust")
        shown = await page.locator(".fingerprint").inner_text()
        assert shown in said
        assert await page.evaluate("isSecureContext")
        await chromium.close()
    got = await gateway.http.get("/trust/ca.crt")
    assert got.headers["content-type"] == "application/x-x509-ca-cert"
    ours = ssl.PEM_cert_to_DER_cert((gateway.folder / "tls" / "ca.pem").read_text())
    assert got.content == ours


async def test_devices_get_the_shops_ca_by_themselves(street: Street) -> None:
    gateway, _ = await over_https(street)
    text = gateway.config.read_text().replace("mqtt://127.0.0.1", "mqtts://192.168.1.10")
    gateway.config.write_text(text.replace("[mqtt]\n", '[mqtt]\nca = "tls/ca.pem"\n'))
    added = await asyncio.create_subprocess_exec(
        str(OVERDOOR), "device", "add", "w1", "--wifi", "Shop", "-c", str(gateway.config),
        env={"OVERDOOR_WIFI_PASSWORD": "word", "PATH": "/usr/bin"},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await added.wait() == 0
    config = json.loads((gateway.folder / "devices" / "cp-w1.json").read_text())
    assert config["broker"]["ca"] == "ca.der"
    ours = ssl.PEM_cert_to_DER_cert((gateway.folder / "tls" / "ca.pem").read_text())
    assert Folder(gateway.config).ca() == ours
