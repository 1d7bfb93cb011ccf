"""Rules of registers: what is missing, over, late or contrary in what people wrote down. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import pairwise
from typing import Any

from netops.core.basis import Basis
from netops.core.dates import after, first_day, last_day
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.registers.entry import Entry, EntryState
from netops.registers.kind import Check, Kind
from netops.registers.scene import Scene, both, said, term
from netops.registers.site_rules import SEEN
from netops.registers.values import LONG_TERM

OVERALL = (Basis(27), Basis(29))
"""What the registers as a whole are kept for; every finding names the duty of its own register instead."""


@rule(
    "RG-101", "missing_value", Severity.LOW, *OVERALL,
    title=N_("{number} {title} does not say: {field}"),
    because=N_("the register {register} asks for it, and the field is empty"),
)  # fmt: skip
def missing_value(scene: Scene) -> Iterator[Conclusion]:
    """
    A record does not say what its register asks for.

    What: a field that must be filled, for a record of this kind, is empty.
    Why: the duty behind the field is done when the record shows it; an empty field shows nothing.
    Mend: netops register edit KIND NUMBER FIELD=VALUE.
    """
    for kind, entry in scene.every():
        for field in kind.fields:
            if (field.required or field.expected) and field.name not in entry.values:
                yield scene.conclusion("RG-101", kind, entry, field)
    for kind, check, entry in scene.checked("needs"):
        field = kind.field[check.field]
        if (
            check.field not in entry.values
            and not field.expected
            and not field.required
            and check.most is None
        ):
            yield scene.conclusion("RG-101", kind, entry, field, check.duty)


@rule(
    "RG-102", "contrary_value", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} is {value}"),
    because=N_("the register {register} shows what the regulation does not allow for such a record"),
)  # fmt: skip
def contrary_value(scene: Scene) -> Iterator[Conclusion]:
    """
    A record says itself that a duty is not done.

    What: the field has another value than such a record must have: a cross-department system that is not on the platform, open
        high risks, a sub-site outside the portal platform.
    Why: what is written down is honest, and the duty behind the field still stands.
    Mend: put the matter right and enter it (netops register edit), or have the exception accepted (netops finding accept).
    """
    for kind, check, entry in scene.checked("needs"):
        value = entry.values.get(check.field)
        if value is None:
            continue
        plain = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        low = check.least is not None and isinstance(value, int | float) and value < check.least
        high = check.most is not None and isinstance(value, int | float) and value > check.most
        if (check.values and plain not in check.values) or low or high:
            yield scene.conclusion(
                "RG-102", kind, entry, kind.field[check.field], check.duty, value=said(value)
            )


@rule(
    "RG-103", "expired_record", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} was {day}"),
    because=N_("that was {days} days ago"),
)  # fmt: skip
def expired_record(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that was written down as valid until a day is over.

    What: the date in the field has passed: a product's certification, a plan, a digital certificate, a term to rectify.
    Why: from that day on the record does not prove the duty any more.
    Mend: renew it and enter the new date (netops register edit KIND NUMBER FIELD=DATE), or retire the record.
    """
    for kind, check, entry in scene.checked("expiry"):
        value = entry.values.get(check.field)
        if (
            isinstance(value, str)
            and value != LONG_TERM
            and (days := (scene.today - last_day(value)).days) > 0
        ):
            yield scene.conclusion(
                "RG-103", kind, entry, kind.field[check.field], check.duty, day=value, days=str(days)
            )


@rule(
    "RG-104", "expiring_record", Severity.LOW, *OVERALL,
    title=N_("{number} {title}: {field} is {day}"),
    because=N_("that is in {days} days"),
)  # fmt: skip
def expiring_record(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that was written down as valid until a day will soon be over.

    What: the date in the field comes within the time that its register gives for a renewal.
    Why: who renews in time is never without.
    Mend: renew it and enter the new date (netops register edit KIND NUMBER FIELD=DATE).
    """
    for kind, check, entry in scene.checked("expiry"):
        value = entry.values.get(check.field)
        if not check.remind or not isinstance(value, str) or value == LONG_TERM:
            continue
        days = (last_day(value) - scene.today).days
        if 0 <= days and last_day(value) <= after(scene.today, check.remind):
            yield scene.conclusion(
                "RG-104", kind, entry, kind.field[check.field], check.duty, day=value, days=str(days)
            )


@rule(
    "RG-105", "dangling_reference", Severity.LOW, *OVERALL,
    title=N_("{number} {title}: {field} points at {other}"),
    because=N_("{other} is not there, or was retired"),
)  # fmt: skip
def dangling_reference(scene: Scene) -> Iterator[Conclusion]:
    """
    A record points at one that is no longer in use.

    What: the record that a field refers to was retired, or is not there.
    Why: what belongs together can no longer be followed.
    Mend: netops register edit KIND NUMBER FIELD=OTHER, or restore the other one (netops register restore).
    """
    for kind, entry in scene.every():
        for field in kind.fields:
            other = entry.values.get(field.name) if field.reference else None
            if isinstance(other, str) and scene.states.get(other) is not EntryState.STANDING:
                yield scene.conclusion("RG-105", kind, entry, field, other=other)


@rule(
    "RG-106", "owner_gone", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title} belongs to {owner}, which is not registered any more"),
    because=N_("{field} names an organization that is not in the register of organizations"),
)  # fmt: skip
def owner_gone(scene: Scene) -> Iterator[Conclusion]:
    """
    Nobody answers for a record.

    What: the organization that a record names is not in the register of organizations: it was merged, renamed or dissolved.
    Why: who is in charge and who operates must be known at any time (Article 27).
    Mend: netops register edit KIND NUMBER organization=SUCCESSOR, or retire the record.
    """
    for kind, entry in scene.every():
        for field in kind.fields:
            code = entry.values.get(field.name) if field.type == "organization" else None
            if isinstance(code, str) and code not in scene.organizations:
                yield scene.conclusion("RG-106", kind, entry, field, owner=code)


@rule(
    "RG-107", "outdated_record", Severity.LOW, *OVERALL,
    title=N_("{number} {title}: {field} was {day}"),
    because=N_("it is to be renewed every {period}, and was due on {due}"),
)  # fmt: skip
def outdated_record(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that must be done again from time to time was done too long ago.

    What: the last assessment, confirmation, drill, backup or delivery is older than its register allows.
    Why: the duty is a recurring one; what was done once proves it only for its period.
    Mend: do it, and enter the day (netops register edit KIND NUMBER FIELD=DATE).
    """
    for kind, check, entry in scene.checked("renewal"):
        value = entry.values.get(check.field)
        if not isinstance(value, str) or value == LONG_TERM:
            continue
        due = after(last_day(value), check.within)
        if due < scene.today:
            yield scene.conclusion(
                "RG-107",
                kind,
                entry,
                kind.field[check.field],
                check.duty,
                day=value,
                **term(check.within),
                due=due.isoformat(),
            )


@rule(
    "RG-108", "overdue_record", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} is overdue"),
    because=N_("{start} was {day}; within {period} of it, it was due on {due}"),
)  # fmt: skip
def overdue_record(scene: Scene) -> Iterator[Conclusion]:
    """
    A step that had to follow another one within a time did not, or followed too late.

    What: information not published within seven days, a project in use that was never accepted, an acceptance not applied for.
    Why: the regulation sets the order of steps and the time between them.
    Mend: take the step, and enter its day (netops register edit KIND NUMBER FIELD=DATE).
    """
    for kind, check, entry in scene.checked("due"):
        start, done = entry.values.get(check.after), entry.values.get(check.field)
        if not isinstance(start, str) or start == LONG_TERM:
            continue
        due = after(last_day(start), check.within)
        is_late = first_day(done) > due if isinstance(done, str) and done != LONG_TERM else scene.today > due
        if is_late and not (done is not None and check.within == "0d"):
            before = kind.field[check.after]
            yield scene.conclusion(
                "RG-108", kind, entry, kind.field[check.field], check.duty, check.after, day=start, **term(check.within),
                due=due.isoformat(), **both("start", before.zh, before.en),
            )  # fmt: skip


@rule(
    "RG-109", "dates_out_of_order", Severity.MEDIUM, *OVERALL,
    title=N_("{number} {title}: {field} ({day}) is before {start} ({start_day})"),
    because=N_("{start} must come first"),
)  # fmt: skip
def dates_out_of_order(scene: Scene) -> Iterator[Conclusion]:
    """
    Steps of a record stand in the wrong order.

    What: approval before review, acceptance before the test, use before acceptance, an end before its beginning.
    Why: the regulation sets the order of steps (Article 7 for projects).
    Mend: correct the date if it was mistyped (netops register edit); else the step was taken too early and must be made good.
    """
    for kind, check, entry in scene.checked("order"):
        dated = [
            (name, text)
            for name in check.fields
            if isinstance(text := entry.values.get(name), str) and text != LONG_TERM
        ]
        for (first, one), (second, other) in pairwise(dated):
            if last_day(other) < first_day(one):
                before = kind.field[first]
                yield scene.conclusion(
                    "RG-109", kind, entry, kind.field[second], check.duty, first, day=other, start_day=one,
                    **both("start", before.zh, before.en),
                )  # fmt: skip


@rule(
    "RG-110", "duplicate_value", Severity.LOW, *OVERALL,
    title=N_("{number} {title} and {other} have the same {field}"),
    because=N_("in the register {register} it may stand once only"),
)  # fmt: skip
def duplicate_value(scene: Scene) -> Iterator[Conclusion]:
    """
    Two records claim the same thing.

    What: two standing records have the same value where only one may have it: the source of a datum, a filing number, an address.
    Why: one source per datum, one record per thing (Article 24).
    Mend: retire the one that is wrong, or correct its value (netops register edit).
    """
    first: dict[tuple[str, str, str], str] = {}
    for kind, check, entry in scene.checked("once"):
        value = entry.values.get(check.field)
        if value is None:
            continue
        key = (kind.kind, check.field, said(value).casefold())
        if (other := first.setdefault(key, entry.number)) != entry.number:
            yield scene.conclusion("RG-110", kind, entry, kind.field[check.field], check.duty, other=other)


@rule(
    "RG-111", "missing_record", Severity.MEDIUM, *OVERALL,
    title=N_("{organization} has no record in the register {register}"),
    because=N_("the register is kept, and every body that the duty binds must be in it"),
)  # fmt: skip
def missing_record(scene: Scene) -> Iterator[Conclusion]:
    """
    A body that a duty binds is not in the register.

    What: the register is in use, and an organization that must have a record in it (a security manager, a contingency plan, a
        protection level, a sub-site) has none. A register without any record asks nobody.
    Why: the duty binds every body; who is not written down has not done it, or nobody knows.
    Mend: netops register add KIND organization=CODE …
    """
    for kind in scene.kept:
        for check in (one for one in kind.checks if one.rule == "everyone"):
            have = {entry.organization for entry in scene.records[kind.kind] if check.concerns(entry.values)}
            for body in scene.bodies:
                if (
                    check.who not in ("all", "county" if body.is_county else "department")
                    or body.code in have
                ):
                    continue
                zh, en = _narrowed(kind, check)
                proof: dict[str, object] = {
                    "register": kind.kind,
                    "records": len(scene.records[kind.kind]),
                    "with_record": sorted(have),
                }
                yield Conclusion(
                    "RG-111", scene.plane, {"organization": body.code, "register": kind.kind}, body.code,
                    {"organization": body.code,
                     **both("register", kind.head.title_zh + zh, kind.head.title_en + en)},
                    (Evidence("register", kind.kind, f"{kind.kind} of {body.code}", proof, scene.at),), scene.at,
                    identity=f"{kind.kind} {body.code} {sorted(check.when.items())}", basis=kind.basis(check.duty),
                )  # fmt: skip


def _narrowed(kind: Kind, check: Check) -> tuple[str, str]:
    """Which of the records is meant, in both languages: （信息安全管理人员）."""
    words: tuple[list[str], list[str]] = ([], [])
    for name, wanted in check.when.items():
        for one in kind.field[name].choices:
            if one.key in ([wanted] if isinstance(wanted, str) else wanted):
                words[0].append(one.zh)
                words[1].append(one.en)
    return (f"（{'、'.join(words[0])}）", f" ({', '.join(words[1])})") if words[0] else ("", "")


@rule(
    "RG-112", "off_platform", Severity.MEDIUM, Basis(19, duty="A19-1"),
    title=N_("{number} {title}: {outside} lies outside the {plane}"),
    because=N_("the addresses of the plane are {nets}"),
)  # fmt: skip
def off_platform(scene: Scene) -> Iterator[Conclusion]:
    """
    Something that must run on the network platform has an address elsewhere.

    What: an address of a cross-department system, or of a data centre, lies outside the plane's own prefixes.
    Why: cross-department applications run on the e-government network platform (Article 19).
    Mend: move it onto the platform, or correct the address (netops register edit KIND NUMBER addresses=…).
    """
    nets = [ip_network(one) for one in scene.nets]
    for kind, check, entry in scene.checked("platform"):
        listed = entry.values.get(check.field)
        outside = (
            [text for text in listed or () if nets and not _inside(text, nets)]
            if isinstance(listed, list)
            else []
        )
        if outside:
            yield scene.conclusion(
                "RG-112", kind, entry, kind.field[check.field], check.duty, outside=", ".join(outside[:5]),
                nets=", ".join(scene.nets[:5]), plane=scene.plane.label,
            )  # fmt: skip


def _inside(text: str, nets: Sequence[IPv4Network | IPv6Network]) -> bool:
    if "/" in text:
        whole = ip_network(text)
        ends = [whole[0], whole[-1]]
    else:
        ends = [ip_address(one) for one in text.split("-")]
    return any(all(end in net for end in ends) for net in nets)


@rule(
    "RG-113", "used_before_acceptance", Severity.HIGH, Basis(7, duty="A07-6"),
    title=N_("{number} {title} is in use without acceptance"),
    because=N_("{what} answered on {day}; the register shows no passed acceptance and no approved trial run"),
)  # fmt: skip
def used_before_acceptance(scene: Scene) -> Iterator[Conclusion]:
    """
    A project that was not accepted is in use.

    What: a page of a project, or of a system, site or service that refers to it, answered a visit in the last week; or one of
        their addresses served others, as the kept flows say ([registers] use_clients of them, on use_days days). The register
        has no passed acceptance and no trial run that is approved for today. An address that is merely alive is no use: what
        is built is installed and tested before it is accepted.
    Why: what was not accepted, or failed, must not be put into use (Article 7).
    Mend: take it off the network, or enter acceptance or the approved trial run (netops register edit projects NUMBER …).
    """
    kind = scene.kinds.get("projects")
    for entry in scene.records.get("projects", ()) if kind else ():
        use = scene.used.get(entry.number)
        if kind and use is not None and not accepted(entry.values, scene.today):
            facts = {"what": use.what, "day": use.day.isoformat()}
            if use.clients:
                facts |= {"clients": str(use.clients), "said": SERVED}
            yield scene.conclusion("RG-113", kind, entry, kind.field.get("accepted_on"), "A07-6", **facts)


SERVED = N_(
    "{what} served {clients} others, as the kept flows say, last on {day};"
    " the register shows no passed acceptance and no approved trial run"
)


def accepted(values: Mapping[str, Any], today: date) -> bool:
    """Whether a project with these values may be in use: it passed its acceptance, or its trial run is approved for today."""
    trial, day = values.get("trial_until"), values.get("accepted_on")
    in_trial = isinstance(trial, str) and trial != LONG_TERM and last_day(trial) >= today
    passed = values.get("acceptance") == "passed" and isinstance(day, str) and day != LONG_TERM
    return in_trial or (passed and first_day(str(day)) <= today)


@rule(
    "RG-114", "uncertified_product", Severity.MEDIUM, Basis(28, duty="A28-1"),
    title=N_("{device} of {organization} is in no register of security products"),
    because=N_("the inventory has it as a security device, and no record names its device or address"),
)  # fmt: skip
def uncertified_product(scene: Scene) -> Iterator[Conclusion]:
    """
    A security device has no record with its certification.

    What: a firewall of the inventory is named by no record of the register of security products, which is in use.
    Why: security systems use products that are certified or accredited by law (Article 28).
    Mend: netops register add products organization=CODE name=… device=NAME certificate_no=… certificate_expires=…
    """
    kind = scene.kinds.get("products")
    if kind is None or not scene.records.get("products"):
        return
    listed = scene.records["products"]
    named = {said(one.values.get("device", "")) for one in listed}
    addresses = {
        address for one in listed for address in one.values.get("addresses", one.values.get("address", ()))
    }
    for guard in scene.guards:
        if guard.name not in named and guard.address not in addresses:
            body: dict[str, object] = {"device": guard.name, "address": guard.address, "records": len(listed)}
            yield Conclusion(
                "RG-114", scene.plane, {"device": guard.name, "organization": guard.organization}, guard.organization,
                {"device": guard.name, "organization": guard.organization},
                (Evidence("register", "products", "device or address", body, scene.at),), scene.at,
                identity=guard.name, basis=kind.basis("A28-1"),
            )  # fmt: skip


@rule(
    "RG-115", "untrained_staff", Severity.LOW, Basis(32, duty="A32-1"),
    title=N_("{organization}: {holders} of {staff} staff hold the training certificate"),
    because=N_("the register of staff says {staff} under fifty, the register of certificates has {holders}"),
)  # fmt: skip
def untrained_staff(scene: Scene) -> Iterator[Conclusion]:
    """
    Fewer staff hold the training certificate than must.

    What: an organization has fewer standing training certificates than staff under fifty. Only counts are compared, no names.
    Why: officials under fifty attend the training and hold the certificate (Article 32).
    Mend: send them to the training and enter their certificates (netops register import training FILE).
    """
    kind = scene.kinds.get("staff")
    holders: dict[str, int] = defaultdict(int)
    for entry in scene.records.get("training", ()):
        holders[entry.organization] += 1
    for entry in scene.records.get("staff", ()) if kind else ():
        wanted, held = entry.values.get("under_50"), holders[entry.organization]
        if kind and isinstance(wanted, int) and held < wanted:
            yield scene.conclusion(
                "RG-115",
                kind,
                entry,
                kind.field.get("under_50"),
                "A32-1",
                holders=str(held),
                staff=str(wanted),
            )


@rule(
    "RG-116", "uninspected_connection", Severity.MEDIUM, Basis(10, duty="A10-6"),
    title=N_("{number} of {organization} is connected without a passed entry inspection"),
    because=N_("the register of entry inspections has none for it, or its last one was not passed"),
)  # fmt: skip
def uninspected_connection(scene: Scene) -> Iterator[Conclusion]:
    """
    A network was connected without a passed entry inspection.

    What: a declaration is connected, and the register of entry inspections, which is in use (or asked for by [declarations]
        entry_inspection), has no inspection of it, or the last one was failed.
    Why: who connects meets the requirements of network security (Article 10).
    Mend: have it inspected and enter the result (netops register add entry_inspections declaration=NUMBER …), or suspend it.
    """
    kind = scene.kinds.get("entry_inspections")
    last = inspected(scene.records.get("entry_inspections", ()))
    for one in scene.connected if kind else ():
        held = last.get(one.number.upper())
        if kind and (held is None or held.values["result"] == "failed"):
            body: dict[str, object] = {"declaration": one.number, "inspection": held.number if held else ""}
            yield Conclusion(
                "RG-116", scene.plane, {"organization": one.organization, "declaration": one.number, "register": kind.kind},
                one.organization,
                {"number": one.number, "organization": one.organization},
                (Evidence("register", kind.kind, "declaration", body, scene.at),), scene.at,
                identity=one.number, basis=kind.basis("A10-6"),
            )  # fmt: skip


@rule(
    "RG-117", "kept_beyond_term", Severity.LOW, Basis(32, duty="A32-1"),
    title=N_("{organization}: {count} records of the register {register} are past their term"),
    because=N_("the register keeps what was retired or replaced for {period}; netops register expired {name} lists them"),
)  # fmt: skip
def kept_beyond_term(scene: Scene) -> Iterator[Conclusion]:
    """
    Records are kept longer than their term.

    What: records that were retired longer ago than the register keeps them (retention in its file), or versions that were
        replaced so long ago and still name persons.
    Why: of persons only what is needed is kept, and only as long (Article 32 for certificates; 个人信息保护法, Article 19).
    Mend: netops register discard KIND --why … removes them for good; it is an act with its reason, netops never does it alone.
    """
    for (name, organization), count in sorted(scene.outlived.items()):
        kind = scene.kinds[name]
        body: dict[str, object] = {"register": name, "records": count, "term": kind.head.retention}
        yield Conclusion(
            "RG-117", scene.plane, {"organization": organization, "register": name}, organization,
            {"organization": organization, "count": str(count), "name": name, **term(kind.head.retention),
             **both("register", kind.head.title_zh, kind.head.title_en)},
            (Evidence("register", name, f"{name} of {organization}", body, scene.at),), scene.at,
            identity=f"{name} {organization}", basis=kind.basis("A32-1") if "A32-1" in kind.head.duties else kind.basis(),
        )  # fmt: skip


def inspected(listed: Iterable[Entry]) -> dict[str, Entry]:
    """The last entry inspection of each declaration, by its number in capitals."""
    found: dict[str, Entry] = {}
    for one in listed:
        number = str(one.values["declaration"]).strip().upper()
        if number not in found or str(one.values["inspected_on"]) >= str(found[number].values["inspected_on"]):
            found[number] = one
    return found


WRITTEN: dict[str, Rule] = {
    one.code: one
    for one in (
        missing_value, contrary_value, expired_record, expiring_record, dangling_reference, owner_gone, outdated_record,
        overdue_record, dates_out_of_order, duplicate_value, missing_record, off_platform, used_before_acceptance,
        uncertified_product, untrained_staff, uninspected_connection,
        kept_beyond_term,
    )
}  # fmt: skip
"""What is asked of a plane's records."""
WINDOW = timedelta(days=7)
"""How far back something counts as in use."""
RULES: dict[str, Rule] = WRITTEN | SEEN
