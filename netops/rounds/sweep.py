"""The ping sweep (探测扫描): who answers in our own registered prefixes; whoever is silent may still be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from netops.addresses import ledger, sources
from netops.addresses.mention import Source, SourceKind, Told, merged
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, is_ipv4, number, parsed, shown
from netops.config import Config
from netops.core.errors import NetopsError, Refused
from netops.core.journal import act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.desk import Desk
from netops.probes.echo import Pace
from netops.rounds import Progress, Report, brake, silent
from netops.rounds.coverage import PING, unheard
from netops.topology import snapshots

SMALL = 1024
"""An IPv6 prefix of more addresses is asked only at those that are known."""
BRAKE_EVERY = 100
"""Answers after which it is looked whether somebody stopped all probes."""
MOST = 1 << 16
"""Addresses in one sweep."""


class Plan(msgspec.Struct, frozen=True):
    """
    Who will be asked in one plane.

    Args:
        name: of the source: what is configured is one, what is asked for by hand is another.
        prefixes: canonical, each inside a registered one.
        targets: addresses in the order in which they are asked.
        canaries: addresses that no host has; when one answers, something answers for its whole prefix.
        left_out: addresses of large IPv6 prefixes that nobody knows.
    """

    plane: Plane
    name: str
    prefixes: tuple[str, ...]
    targets: tuple[str, ...]
    canaries: dict[str, str]
    left_out: int = 0


def plan(desk: Desk, prefixes: Sequence[str] = ()) -> list[Plan]:
    """
    The addresses to ask in each plane that is served.

    Args:
        prefixes: by default those of the configuration.

    Raises:
        NetopsError: one is no prefix.
        Refused: one lies in no registered prefix of a plane that is served, or too much is asked for.
    """
    asked = [_parsed(text) for text in prefixes or desk.config.sweep.prefixes]
    homes: dict[Plane, list[Span]] = {}
    for span in asked:
        homes.setdefault(_home(desk, span), []).append(span)
    found = []
    for plane, spans in sorted(homes.items()):
        runs = merged(spans)
        name = f"{PING} {', '.join(map(str, runs))}"[:255] if prefixes else PING
        found.append(_plan(desk, plane, name, runs))
    return found


def _parsed(text: str) -> Span:
    try:
        return parsed(text)
    except ValueError as error:
        raise NetopsError(
            "nothing was swept", "{why}", "write a prefix such as 10.20.11.0/24", why=error
        ) from error


def _home(desk: Desk, span: Span) -> Plane:
    for plane in desk.planes:
        if any(parsed(one.prefix).holds(span) for one in desk.register.of(plane).prefixes):
            return plane
    raise Refused(
        "nothing was swept",
        "{prefix} lies in no registered prefix of the planes that are served here",
        "netops pool list shows them; only our own networks are asked",
        prefix=str(span),
    )


def _plan(desk: Desk, plane: Plane, name: str, spans: Sequence[Span]) -> Plan:
    targets: list[str] = []
    canaries: dict[str, str] = {}
    left_out = 0
    edges = _edges(desk.register.of(plane).prefixes)
    devices = {entry.address for entry in desk.register.of(plane).devices}
    for span in spans:
        if not is_ipv4(span.first) and span.size > SMALL:
            found = _known(desk, plane, span)
            left_out += span.size - len(found)
        elif len(targets) + span.size > MOST:
            raise Refused("nothing was swept", "more than {most} addresses were asked for", "sweep fewer prefixes at once",
                          most=MOST)  # fmt: skip
        else:
            found = [shown(address) for address in range(span.first, span.last + 1) if address not in edges]
            canaries |= {
                shown(address): prefix for address, prefix in edges.items()
                if prefix and span.first <= address <= span.last
            }  # fmt: skip
        targets += [text for text in found if text not in devices]
    if len(targets) > MOST:
        raise Refused(
            "nothing was swept",
            "more than {most} addresses were asked for",
            "sweep fewer prefixes at once",
            most=MOST,
        )
    return Plan(
        plane, name, tuple(map(str, spans)), tuple(_continued(desk, plane, name, targets)), canaries, left_out
    )


def _edges(prefixes: Iterable[RegisteredPrefix]) -> dict[int, str]:
    """First and last addresses of IPv4 segments, which no host has (RFC 1122 §3.2.1.3), with the segment of each first one."""
    found: dict[int, str] = {}
    for entry in prefixes:
        span = parsed(entry.prefix)
        if entry.role is PrefixRole.POOL and is_ipv4(span.first) and span.size > 2:
            found |= {span.first: entry.prefix, span.last: ""}
    return found


def _known(desk: Desk, plane: Plane, span: Span) -> list[str]:
    """Addresses of a large prefix that were given out one by one, or told by any source."""
    texts = {one.ip for one in snapshots.sightings(desk.store, plane) if one.ip}
    texts |= {one.ip for one in sources.since(desk.store, plane, desk.clock() - ledger.QUARANTINE)}
    numbers = {number(text) for text in texts}
    for one in ledger.allocations(desk.store, plane, within=span):
        if one.span.size <= SMALL:
            numbers |= set(range(one.span.first, one.span.last + 1))
    return [shown(address) for address in sorted(numbers) if span.first <= address <= span.last]


def _continued(desk: Desk, plane: Plane, name: str, targets: list[str]) -> list[str]:
    """Where the last sweep ran out of time, this one begins."""
    before = next((one for one in sources.listed(desk.store, plane) if one.name == name), None)
    start = before.facts.get("next", "") if before is not None else ""
    place = targets.index(start) if start in targets else 0
    return targets[place:] + targets[:place]


def run(desk: Desk, progress: Progress = silent, prefixes: Sequence[str] = ()) -> Report:
    """
    Ask every address of the configured prefixes (or of *prefixes*) whether it is there, and keep who answered.

    Raises:
        Refused: see `plan`.
        NetopsError: nothing can be sent from here.
    """
    facts = {N_("asked"): 0, N_("answered"): 0}
    told: list[Source] = []
    planned = plan(desk, prefixes)
    if prefixes:
        brake.check(desk)
    elif planned and brake.pulled(desk):
        return Report(round="sweep", facts={N_("not probed"): N_("all probes are stopped: netops egress resume")})
    with desk.store.lock("round-sweep"):
        for one in planned:
            if prefixes:
                with act(desk.store, desk.actor, desk.clock) as decided:
                    decided.record(
                        "ip sweep",
                        str(one.plane),
                        after={"prefixes": one.prefixes, "addresses": len(one.targets)},
                    )
            try:
                source, answered = _swept(desk, one, progress)
            except NetopsError as error:
                sources.note(desk.store, [_failed(desk, one, error)])
                raise
            told.append(source)
            facts["asked"] += len(one.targets)
            facts["answered"] += answered
    return Report(round="sweep", unseen=tuple(unheard(told, desk.clock())), facts=facts)


def _swept(desk: Desk, one: Plan, progress: Progress) -> tuple[Source, int]:
    from netops.probes.icmp import sweep

    at, states = desk.clock(), Counter[str]()
    found: list[str] = []
    unasked = ""
    asked = [*one.canaries, *one.targets]
    for done, outcome in enumerate(
        sweep(_reached(desk.config, asked), _nets(desk.config, one), _pace(desk.config)), 1
    ):
        address = desk.config.written(outcome.address)
        if address not in one.canaries:
            states[outcome.state] += 1
        if outcome.state == "answered":
            found.append(address)
        elif outcome.state == "unasked" and address not in one.canaries:
            unasked = unasked or address
        progress(done, len(asked), address)
        if done % BRAKE_EVERY == 0:
            brake.check(desk)
    strange = [one.canaries[text] for text in found if text in one.canaries]
    why, facts = _judged(states, strange, desk.config)
    facts |= {"next": unasked} if unasked else {}
    spans = [parsed(prefix) for prefix in strange]
    asked_any = bool(states["answered"] or states["silent"] or not one.targets)
    believed = [text for text in found if not any(span.holds(parsed(text)) for span in spans)]
    source = Source(
        one.plane, one.name, SourceKind.PING, ", ".join(one.prefixes), at, at, is_good=asked_any,
        is_whole=not why, why=why, facts=facts, told=len(believed), bad=states["unsent"] + states["unasked"],
    )  # fmt: skip
    if source.is_good:
        sources.keep(desk.store, source, [Told(text, alive_at=at) for text in believed], at)
    [kept] = sources.note(desk.store, [source])
    return kept, len(believed)


def _judged(states: Counter[str], strange: Sequence[str], config: Config) -> tuple[str, dict[str, str]]:
    """What keeps the answer from being whole, as a message id with its facts; "" when nothing does."""
    if strange:
        return N_("something answers for the whole of {prefixes}: it was not believed"), {
            "prefixes": ", ".join(strange)
        }
    if states["unasked"]:
        left = str(states["unasked"])
        return N_("{left} addresses were not asked within {seconds} s"), {
            "left": left,
            "seconds": f"{config.sweep.seconds:g}",
        }
    if states["unsent"]:
        return N_("there is no way to {count} addresses"), {"count": str(states["unsent"])}
    return "", {}


def _failed(desk: Desk, one: Plan, error: NetopsError) -> Source:
    facts = {name: str(value) for name, value in error.facts.items()}
    return Source(
        one.plane,
        one.name,
        SourceKind.PING,
        ", ".join(one.prefixes),
        desk.clock(),
        why=error.why,
        facts=facts,
    )


def _reached(config: Config, addresses: Iterable[str]) -> list[str]:
    return [config.reached(text) for text in addresses] if config.translate else list(addresses)


def _nets(config: Config, one: Plan) -> list[str]:
    """Where the probe may send at all, as CIDRs; with translated addresses, where those are reached."""
    cidrs = [pair.outside for pair in config.translate]
    for text in one.prefixes:
        for start, exponent in parsed(text).blocks():
            cidrs.append(f"{shown(start)}/{(32 if is_ipv4(start) else 128) - exponent}")
    return cidrs


def _pace(config: Config) -> Pace:
    asked = config.sweep
    return Pace(asked.per_second, asked.attempts, asked.wait_seconds, asked.seconds)
