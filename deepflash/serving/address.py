"""Under which address a phone on the same network reaches this host."""

import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass

from deepflash.errors import UsageError

SIOCGIFADDR = 0x8915
# An address of the documentation range: asking for the way there sends nothing.
ELSEWHERE = ("192.0.2.1", 9)
VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "tun", "tap")


@dataclass(frozen=True, kw_only=True)
class LanAddress:
    """An IPv4 address of one of the host's interfaces."""

    interface: str
    address: str


def lan_addresses() -> list[LanAddress]:
    """Returns the IPv4 addresses of all interfaces that are up, likeliest first, no loopback."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            address = _address_of(probe, name)
            if address and not ipaddress.ip_address(address).is_loopback:
                found.append(LanAddress(interface=name, address=address))
    usual = _outward_address()
    return sorted(
        found,
        key=lambda one: (one.address != usual, one.interface.startswith(VIRTUAL), one.interface),
    )


def choose_address(wanted: str = "") -> str:
    """Returns the address to serve on; `wanted` is an interface, an address, or empty.

    Raises:
        UsageError: the host has no such address, or none at all.
    """
    offered = lan_addresses()
    for one in offered:
        if wanted in ("", one.interface, one.address):
            return one.address
    have = ", ".join(f"{one.interface} {one.address}" for one in offered)
    if not have:
        raise UsageError("this computer is in no network; join the phone's Wi-Fi, or use a cable")
    raise UsageError(f"no interface or address {wanted!r} here; choose one of: {have}")


def _address_of(probe: socket.socket, interface: str) -> str:
    request = struct.pack("256s", interface.encode()[:15])
    try:
        answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, request)
    except OSError:
        return ""
    return socket.inet_ntoa(answer[20:24])


def _outward_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])
