"""Rules of use: nature and scope of a network as declared, beside the traffic that was seen (Article 10). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

import msgspec

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.declarations.census import paper
from netops.declarations.declaration import Declaration

SHOWN = 50
"""Services that a piece of evidence names; the count is always whole."""
SERVED = "sport < 10000 <= dport, by address, port and client"
LEAST_FLOWS = 3
"""Flows to the internet below which nothing is said: a probe, a mistyped name."""


class Service(msgspec.Struct, frozen=True, order=True):
    """
    An address that answers others on a port.

    Args:
        protocol: IP protocol number; *clients*: distinct addresses that it answered; *bytes*: that it sent.
    """

    address: str
    port: int
    protocol: int
    clients: int
    bytes: int


class Egress(msgspec.Struct, frozen=True):
    """
    What an organization sent to the internet by one exit.

    Args:
        kind: "shared", "separate", "county" or "unfiled".
    """

    exit: str
    kind: str
    flows: int
    bytes: int


class Traffic(msgspec.Struct, frozen=True, dict=True):
    """
    The traffic of one plane in a window, by organization.

    Args:
        services: of its own addresses. *egress*: out to the internet.
        clients: so many make a server.
    """

    plane: Plane
    since: datetime
    until: datetime
    declarations: tuple[Declaration, ...]
    services: dict[str, tuple[Service, ...]] = {}
    egress: dict[str, tuple[Egress, ...]] = {}
    clients: int = 3

    @cached_property
    def by_organization(self) -> dict[str, list[Declaration]]:
        """The declarations of this plane that stand, of organizations with traffic."""
        found: dict[str, list[Declaration]] = {}
        for one in self.declarations:
            if one.stands and one.plane is self.plane:
                found.setdefault(one.organization, []).append(one)
        return dict(sorted(found.items()))

    def evidence(self, code: str, query: str, body: dict[str, object]) -> Evidence:
        """Sums of flows, with the window they are of."""
        window = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return Evidence("flow", f"flow archive, {code}", query, {**window, **body}, self.until)

    def concluded(self, rule_code: str, code: str, facts: dict[str, str], *evidence: Evidence) -> Conclusion:
        """A conclusion about an organization."""
        return Conclusion(rule_code, self.plane, {"organization": code}, code, facts, evidence, self.until)


@rule(
    "DC-107",
    "undeclared_server",
    Severity.MEDIUM,
    Basis(10, duty="A10-2"),
    title=N_("{organization} serves from {seen} addresses, {declared} servers are declared"),
    because=N_(
        "{services} answered {clients} or more addresses each; {numbers} declare {nature}, with {declared} servers"
    ),
)
def undeclared_server(traffic: Traffic) -> Iterator[Conclusion]:
    """
    A network declared without servers, or with fewer, serves others.

    What: addresses of the department answered several others on one port each, in flows that carry data (three packets at
        least), and they are more than the servers that its standing declarations state. A declaration that tells no kinds of
        terminals apart states no server when its nature is an office network.
    Why: nature of the network and terminals are stated (Article 10, first and fourth statement).
    Mend: netops declare change NUMBER --from-finding F declares the servers; or stop the service.
    """
    for code, several in traffic.by_organization.items():
        found = _undeclared_servers(several, traffic.services.get(code, ()))
        if found is None:
            continue
        declared = sum(one.servers or 0 for one in several)
        addresses = sorted({one.address for one in found})
        facts = {"organization": code, "seen": str(len(addresses)), "declared": str(declared), "clients": str(traffic.clients),
                 "services": _listing(found), "numbers": _numbers(several), "nature": several[0].nature[:80] or "-"}  # fmt: skip
        stated = paper(several, {"nature": several[0].nature, "servers": declared})
        yield traffic.concluded("DC-107", code, facts, stated, traffic.evidence(code, SERVED, _body(found)))


def _undeclared_servers(several: Sequence[Declaration], services: Sequence[Service]) -> list[Service] | None:
    """The services of more addresses than servers are declared, or None."""
    if any(one.servers is None for one in several):
        return None
    declared = sum(one.servers or 0 for one in several)
    return list(services) if len({one.address for one in services}) > declared else None


@rule(
    "DC-109",
    "undeclared_service",
    Severity.LOW,
    Basis(10, duty="A10-3"),
    title=N_("{organization} serves {seen} ports that its scope of use does not name"),
    because=N_(
        "{services} answered {clients} or more addresses each; the applications in {numbers} do not name them"
    ),
)
def undeclared_service(traffic: Traffic) -> Iterator[Conclusion]:
    """
    Something is served that the scope of use does not name.

    What: the declarations list their applications with ports, and an address of the department answers others on a port
        that none of them names for it. Where no application has a port, there is nothing to compare.
    Why: the scope of use is stated (Article 10, second statement).
    Mend: netops declare change NUMBER --from-finding F names the service; or stop it.
    """
    for code, several in traffic.by_organization.items():
        applications = [one for declaration in several for one in declaration.applications if one.ports]
        services = traffic.services.get(code, ())
        if not applications or _undeclared_servers(several, services) is not None:
            continue
        found = [
            one for one in services
            if not any(app.address in ("", one.address) and names_port(app.ports, one.port) for app in applications)
        ]  # fmt: skip
        if found:
            facts = {"organization": code, "seen": str(len(found)), "services": _listing(found), "numbers": _numbers(several),
                     "clients": str(traffic.clients)}  # fmt: skip
            stated = paper(several, {"applications": [msgspec.to_builtins(one) for one in applications]})
            yield traffic.concluded(
                "DC-109", code, facts, stated, traffic.evidence(code, SERVED, _body(found))
            )


@rule(
    "DC-108",
    "undeclared_internet",
    Severity.MEDIUM,
    Basis(10, duty="A10-2"),
    title=N_("{organization} declared a network without internet and uses it"),
    because=N_("{flows} flows with {bytes} bytes went out by {exits}; {numbers} declare no internet access"),
)
def undeclared_internet(traffic: Traffic) -> Iterator[Conclusion]:
    """
    A network declared without internet has it.

    What: the declarations say that the network does not reach the internet (user class A of DB34/T 3607, or in words), and
        flows of it went out by an exit.
    Why: nature and scope of the network are stated (Article 10, first and second statement); who has the internet shares
        the platform's exit (Article 12).
    Mend: netops declare change NUMBER --from-finding F declares the access; or close it at the exit.
    """
    for code, several in traffic.by_organization.items():
        used = traffic.egress.get(code, ())
        if all(one.internet == "none" for one in several) and sum(one.flows for one in used) >= LEAST_FLOWS:
            yield _by_exits("DC-108", traffic, code, several, used)


@rule(
    "DC-113",
    "undeclared_own_exit",
    Severity.LOW,
    Basis(10, duty="A10-2"),
    Basis(12),
    title=N_("{organization} declared the shared exit and uses one of its own"),
    because=N_(
        "{flows} flows with {bytes} bytes went out by {exits}; {numbers} declare the shared internet exit"
    ),
)
def undeclared_own_exit(traffic: Traffic) -> Iterator[Conclusion]:
    """
    A network declared behind the shared exit uses a separate one.

    What: the declarations say that the network reaches the internet by the shared exit (user class B or D), and flows of it
        went out by a registered exit of its own. An exit that nobody filed is a finding of the egress rules.
    Why: nature and scope are stated (Article 10), and a separate access is filed with its scheme (Article 12).
    Mend: netops declare change NUMBER --from-finding F declares the own exit; or use the shared one.
    """
    for code, several in traffic.by_organization.items():
        used = tuple(one for one in traffic.egress.get(code, ()) if one.kind == "separate")
        if all(one.internet == "shared" for one in several) and sum(one.flows for one in used) >= LEAST_FLOWS:
            yield _by_exits("DC-113", traffic, code, several, used)


def _by_exits(
    code: str, traffic: Traffic, owner: str, several: list[Declaration], used: Sequence[Egress]
) -> Conclusion:
    facts = {"organization": owner, "flows": str(sum(one.flows for one in used)), "bytes": str(sum(one.bytes for one in used)),
             "exits": "、".join(dict.fromkeys(one.exit or one.kind for one in used)), "numbers": _numbers(several)}  # fmt: skip
    kind = "separate" if all(one.kind == "separate" for one in used) else "shared"
    stated = paper(several, {"nature": several[0].nature, "user_class": several[0].user_class})
    body: dict[str, object] = {"exits": [msgspec.to_builtins(one) for one in used], "exit_kind": kind}
    seen = traffic.evidence(owner, "src organization, by exit", body)
    return Conclusion(
        code, traffic.plane, {"organization": owner}, owner, facts, (stated, seen), traffic.until
    )


def names_port(ports: str, port: int) -> bool:
    """Whether "80,443, 8000-8010" names a port; a text that is no list of ports names every one."""
    for part in (
        ports.replace("，", ",")
        .replace("、", ",")
        .replace(";", ",")
        .replace("；", ",")
        .replace(" ", ",")
        .split(",")
    ):
        first, _, last = part.partition("-")
        if not part:
            continue
        if not first.isdecimal() or (last and not last.isdecimal()):
            return True
        if int(first) <= port <= int(last or first):
            return True
    return False


def _numbers(several: Sequence[Declaration]) -> str:
    return "、".join(one.number for one in several)


def _listing(found: Sequence[Service]) -> str:
    told = [f"{one.address}:{one.port}" for one in found[:5]]
    return "、".join(told) + (f" +{len(found) - len(told)}" if len(found) > len(told) else "")


def _body(found: Sequence[Service]) -> dict[str, object]:
    return {"services": [msgspec.to_builtins(one) for one in found[:SHOWN]], "count": len(found)}


RULES: dict[str, Rule] = {
    one.code: one for one in (undeclared_server, undeclared_internet, undeclared_service, undeclared_own_exit)
}
