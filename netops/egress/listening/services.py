"""Services (网络服务) on the watchlists: who is meant by a name, an address, a port or a path; `playbooks/watchlists/*.toml`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path

import msgspec

from netops.core.language import N_, Text
from netops.core.toml import Source, settled, until_changed

FILES = ("remote-control", "file-sharing", "connectivity-checks", "public-resolvers", "vpn-services", "applications")


class Kind(StrEnum):
    """What a service is to us."""

    REMOTE_CONTROL = "remote_control"
    FILE_SHARING = "file_sharing"
    CONNECTIVITY_CHECK = "connectivity_check"
    PUBLIC_RESOLVER = "public_resolver"
    TUNNEL = "tunnel"
    APPLICATION = "application"


class Service(msgspec.Struct, frozen=True):
    """
    One entry.

    Args:
        key: short stable key, unique.
        name: as people call it.
        names: domains, each with everything below it.
        paths: of HTTP requests; with *names* both must fit, without them the path alone.
        addresses: of the service, as addresses or prefixes.
        tcp, udp: ports of the far end; a lead only.
        brand: whose machines alone use it, such as Apple; *standing*: each of them keeps one connection to it.
        source: where that is written; *checked* is the ISO date on which somebody looked.
    """

    key: str
    name: str
    kind: Kind
    source: str
    checked: str
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    brand: str = ""
    standing: bool = False


class Services:
    """All of them, to be asked quickly."""

    def __init__(self, several: Iterable[Service] = ()) -> None:
        self.all = tuple(several)
        self._names = {name: one for one in self.all for name in one.names}
        self._paths = {path: one for one in self.all if not one.names for path in one.paths}
        self._ports = {(proto, port): one for one in self.all for proto, ports in ((6, one.tcp), (17, one.udp)) for port in ports}
        self._nets: dict[tuple[int, int], dict[int, Service]] = {}
        for one in self.all:
            for text in one.addresses:
                net = ip_network(text)
                self._nets.setdefault((net.version, net.prefixlen), {})[int(net.network_address)] = one

    def named(self, name: str, path: str = "") -> Service | None:
        """Whose a name is, by the longest domain that fits; *path* is that of an HTTP request, "" for none."""
        labels = name.lower().rstrip(".").split(".")
        for start in range(len(labels)):
            one = self._names.get(".".join(labels[start:]))
            if one is not None and (not one.paths or path.partition("?")[0] in one.paths):
                return one
        return None

    def asked(self, path: str) -> Service | None:
        """Whose a path is, whatever the name."""
        return self._paths.get(path.partition("?")[0])

    def at(self, address: str) -> Service | None:
        """Whose an address is."""
        from ipaddress import ip_address

        one = ip_address(address)
        for (version, length), found in self._nets.items():
            if version == one.version:
                masked = int(one) >> (one.max_prefixlen - length) << (one.max_prefixlen - length)
                if masked in found:
                    return found[masked]
        return None

    def by_port(self, protocol: int, port: int) -> Service | None:
        """Whose a port is, TCP or UDP; only a lead."""
        return self._ports.get((protocol, port))


def read(playbooks: Path) -> Services:
    """
    The services of the watchlists; a file that is not there is empty.

    Raises:
        Faults: every fault of every file.
    """
    paths = [playbooks / "watchlists" / f"{name}.toml" for name in FILES]
    return _read(tuple(path for path in paths if path.exists()))


@until_changed(lambda paths: paths)
def _read(paths: tuple[Path, ...]) -> Services:
    faults, found = list[Text](), dict[str, Service]()
    for path in paths:
        source = Source(path, path.name, faults)
        source.unknown({"services"})
        for index, one in source.entries("services", Service):
            if one.key in found:
                source.fault(N_("must be unique among all watchlists of services"), "services", index, "key")
            elif not (one.names or one.paths or one.addresses or one.tcp or one.udp):
                source.fault(N_("must have names, paths, addresses, tcp or udp"), "services", index, "key")
            elif any(name != name.strip(".").lower() for name in one.names):
                source.fault(N_("must be domains in lower case without dots at their ends"), "services", index, "names")
            elif not all(map(_is_net, one.addresses)):
                source.fault(N_("must be addresses or prefixes"), "services", index, "addresses")
            elif not all(0 < port < 65536 for port in (*one.tcp, *one.udp)):
                source.fault(N_("must be 1 to 65535"), "services", index, "tcp" if one.tcp else "udp")
            elif one.standing and not one.brand:
                source.fault(N_("must be a brand where standing is true"), "services", index, "brand")
            else:
                found[one.key] = one
    settled("the watchlists of services were not read", faults, "mend the lines above")
    return Services(found.values())


def _is_net(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
