"""Accounts (账号): who may sign in as what, and their tokens; disabled by one administrator, granted by another."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from netops.core import account as rules
from netops.core import accounts as kept
from netops.core.account import Account, AccountState, Role, Source
from netops.core.accounts import Token
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_, _, called, series
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.rounds import accounts as rounds
from netops.web.pages import words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Page, Shown, Step
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

PLANES = {"": (), **{plane.value: (plane,) for plane in Plane}, "both": tuple(Plane)}


def listed(visit: Visit) -> Shown:
    """Every account, and every token that can be used."""
    every, now = kept.every(visit.desk.store), visit.desk.clock()
    live = [one for one in kept.tokens_of(visit.desk.store) if one.revoked is None and one.expires > now]
    off = sum(one.state is AccountState.DISABLED for one in every)
    table = Table(
        "accounts",
        _("Accounts"),
        [_("name"), _("person"), _("acts as"), _("planes"), _("organization"), _("state"), _("kept"), _("last sign-in")],
        [_row(visit, one) for one in every],
        _("There is no account yet."),
        csv=visit.here(format="csv", table="accounts"),
    )
    answer = _("{count} accounts, {off} of them disabled; {tokens} tokens can be used.").format(
        count=len(every), off=off, tokens=len(live)
    )
    return Shown("list.html", answer, {"tabs": [], "acts": []}, [table, _tokens(visit, live)])


def _row(visit: Visit, one: Account) -> list[str | Cell]:
    is_locked = one.locked_until is not None and one.locked_until > visit.desk.clock()
    return [
        Cell(one.name, path("accounts", one.name)),
        one.person,
        _(one.role),
        _planes(one),
        words.organization(one.organization),
        _state(one, is_locked=is_locked),
        _(one.source),
        words.time(one.last_sign_in),
    ]


def _state(one: Account, *, is_locked: bool) -> Cell:
    if one.state is AccountState.DISABLED:
        return Cell(_(one.state), mark="open")
    return Cell(_("locked"), mark="note") if is_locked else Cell(_(one.state), mark="good")


def _planes(one: Account) -> str:
    return series(_(plane.label) for plane in one.planes) or "—"


def _tokens(visit: Visit, live: list[Token]) -> Table:
    rows: list[list[str | Cell]] = [
        [
            Cell(one.id, path("accounts", "tokens", one.id, "revoke") if visit.may(Deed.GRANT) else "", short=True),
            Cell(one.account, path("accounts", one.account)),
            one.label,
            series(one.scopes),
            words.time(one.expires),
            words.time(one.last_used),
        ]
        for one in live
    ]
    return Table(
        "tokens",
        _("Tokens that can be used"),
        [_("id"), _("name"), _("label"), _("what it is for"), _("until"), _("last used")],
        rows,
        _("No token can be used."),
        csv=visit.here(format="csv", table="tokens"),
    )


def _one(visit: Visit) -> Account:
    with visit.desk.store.read() as connection:
        return kept.named(connection, visit.path["name"][:64])


def show(visit: Visit) -> Shown:
    """One account: what it is, its tokens, and what may be done to it."""
    one, now = _one(visit), visit.desk.clock()
    live = [each for each in kept.tokens_of(visit.desk.store, one.name) if each.revoked is None and each.expires > now]
    row = _row(visit, one)
    facts = [
        (_("person"), one.person), (_("acts as"), _(one.role)), (_("planes"), _planes(one)),
        (_("organization"), words.organization(one.organization)), (_("state"), row[5]), (_("kept"), _(one.source)),
        (_("second factor"), _("yes") if one.has_second_factor else "—"), (_("last sign-in"), words.time(one.last_sign_in)),
        (_("confirmed"), words.time(one.confirmed)),
    ]  # fmt: skip
    acts = []
    if visit.may(Deed.GRANT) and one.name != visit.who.name:
        if one.source is Source.LOCAL:
            acts.append((path("accounts", one.name, "grant"), _("Give it a role")))
        elif one.state is AccountState.DISABLED:
            acts.append((path("accounts", one.name, "enable"), _("Let it in again")))
    if visit.may(Deed.MANAGE_ACCOUNTS) and one.state is AccountState.ENABLED:
        acts.append((path("accounts", one.name, "disable"), _("Disable it")))
    return Shown(
        "record.html",
        _("{name} acts as {role}: {state}").format(name=one.name, role=_(one.role), state=_(one.state)),
        {"facts": facts, "acts": acts},
        [_tokens(visit, live)],
        trail=[("/accounts", _("Accounts"))],
    )


# ---- acts
def _stands(visit: Visit) -> str:
    one = _one(visit)
    return seen_of(one.role, one.planes, one.organization, one.state, one.person)


def _intent(visit: Visit, one: Account, title: str, fields: list[Field], **more: object) -> Intent:
    fields = [*fields, Field("why", _("Why"), "area", required=True)]
    facts = [(_("person"), one.person), (_("acts as"), _(one.role)), (_("planes"), _planes(one)), (_("state"), _(one.state))]
    return Intent(words.about(title, one.name), fields, back=path("accounts", one.name), seen=_stands(visit),
                  again=lambda: _stands(visit), facts=facts, **more)  # type: ignore[arg-type]  # fmt: skip


def disabling(visit: Visit) -> Intent:
    """It can be used no longer, nor its sessions and tokens."""
    one = _one(visit)

    def plan(said: Mapping[str, str]) -> list[Step]:
        if one.state is AccountState.DISABLED:
            raise NetopsError(N_("{name} was not changed"), N_("it is disabled already"), "", name=one.name)
        count = sum(each.revoked is None for each in kept.tokens_of(visit.desk.store, one.name))
        return [
            Step(_("{name} of {person} can sign in no longer").format(name=one.name, person=one.person), "bad"),
            Step(_("its sessions end"), "bad"),
            Step(_("its {count} tokens open nothing").format(count=count), "bad"),
        ]

    def do(said: Mapping[str, str], _key: str) -> None:
        rounds.change(visit.desk, one.name, "disable", said["why"], state=AccountState.DISABLED)

    return _intent(visit, one, _("Disable"), [], plan=plan, do=do)


def enabling(visit: Visit) -> Intent:
    """One that is kept elsewhere may sign in again, as what it is there; its tokens stay taken back."""
    one = _one(visit)

    def plan(said: Mapping[str, str]) -> list[Step]:
        if one.source is Source.LOCAL:
            raise NetopsError(N_("{name} was not changed"), N_("an account that is kept here is enabled by giving it a role"), "",
                              name=one.name)  # fmt: skip
        if one.state is AccountState.ENABLED:
            raise NetopsError(N_("{name} was not changed"), N_("it is enabled already"), "", name=one.name)
        return [Step(_("{name} of {person} may sign in again").format(name=one.name, person=one.person), "good")]

    def do(said: Mapping[str, str], _key: str) -> None:
        plan(said)
        rounds.change(visit.desk, one.name, "enable", said["why"], state=AccountState.ENABLED, locked_until=None)

    return _intent(visit, one, _("Let in again"), [], plan=plan, do=do)


def granting(visit: Visit) -> Intent:
    """The role of an account, by whoever did not apply for it."""
    one = _one(visit)

    def wanted(said: Mapping[str, str]) -> Account:
        role = Role(said["role"]) if said["role"] in list(Role) else one.role
        return msgspec.structs.replace(one, role=role, planes=PLANES.get(said["planes"], ()), organization=said["organization"],
                                       state=AccountState.ENABLED)  # fmt: skip

    def plan(said: Mapping[str, str]) -> list[Step]:
        after = wanted(said)
        rounds.grantable(visit.who, one)
        rules.check(after, kept.every(visit.desk.store), visit.desk.register.organization)
        told = " · ".join(part for part in (_(after.role), _planes(after), called(after.organization)) if part)
        return [Step(_("{name} of {person}: {what}").format(name=one.name, person=one.person, what=told), "good"),
                Step(_("its sessions end"))]  # fmt: skip

    def do(said: Mapping[str, str], _key: str) -> None:
        after = wanted(said)
        rounds.grant(visit.desk, visit.who, one.name, after.role, after.planes, after.organization, said["why"])

    named = next((name for name, planes in PLANES.items() if set(planes) == set(one.planes)), "")
    fields = [
        Field("role", _("Role"), "choice", one.role, required=True, choices=[(role.value, _(role)) for role in Role]),
        Field("planes", _("planes"), "choice", named, choices=[
            ("", "—"), *((plane.value, _(plane.label)) for plane in Plane), ("both", series(_(plane.label) for plane in Plane))]),
        Field("organization", _("Code of the department, of a department's account alone"), value=one.organization, most=64),
    ]  # fmt: skip
    return _intent(visit, one, _("Give a role"), fields, plan=plan, do=do)


def revoking(visit: Visit) -> Intent:
    """A token is taken back."""
    number = visit.path["id"][:16]

    def token() -> Token:
        found = next((one for one in kept.tokens_of(visit.desk.store) if one.id == number), None)
        if found is None:
            raise Missing(N_("there is no token {id}"), "", "netops user list --tokens", id=number)
        return found

    one = token()

    def plan(said: Mapping[str, str]) -> list[Step]:
        if token().revoked is not None:
            raise NetopsError(N_("the token {id} was not taken back"), N_("it was taken back already"), "", id=number)
        told = _("the token {id} of {name} opens nothing any more").format(id=number, name=one.account)
        return [Step(told + (f" ({one.label})" if one.label else ""), "bad")]

    def do(said: Mapping[str, str], _key: str) -> None:
        rounds.revoke(visit.desk, number, said["why"])

    return Intent(
        words.about(_("Take a token back"), number), [Field("why", _("Why"), "area", required=True)], plan, do,
        path("accounts", one.account), seen_of(one.revoked), lambda: seen_of(token().revoked),
        facts=[(_("name"), one.account), (_("label"), one.label), (_("what it is for"), series(one.scopes))],
    )  # fmt: skip


PAGES = (
    Page("/accounts", Deed.READ_ACCOUNTS, listed, bound=False),
    Page("/accounts/{name}", Deed.READ_ACCOUNTS, show, bound=False),
)
ACTS = (
    Act("/accounts/{name}/disable", Deed.MANAGE_ACCOUNTS, disabling, bound=False),
    Act("/accounts/{name}/enable", Deed.GRANT, enabling, bound=False),
    Act("/accounts/{name}/grant", Deed.GRANT, granting, bound=False),
    Act("/accounts/tokens/{id}/revoke", Deed.GRANT, revoking, bound=False),
)
