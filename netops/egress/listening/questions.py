"""Questions of DNS (域名查询), added up: names that carry data out, and whether the internet answered; bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from netops.egress.listening import dns
from netops.egress.listening.named import registered
from netops.egress.listening.observation import Seen

MOST_PAIRS = 20_000
MOST_LABELS = 4096
MOST_ANSWERED = 20_000
LEAST_NAMES = 40
LEAST_LENGTH = 30
"""Mean octets below the registered domain: what carries data fills its labels."""
CARRYING = frozenset((dns.NULL, dns.TXT, dns.PTR, dns.MX, dns.SRV, dns.CNAME, 65399))
REVERSE = ("in-addr.arpa", "ip6.arpa", "local", "")


class Domain:
    """What one host asked below one domain."""

    __slots__ = ("asked", "depth", "first", "kinds", "last", "length", "names", "peer")

    def __init__(self, at: int, peer: str, depth: int) -> None:
        self.first, self.last, self.asked, self.length, self.peer, self.depth = at, at, 0, 0, peer, depth
        self.names: set[int] = set()
        self.kinds: Counter[int] = Counter()


class Questions:
    """All questions of a capture or a log."""

    def __init__(self) -> None:
        self.domains: dict[tuple[str, str], Domain] = {}
        self.replies: Counter[tuple[str, str]] = Counter()
        """Answers with an address or a name, by who asked and who answered."""

    def asked(self, ip: str, peer: str, name: str, kind: int, at: int, depth: int = 0) -> None:
        """One question."""
        domain = registered(name)
        key = (ip, domain)
        found = self.domains.get(key)
        if found is None:
            if len(self.domains) >= MOST_PAIRS:
                return
            found = self.domains[key] = Domain(at, peer, depth)
        found.asked, found.last = found.asked + 1, max(found.last, at)
        found.kinds[kind] += 1
        if len(found.names) < MOST_LABELS and (mark := hash(name)) not in found.names:
            found.names.add(mark)
            found.length += max(0, len(name) - len(domain) - 1)

    def answered(self, ip: str, peer: str, message: dns.Message) -> None:
        """One answer that *peer* gave to *ip*."""
        if message.answers and message.rcode == 0 and (len(self.replies) < MOST_ANSWERED or (ip, peer) in self.replies):
            self.replies[ip, peer] += 1

    def tunnels(self) -> Iterator[tuple[Seen, Domain]]:
        """
        Hosts that send data in names.

        Many different names below one domain, long ones; where they ask for types that carry much, fewer and shorter
        ones suffice. Reverse names and mDNS have long names by nature.
        """
        for (ip, domain), found in self.domains.items():
            count = len(found.names)
            if domain.endswith(REVERSE[:2]) or domain in REVERSE or count < LEAST_NAMES // 2:
                continue
            mean = found.length / count
            carrying = sum(found.kinds[kind] for kind in CARRYING) / found.asked
            is_plain = count >= LEAST_NAMES and mean >= LEAST_LENGTH and count * 2 >= found.asked
            if is_plain or (carrying > 0.5 and mean >= LEAST_LENGTH * 2 / 3):
                kinds = {dns.TYPES.get(kind, str(kind)): asked for kind, asked in found.kinds.most_common(6)}
                facts = {"domain": domain, "names": count, "mean_length": round(mean, 1), "types": kinds}
                sure = 0.9 if carrying > 0.5 else 0.8
                yield Seen("dns_tunnel", domain, "DNS", ip, "shape", found.peer, 53, 17, named=domain, facts=facts, sure=sure,
                           depth=found.depth), found  # fmt: skip
