"""Checks of Articles 8, 9 and 12: is the network whole, are the planes apart, does traffic leave where it may. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from netops.core.clock import CITY_ZONE
from netops.core.finding import Finding
from netops.core.language import N_
from netops.core.plane import Plane
from netops.inspections.answer import (
    Check,
    Judgement,
    conform,
    darkness,
    listing,
    nonconform,
    not_applicable,
    partial,
    unchecked,
    unlooked,
    unseen,
)
from netops.inspections.facts import ExitFact, Facts

DRIFT = ("undeclared_link", "missing_link", "missing_device", "unknown_neighbour")
CROSSING = ("cross_plane", "intranet_exit")
OWN_EXIT = ("rogue_exit_host", "rogue_exit_router", "tunnel")
NOT_PRESENT = N_("it has nothing registered in the planes that this item is about")


@Check
def topology_complete(facts: Facts, fresh_hours: int = 48, plane: str = "extranet") -> Judgement:
    """A08-1, A08-2: every registered device of a plane was seen and answered for, and nothing undeclared hangs on it."""
    if Plane(plane) not in facts.planes:
        return unchecked(N_("the {plane} is not served by this instance"), plane=plane)
    devices = [one for one in facts.devices if one.plane == plane]
    if (stale := unlooked(facts, [f"walk/{plane}"], fresh_hours)) is not None:
        return stale
    if not devices:
        return unchecked(N_("no device is registered in the {plane}"), plane=plane)
    drift = [one for one in facts.standing(*DRIFT, city=True) if one.plane == plane]
    if drift:
        return nonconform(
            N_("differences between the register and what was walked ({count}): {findings}"),
            *drift,
            count=len(drift),
            findings=numbers(drift),
        )
    if unasked := [one.name for one in devices if not one.asked]:
        return unchecked(N_("{devices} are registered but not walked"), devices=listing(unasked))
    if (dark := darkness(facts, devices, fresh_hours)) is not None:
        return dark
    vague = [one.name for one in devices if not one.site]
    if len(vague) == len(devices) > 1:
        return unchecked(N_("all {count} devices were seen, but where they stand is registered of none"), count=len(devices))
    if vague:
        return partial(
            N_("all {count} devices were seen, but no site is registered for {devices}"),
            count=len(devices),
            devices=listing(vague),
        )
    return conform(
        N_("all {count} walked devices were seen, each with its organization and site"), count=len(devices)
    )


@Check
def one_plane(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A08-3: no way between the planes and none from the intranet outside, in every plane where the body is."""
    asking = facts.standing("intranet_public_query")
    if breaches := facts.standing(*CROSSING):
        return nonconform(
            N_("a way between the planes, or from the intranet outside, was seen: {findings}"),
            *breaches,
            *asking,
            findings=numbers((*breaches, *asking)),
        )
    if asking:
        return partial(
            N_("hosts of the intranet ask for the internet, in vain: {findings}"),
            *asking,
            findings=numbers(asking),
        )
    return _clean(
        facts,
        facts.present(),
        fresh_hours,
        CROSSING,
        N_("no way between the planes was seen where it is connected: {planes}"),
    )


@Check
def no_private_backbone(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A09-1: no link of its own past the platform (bypass_link)."""
    if breaches := facts.standing("bypass_link"):
        return nonconform(
            N_("links of its own past the platform were seen ({count}): {findings}"),
            *breaches,
            count=len(breaches),
            findings=numbers(breaches),
        )
    return _clean(
        facts,
        facts.present(),
        fresh_hours,
        ("bypass_link",),
        N_("no link past the platform was seen in: {planes}"),
    )


@Check
def interconnection_on_platform(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A09-2: every neighbour of its devices is on the platform or registered (bypass_link, undeclared_link)."""
    kinds = ("bypass_link", "undeclared_link")
    if breaches := facts.standing(*kinds):
        return nonconform(
            N_("connections that nobody registered were seen ({count}): {findings}"),
            *breaches,
            count=len(breaches),
            findings=numbers(breaches),
        )
    return _clean(
        facts,
        facts.present(),
        fresh_hours,
        kinds,
        N_("every connection that was seen is registered, in: {planes}"),
    )


@Check
def shared_exit(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A12-1: its traffic leaves by the shared exit, or by a separate one that is filed."""
    if breaches := facts.standing(*OWN_EXIT):
        return nonconform(
            N_("traffic left by a way that nobody filed: {findings}"), *breaches, findings=numbers(breaches)
        )
    unfiled = [one.id for one in _separate(facts) if not one.filing]
    if unfiled:
        return nonconform(N_("its own exits have no filing: {exits}"), exits=listing(unfiled))
    if Plane.EXTRANET not in facts.present():
        return not_applicable(N_("it is not connected to the extranet"))
    if (stale := unlooked(facts, ["egress/extranet"], fresh_hours)) is not None:
        return stale
    since = facts.at - timedelta(hours=fresh_hours)
    exporting = [one for one in facts.watched(Plane.EXTRANET) if one.exporter]
    if deaf := [one.name for one in exporting if one.heard_at is None or one.heard_at < since]:
        return unchecked(N_("no flows came from {devices}"), devices=listing(deaf))
    return _clean(
        facts, (Plane.EXTRANET,), fresh_hours, OWN_EXIT, N_("no exit but the registered ones was seen")
    )


@Check
def separate_exit_filed(facts: Facts, fresh_hours: int = 48) -> Judgement:
    """A12-2: each separate access has a scheme on file, still valid, filed before it was first seen."""
    if breaches := facts.standing("rogue_exit_router", "unfiled_separate_exit"):
        return nonconform(
            N_("a separate access was used without a filing in force: {findings}"),
            *breaches,
            findings=numbers(breaches),
        )
    exits = _separate(facts)
    if not exits:
        looks = ["walk/extranet", "egress/extranet"] if Plane.EXTRANET in facts.present() else []
        return unlooked(facts, looks, fresh_hours) or not_applicable(
            N_("it has no internet access of its own")
        )
    today = facts.at.astimezone(CITY_ZONE).date()
    for one in exits:
        filed = _day(one.filed_on)
        if not one.filing:
            return nonconform(N_("the exit {exit} has no filing"), exit=one.id)
        if filed is None:
            return unchecked(
                N_("the filing {filing} of {exit} has no date, so nothing shows that it came first"),
                filing=one.filing,
                exit=one.id,
            )
        if one.valid_until and (_day(one.valid_until) or date.min) < today:
            return nonconform(
                N_("the filing {filing} of the exit {exit} lapsed on {until}"),
                filing=one.filing,
                exit=one.id,
                until=one.valid_until,
            )
        if one.first_seen is not None and one.first_seen.astimezone(CITY_ZONE).date() < filed:
            return nonconform(
                N_("the exit {exit} carried traffic on {seen}, before its filing of {filed}"),
                exit=one.id,
                seen=one.first_seen.astimezone(CITY_ZONE).date(),
                filed=one.filed_on,
            )
    unknown = [one for one in exits if one.first_seen is None]
    if unknown:
        return unchecked(
            N_(
                "the filing {filing} of {filed} is on record, but when {exit} first carried traffic was not seen"
            ),
            filing=unknown[0].filing,
            filed=unknown[0].filed_on,
            exit=unknown[0].id,
        )
    return conform(
        N_("each separate exit was filed before it was first seen: {filings}"),
        filings=listing(one.filing for one in exits),
    )


def numbers(findings: tuple[Finding, ...] | list[Finding]) -> str:
    """Their ids for a sentence."""
    return listing(one.id for one in findings)


def _clean(
    facts: Facts, planes: tuple[Plane, ...], fresh_hours: int, kinds: tuple[str, ...], reason: str
) -> Judgement:
    """No breach stands: conform when everything was seen, partial while an exception covers one."""
    if not planes:
        return not_applicable(NOT_PRESENT)
    if (dark := unseen(facts, planes, fresh_hours)) is not None:
        return dark
    if excused := facts.accepted(*kinds):
        return partial(
            N_("accepted as an exception until {until}: {findings}"),
            *excused,
            until=min(one.accepted_until for one in excused),
            findings=numbers(excused),
        )
    return conform(reason, planes=listing(planes))


def _separate(facts: Facts) -> list[ExitFact]:
    return [one for one in facts.exits if one.organization == facts.code and one.kind == "separate"]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
