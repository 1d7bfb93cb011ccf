"""Names that are asked for (域名): who they belong to on the watchlists, whichever way they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netops.egress.listening.http import Head
from netops.egress.listening.observation import Seen
from netops.egress.listening.services import Kind, Service, Services
from netops.egress.listening.talks import Talk
from netops.egress.listening.tls import Hello

DOT, DOQ_NAMES = 853, ("doq", "dot")
SURE = {
    ("dns", Kind.REMOTE_CONTROL): 0.75, ("dns", Kind.TUNNEL): 0.5, ("dns", Kind.FILE_SHARING): 0.5,
    ("dns", Kind.PUBLIC_RESOLVER): 0.4, ("dns", Kind.CONNECTIVITY_CHECK): 0.9, ("dns", Kind.APPLICATION): 0.6,
}  # fmt: skip
"""How sure a mere question for a name makes it: a page about a product asks for its name as well."""
WEBSITE = 0.4
"""A product's own page is read by people who do not use it."""
AgentHeard = Callable[[str, int, str, int], None]
BrandHeard = Callable[[str, str], None]


class Named:
    """
    Holds names and addresses against the watchlists.

    Args:
        agent: told every user agent: address of the client, its port, the agent, ns.
        brand: told whose machines a client's names speak of: its address, the brand.
    """

    def __init__(self, services: Services, agent: AgentHeard | None = None, brand: BrandHeard | None = None) -> None:
        self.services, self.agent, self.brand = services, agent, brand

    def hello(self, talk: Talk, hello: Hello) -> Iterator[Seen]:
        """A ClientHello, of TLS or QUIC."""
        yield from self._encrypted_dns(talk, hello.name, hello.protocols)
        if any(one.startswith("anydesk/") for one in hello.protocols):
            yield self._seen(talk, "remote_control", "anydesk", "AnyDesk", "handshake", hello.name)
        service = self.services.named(hello.name) if hello.name else None
        if service is not None and service.kind is not Kind.PUBLIC_RESOLVER:
            yield self._of(service, talk.ip, talk.peer, hello.name, "sni", talk)

    def certificate(self, talk: Talk, subject: str) -> Iterator[Seen]:
        """The name in a server's certificate, where the client asked for none."""
        if "named" not in talk.marks:
            name = subject.removeprefix("*.")
            service = self.services.named(name)
            if service is not None and service.kind is Kind.PUBLIC_RESOLVER:
                yield from self._encrypted_dns(talk, name, ())
            elif service is not None:
                yield self._of(service, talk.ip, talk.peer, name, "certificate", talk)

    def request(self, talk: Talk, head: Head) -> Iterator[Seen]:
        """An HTTP request."""
        agent = head.fields.get("user-agent", "")
        if agent and self.agent:
            self.agent(talk.ip, talk.ends[talk.client][1], agent, talk.last)
        service = self.services.named(head.host, head.target) or self.services.asked(head.target)
        if service is not None and service.kind is not Kind.PUBLIC_RESOLVER:
            yield self._of(service, talk.ip, talk.peer, head.host, "request", talk)
        kind = head.fields.get("content-type", "") + head.fields.get("accept", "")
        if "application/dns-message" in kind or "application/dns-json" in kind:
            yield self._seen(talk, "encrypted_dns", "doh", "DoH", "request", head.host)

    def question(self, ip: str, peer: str, name: str, port: int, depth: int = 0) -> Iterator[Seen]:
        """A question of DNS, at a port of the resolver."""
        service = self.services.named(name)
        if service is not None and service.brand and self.brand and not depth:
            self.brand(ip, service.brand)
        if service is not None and service.kind is not Kind.APPLICATION:
            told = Kind.PUBLIC_RESOLVER if service.kind is Kind.PUBLIC_RESOLVER else service.kind
            kind = "encrypted_dns" if told is Kind.PUBLIC_RESOLVER else told.value
            sure = WEBSITE if _is_website(service, name) else SURE.get(("dns", told), 0.5)
            yield Seen(kind, service.key, service.name, ip, "dns", "", 0, 0, named=name, sure=sure, depth=depth)
        resolver = self.services.at(peer) if port == 53 else None
        if resolver is not None:
            key, shown = resolver.key, resolver.name
            yield Seen("public_resolver", key, shown, ip, "address", peer, port, 17, named=name, sure=0.95, depth=depth)

    def _encrypted_dns(self, talk: Talk, name: str, protocols: tuple[str, ...]) -> Iterator[Seen]:
        service = self.services.named(name) if name else None
        by_name = service is not None and service.kind is Kind.PUBLIC_RESOLVER
        at = self.services.at(talk.peer)
        if talk.port == DOT or set(protocols) & set(DOQ_NAMES):
            talk.label = "DoT" if talk.proto == 6 else "DoQ"
            yield self._seen(talk, "encrypted_dns", talk.label.lower(), talk.label, "handshake", name)
        elif by_name or (at is not None and talk.port == 443):
            talk.label = "DoH"
            by = "sni" if by_name else "address"
            yield self._seen(talk, "encrypted_dns", "doh", "DoH", by, name, 0.9 if by_name else 0.7)

    def _of(self, service: Service, ip: str, peer: str, name: str, by: str, talk: Talk) -> Seen:
        talk.marks.add("named")
        if service.brand and self.brand and not talk.depth:
            self.brand(ip, service.brand)
        if service.standing:
            talk.marks.add(f"standing {service.brand}")
        if service.kind in (Kind.REMOTE_CONTROL, Kind.APPLICATION, Kind.TUNNEL):
            talk.label = service.name.rpartition(" / ")[2] if service.kind is not Kind.TUNNEL else talk.label
        sure = 0.95 if service.kind is Kind.CONNECTIVITY_CHECK else WEBSITE if _is_website(service, name) else 0.0
        return Seen(service.kind.value, service.key, service.name, ip, by, peer, talk.port, talk.proto, named=name, sure=sure,
                    depth=talk.depth)  # fmt: skip

    def _seen(self, talk: Talk, kind: str, what: str, name: str, by: str, named: str, sure: float = 0.0) -> Seen:
        return Seen(kind, what, name, talk.ip, by, talk.peer, talk.port, talk.proto, named=named, sure=sure, depth=talk.depth)


def _is_website(service: Service, name: str) -> bool:
    is_product = service.kind in (Kind.REMOTE_CONTROL, Kind.TUNNEL, Kind.FILE_SHARING)
    return is_product and name.lower().removeprefix("www.") in service.names


def registered(name: str) -> str:
    """
    The domain under which a name was probably registered: its last two labels, three below a second-level suffix.

    A name whose last label no registry has is made up to its end: then its first label stands for it.
    """
    labels = name.split(".")
    if len(labels) > 1 and any(letter.isdigit() for letter in labels[-1]) and not labels[-1].startswith("xn--"):
        return f"{labels[0]}.*"
    short = len(labels) >= 3 and labels[-2] in ("com", "net", "org", "gov", "edu", "co", "ac") and len(labels[-1]) == 2
    return ".".join(labels[-3 if short else -2 :])
