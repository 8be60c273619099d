"""Where devices find the broker: what was said of it, and the address behind its name."""

import ipaddress
import socket

from overdoor.device.problem import DeviceError


def parse_broker(said: str, usual_port: int) -> tuple[str, int]:
    """Host and port of HOST or HOST:PORT. Raises `DeviceError`."""
    host, _, port = said.rpartition(":") if ":" in said else (said, "", str(usual_port))
    if not port.isdigit() or not host:
        raise DeviceError(f"--broker is HOST or HOST:PORT, not {said!r}.")
    return host, int(port)


def address_of(host: str) -> str | None:
    """The IPv4 address of a name, looked up once; None for an address. Raises `DeviceError`.

    A device that knows it looks nothing up: a look-up stops everything else that it does.
    """
    if _is_address(host):
        return None
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeviceError(
            f"The broker's name {host!r} does not resolve here ({error}). Check it, or say its "
            "address on the Wi-Fi with --broker-ip ADDRESS."
        ) from None
    address = str(found[0][4][0])
    if ipaddress.IPv4Address(address).is_loopback:  # as Debian's /etc/hosts has its own name
        raise DeviceError(
            f"Here the broker's name {host!r} means {address}, this machine for itself only. Say "
            "its address on the Wi-Fi with --broker-ip ADDRESS."
        )
    return address


def check_address(said: str) -> None:
    """Raises `DeviceError` if what was said with --broker-ip is no IPv4 address."""
    if not _is_address(said):
        raise DeviceError(f"--broker-ip is an address like 192.168.1.10, not {said!r}.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
