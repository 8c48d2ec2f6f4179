"""Which network addresses are public, and which others the settings allow; nothing here touches the network."""

import ipaddress
import re
import socket
from collections.abc import Iterable

from brain.errors import SettingsError

__all__ = ["BOUND_HOST", "Address", "AllowedHosts", "HostList", "bare_host", "is_public", "written_address"]

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

GLOBAL_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last four bytes are the IPv4 address that is reached."""
NOT_PUBLIC_EITHER = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's metadata and DNS, an ordinary address by its looks
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    ipaddress.IPv6Network("3fff::/20"),  # documentation, RFC 9637
)
"""What `ipaddress.is_global` takes for global."""
HOST = re.compile(r"[A-Za-z0-9_]([\w.-]*[A-Za-z0-9_])?\.?", re.ASCII)
LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
BOUND_HOST = re.compile(rf"(\*\.)?{LABEL}(\.{LABEL})+|{LABEL}|\[?[0-9a-f:]*:[0-9a-f:.]*\]?", re.ASCII | re.IGNORECASE)
"""What a secret may be bound to: a host, an address, or `*.` before a domain for every host below it."""


def is_public(address: Address) -> bool:
    """Whether an address is reachable from everywhere and belongs to one host.

    IANA's special-purpose registries, as `ipaddress.is_global` has them, and what that leaves out.
    """
    plain = _plain(address)
    if isinstance(plain, ipaddress.IPv6Address) and plain not in GLOBAL_UNICAST_V6:
        return False
    return plain.is_global and not plain.is_multicast and not any(plain in network for network in NOT_PUBLIC_EITHER)


class HostList:
    """Hosts, `*.` before a domain for all hosts below it, addresses and networks, as a setting lists them.

    Raises SettingsError on an entry that could never match.
    """

    def __init__(self, entries: Iterable[str], setting: str) -> None:
        self._hosts: set[str] = set()
        self._domains: list[str] = []
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in entries:
            self._add(entry, setting)

    def __bool__(self) -> bool:
        return bool(self._hosts or self._domains or self._networks)

    @property
    def has_networks(self) -> bool:
        """Whether a name that is not listed may still lead to an address that is."""
        return bool(self._networks)

    def names(self, host: str) -> bool:
        """Whether the list holds a host as it is written, by name or as an address."""
        bare, written = bare_host(host), written_address(host)
        if written is not None:
            return self._holds_address(written)
        return bare in self._hosts or any(bare.endswith(domain) for domain in self._domains)

    def holds(self, host: str, address: Address) -> bool:
        """Whether the list holds a host, or the address that it stands for."""
        return self.names(host) or self._holds_address(address)

    def _holds_address(self, address: Address) -> bool:
        plain = _plain(address)
        return any(plain in network for network in self._networks)

    def _add(self, entry: str, setting: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(written_address(entry) or entry.strip("[]"), strict=False))
        except ValueError:
            domain = entry.removeprefix("*.")
            if not HOST.fullmatch(domain):
                raise SettingsError(
                    f"{setting} names {entry!r}, which is no host, address or network: write it as "
                    "intranet.example, *.intranet.example, 10.0.0.5 or 10.0.0.0/8, without scheme, port or path."
                ) from None
            if domain == entry:
                self._hosts.add(bare_host(entry))
            else:
                self._domains.append(f".{bare_host(domain)}")


class AllowedHosts(HostList):
    """Hosts, addresses and networks that may be reached although they are not public."""

    def __init__(self, entries: Iterable[str] = (), setting: str = "BRAIN_ALLOW_HOSTS") -> None:
        super().__init__(entries, setting)

    def permits(self, host: str, address: Address) -> bool:
        """Whether `address`, which `host` stands for, may be connected to."""
        return is_public(_plain(address)) or self.holds(host, address)


def written_address(host: str) -> Address | None:
    """The address that a host is written as, also in old ways (`0x7f.1`, `2130706433`); None where it is a name."""
    bare = bare_host(host)
    try:
        return ipaddress.ip_address(bare.partition("%")[0] if ":" in bare else bare)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare)) if bare[:1].isdigit() else None
    except (OSError, ValueError):  # no such notation, or characters that none has
        return None


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only wraps it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address


def bare_host(host: str) -> str:
    """A host as it is compared: in lower case, without the brackets of IPv6 and the dot of the root."""
    return host.strip("[]").rstrip(".").lower()
