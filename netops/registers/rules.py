"""Rules of registers: those of any record, and what a single duty asks beyond what was written down. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from netops.core.basis import Basis
from netops.core.dates import first_day, last_day
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.registers.entry import Entry
from netops.registers.record_rules import OF_RECORDS
from netops.registers.scene import Scene, both, said, term
from netops.registers.site_rules import SEEN
from netops.registers.values import LONG_TERM


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
        *OF_RECORDS, off_platform, used_before_acceptance, uncertified_product, untrained_staff, uninspected_connection,
        kept_beyond_term,
    )
}  # fmt: skip
"""What is asked of a plane's records."""
WINDOW = timedelta(days=7)
"""How far back something counts as in use."""
RULES: dict[str, Rule] = WRITTEN | SEEN
