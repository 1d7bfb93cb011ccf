"""
Rules of what is planned: terms that end, pools that fill up, quotas exceeded, addresses without ground (Article 11). Pure.

They look at the ledger and the register, not at the wire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from netops.addresses.allocation import HELD, Allocation, Origin
from netops.addresses.delegation import Chains, Step, misgrants
from netops.addresses.forecast import Forecast
from netops.addresses.limits import Limits
from netops.addresses.pool import Pool
from netops.addresses.quota import Use, smallest
from netops.addresses.reconcile import Scene
from netops.addresses.span import parsed
from netops.core.basis import Basis
from netops.core.clock import CITY_ZONE
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, Subject, rule
from netops.core.language import N_


@dataclass(frozen=True)
class Ground:
    """What a declaration gives ground for now, as the filings have it."""

    number: str
    organization: str
    state: str
    stands: bool
    terminals: int


@dataclass(frozen=True)
class Foresight:
    """
    What the rules of planning look at beside a scene.

    Args:
        pools: the plane's, with their own counts.
        given_from: canonical prefixes from which an act of netops gave something: only these fill up.
        chains: by canonical prefix.
        forecasts: by canonical prefix.
        uses: by declaration: what acts of netops gave under it.
        grounds: by declaration.
        objections: by number of an allocation that would not be given now: its declaration's state, its pool, whose that is.
    """

    limits: Limits = field(default_factory=Limits)
    pools: Sequence[Pool] = ()
    given_from: frozenset[str] = frozenset()
    chains: Chains = field(default_factory=dict)
    forecasts: Mapping[str, Forecast] = field(default_factory=dict)
    uses: Mapping[str, Use] = field(default_factory=dict)
    grounds: Mapping[str, Ground] = field(default_factory=dict)
    objections: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)


def _today(scene: Scene) -> date:
    return scene.at.astimezone(CITY_ZONE).date()


def _steps(scene: Scene, seen: Foresight) -> Iterator[tuple[Step, tuple[Step, ...]]]:
    """Every documented step of the plane once, with the chain that ends in it."""
    known: set[str] = set()
    for chain in seen.chains.values():
        for place, step in enumerate(chain):
            if step.document and step.prefix not in known:
                known.add(step.prefix)
                yield step, chain[: place + 1]


def _of_step(code: str, scene: Scene, step: Step, facts: dict[str, str]) -> Conclusion:
    body: dict[str, object] = {
        "prefix": step.prefix, "organization": step.organization, "document": step.document,
        "from": step.valid_from, "until": step.valid_until,
    }  # fmt: skip
    paper = Evidence("register", step.prefix, "prefixes.toml", body, scene.at)
    told = {"prefix": step.prefix, "organization": step.organization, "document": step.document,
            "until": step.valid_until, **facts}  # fmt: skip
    return Conclusion(code, scene.plane, {"prefix": step.prefix, "organization": step.organization},
                      step.organization, told, (paper,), scene.at, identity=step.prefix)  # fmt: skip


@rule(
    "AD-106",
    "term_ending",
    Severity.LOW,
    Basis(11),
    title=N_("{document}, which grants {prefix}, ends on {until}"),
    because=N_("{days} days are left; after it no address of {prefix} can be given out"),
)
def term_ending(scene: Scene) -> Iterator[Conclusion]:
    """
    The term of a document that grants addresses ends soon.

    What: a document of the delegation chain is in force for 90 more days or less ([addresses] term_days).
    Why: addresses follow the arrangements of state and province (Article 11); what a document granted ends with it.
    Mend: have it renewed; record the new document (netops pool delegate PREFIX --granted-by NUMBER --until DATE).
    """
    if (seen := scene.foresight) is None:
        return
    for step, _ in _steps(scene, seen):
        left = step.days_left(_today(scene))
        if left is not None and 0 <= left <= seen.limits.term_days:
            yield _of_step("AD-106", scene, step, {"days": str(left)})


@rule(
    "AD-107",
    "term_ended",
    Severity.HIGH,
    Basis(11),
    title=N_("{prefix} is used after {document} ended on {until}"),
    because=N_("the document ended {days} days ago; {count} addresses of {prefix} are still given out"),
)
def term_ended(scene: Scene) -> Iterator[Conclusion]:
    """
    The term of a document that grants addresses is over.

    What: a document of the delegation chain is no longer in force; new allocations under it are refused, those that
        stand go on and are counted here.
    Why: addresses follow the arrangements of state and province (Article 11).
    Mend: record the renewal (netops pool delegate), or release what is given out and remove the prefix.
    """
    if (seen := scene.foresight) is None:
        return
    for step, _ in _steps(scene, seen):
        left = step.days_left(_today(scene))
        if left is not None and left < 0:
            span = parsed(step.prefix)
            count = sum(pool.allocated + pool.reserved for pool in seen.pools if span.holds(pool.span))
            yield _of_step("AD-107", scene, step, {"days": str(-left), "count": str(count)})


@rule(
    "AD-108",
    "misgranted",
    Severity.MEDIUM,
    Basis(11),
    title=N_("the grant of {prefix} does not follow from the one around it"),
    because=N_(
        "{prefix} ({organization}, until {until}) lies in {outer} ({holder}, until {last}):"
        " a grant goes to no higher level and lasts no longer than the one around it"
    ),
)
def misgranted(scene: Scene) -> Iterator[Conclusion]:
    """
    A step of the delegation chain gives more than its grantor has.

    What: a prefix was granted to a higher level than that of the one around it, or for longer than that one is granted.
    Why: state or province grants to the city, the city to counties and departments (Article 11).
    Mend: correct organization, document or term (netops pool delegate).
    """
    if (seen := scene.foresight) is None:
        return
    known: set[str] = set()
    for chain in seen.chains.values():
        for step, outer in misgrants(chain):
            if step.prefix not in known:
                known.add(step.prefix)
                facts = {"outer": outer.prefix, "holder": outer.organization, "last": outer.valid_until or "-",
                         "until": step.valid_until or "-"}  # fmt: skip
                yield _of_step("AD-108", scene, step, facts)


def _of_pool(code: str, scene: Scene, pool: Pool, facts: dict[str, str]) -> Conclusion:
    body: dict[str, object] = {
        "prefix": pool.prefix, "size": str(pool.size), "allocated": str(pool.allocated), "reserved": str(pool.reserved),
        "quarantined": str(pool.quarantined), "free": str(pool.free),
    }  # fmt: skip
    counts = Evidence("ledger", pool.prefix, "counts", body, scene.at)
    told = {"pool": pool.prefix, "used": f"{pool.utilization:.1%}", "free": str(pool.free),
            "organization": pool.organization, **facts}  # fmt: skip
    return Conclusion(code, scene.plane, {"prefix": pool.prefix, "organization": pool.organization},
                      pool.organization, told, (counts,), scene.at, identity=pool.prefix)  # fmt: skip


def _coming(seen: Foresight, pool: Pool) -> str:
    """Days to full, as text; a dash when nothing can be said."""
    made = seen.forecasts.get(pool.prefix)
    return "-" if made is None or made.days_to_full is None else f"{made.days_to_full:.0f}"


@rule(
    "AD-109",
    "pool_filling",
    Severity.LOW,
    Basis(11),
    title=N_("{pool} is {used} used"),
    because=N_(
        "{free} addresses are free; at the present pace it is full in {days} days (a dash: nothing can be said)"
    ),
)
def pool_filling(scene: Scene) -> Iterator[Conclusion]:
    """
    A pool fills up.

    What: 80 % or more of a pool from which addresses are given out is taken ([addresses] filling); or the line through
        its past says that it is full within 90 days ([addresses] full_days). A line needs 14 days with 5 changes.
    Why: addresses are planned in one hand (Article 11): more of them are asked for in time.
    Mend: release what lies idle (netops finding list), enlarge it (netops pool resize), or ask for another prefix.
    """
    if (seen := scene.foresight) is None:
        return
    for pool in seen.pools:
        made = seen.forecasts.get(pool.prefix)
        soon = (
            made is not None and made.days_to_full is not None and made.days_to_full <= seen.limits.full_days
        )
        if pool.prefix in seen.given_from and (
            seen.limits.filling <= pool.utilization < seen.limits.full
            or (soon and pool.utilization < seen.limits.full)
        ):
            yield _of_pool("AD-109", scene, pool, {"days": _coming(seen, pool)})


@rule(
    "AD-110",
    "pool_full",
    Severity.MEDIUM,
    Basis(11),
    title=N_("{pool} is nearly exhausted: {used} used"),
    because=N_(
        "{free} addresses are free; at the present pace it is full in {days} days (a dash: nothing can be said)"
    ),
)
def pool_full(scene: Scene) -> Iterator[Conclusion]:
    """
    A pool is as good as full.

    What: 95 % or more of a pool from which addresses are given out is taken ([addresses] full).
    Why: addresses are planned in one hand (Article 11); the next department would be refused.
    Mend: release what lies idle (netops finding list), enlarge it (netops pool resize), or ask for another prefix.
    """
    if (seen := scene.foresight) is None:
        return
    for pool in seen.pools:
        if pool.prefix in seen.given_from and pool.utilization >= seen.limits.full:
            yield _of_pool("AD-110", scene, pool, {"days": _coming(seen, pool)})


@rule(
    "AD-111",
    "over_quota",
    Severity.LOW,
    Basis(10),
    Basis(11),
    title=N_("{declaration} of {organization} has addresses for more terminals than it declares"),
    because=N_("{used} were given, {terminals} terminals are declared; the reason: {reason}"),
)
def over_quota(scene: Scene) -> Iterator[Conclusion]:
    """
    More addresses were given under a declaration than the terminals that it declares need.

    What: what netops gave under a declaration and is still held exceeds its declared terminals: by an exception with a
        reason, or because fewer are declared now. What the register filed before netops does not count.
    Why: a department declares how many terminals it connects (Article 10); addresses follow from that (Article 11).
    Mend: have a supplementary declaration submitted (netops declare change), or release the surplus (netops ip release).
    """
    if (seen := scene.foresight) is None:
        return
    for number, used in sorted(seen.uses.items()):
        ground = seen.grounds.get(number)
        mine = [one for one in scene.allocations if one.declaration == number and one.origin is Origin.ACT
                and one.state in HELD]  # fmt: skip
        if ground is None or not ground.stands or used.most <= ground.terminals or not mine:
            continue
        excused = [one for one in mine if one.over_quota]
        # One block, the smallest for its terminals, is no excess.
        if not excused and len(mine) == 1 and _is_smallest(mine[0], ground.terminals):
            continue
        body: dict[str, object] = {"declaration": number, "used": used.most, "terminals": ground.terminals,
                                   "exceptions": {one.id: one.over_quota for one in excused}}  # fmt: skip
        facts = {"declaration": number, "organization": ground.organization, "used": str(used.most),
                 "terminals": str(ground.terminals),
                 "reason": "；".join(dict.fromkeys(one.over_quota for one in excused)) or "-"}  # fmt: skip
        subject: Subject = {"declaration": number, "organization": ground.organization}
        yield Conclusion("AD-111", scene.plane, subject, ground.organization, facts,
                         (Evidence("ledger", number, "uses", body, scene.at),), scene.at, identity=number)  # fmt: skip


def _is_smallest(one: Allocation, terminals: int) -> bool:
    return one.span.size <= smallest(terminals) and "/" in str(one.span)


@rule(
    "AD-112",
    "ungrounded_allocation",
    Severity.MEDIUM,
    Basis(10),
    Basis(11),
    title=N_("{span} of {organization} has no ground any more"),
    because=N_("{allocation} rests on {declaration} ({state}); its addresses lie in {pool} of {holder}"),
)
def ungrounded_allocation(scene: Scene) -> Iterator[Conclusion]:
    """
    What was given rests on nothing any more.

    What: the declaration of an allocation was suspended, withdrawn or belongs to somebody else now, or its addresses
        were delegated to others since.
    Why: addresses are given under a declaration (Article 10), inside what was granted (Article 11).
    Mend: take back all that lost its ground, with a plan first (netops ip reclaim --declaration NUMBER); or end the
        suspension (netops declare connect), or have a new declaration approved and the addresses given under it.
    """
    if (seen := scene.foresight) is None:
        return
    for one in scene.allocations:
        if one.state not in HELD or one.id not in seen.objections:
            continue
        state, pool, holder = seen.objections[one.id]
        told = {"span": str(one.span), "organization": one.organization, "allocation": one.id,
                "declaration": one.declaration, "state": state, "pool": pool, "holder": holder}  # fmt: skip
        body: dict[str, object] = {"allocation": one.id, "declaration": one.declaration, "state": state,
                                   "pool": pool, "holder": holder}  # fmt: skip
        yield Conclusion("AD-112", scene.plane, {"ip": one.first, "allocation": one.id}, one.organization, told,
                         (Evidence("ledger", one.id, str(one.span), body, scene.at),), scene.at, identity=one.id)  # fmt: skip


RULES: dict[str, Rule] = {
    one.code: one
    for one in (
        term_ending,
        term_ended,
        misgranted,
        pool_filling,
        pool_full,
        over_quota,
        ungrounded_allocation,
    )
}
