"""Leavers (离职核对): every account that a directory keeps is asked after; whoever is gone there can do nothing here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from netops.core import accounts
from netops.core.account import Account, AccountState, Source
from netops.core.clock import city_time
from netops.core.errors import NetopsError, Refused
from netops.core.identity import Known, account_of
from netops.core.journal import act
from netops.core.language import N_, _, choose, speaking
from netops.desk import Desk
from netops.rounds import Progress, Report, admission, diary, silent
from netops.rounds.accounts import unconfirmed_since

AT_ONCE = 3
"""So many may leave between two rounds; of more, a third of all at most: beyond that the settings are likelier to be wrong."""


class Standing(msgspec.Struct, frozen=True):
    """
    How well accounts that are kept elsewhere are known to be somebody's.

    Args:
        away: since when the directory could not be asked, in city time; "" when it could.
        unconfirmed: accounts that can do nothing until they are confirmed.
    """

    away: str = ""
    unconfirmed: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Nothing is to be said."""
        return not self.away and not self.unconfirmed

    def told(self, *, names: bool = True) -> list[str]:
        """Each thing that is to be said, as a sentence; with the names of accounts, or without."""
        said = []
        if self.away:
            said.append(_("The directory has not been asked after leavers since {time}.").format(time=self.away))
        if self.unconfirmed and names:
            few = ", ".join(self.unconfirmed[:5]) + (" …" if len(self.unconfirmed) > 5 else "")
            said.append(_("Not confirmed where they are kept, and can do nothing: {names}.").format(names=few))
        return said


def run(desk: Desk, progress: Progress = silent) -> Report:
    """
    Ask the directory after every account of its that may be used here.

    Who is not there any more is disabled; who is there and is let in no longer loses sessions and tokens; who is something
    else by now becomes that. Nothing changes while the directory cannot be asked, nor where too many are gone at once.

    Raises:
        Away: the directory cannot be asked.
        Refused: too many are gone at once.
    """
    mine = _of(desk, Source.LDAP)
    facts = {N_("accounts"): len(mine), N_("disabled"): 0, N_("shut out"): 0}
    if not (desk.config.ldap.url and mine):
        return Report(round="leavers", facts=facts)
    asked = dict(admission.directory(desk).look_each(mine))
    gone = [name for name, known in asked.items() if known is None]
    _credible(gone, len(asked))
    kept = list[str]()
    for done, (name, known) in enumerate(asked.items(), 1):
        with speaking(choose(None, desk.config.language)):
            what = _settle(desk, mine[name], known)
        if what:
            facts[what] += 1
        else:
            kept.append(name)
        progress(done, len(asked), name)
    with desk.store.write() as connection:
        accounts.confirm(connection, kept, desk.clock())
    return Report(round="leavers", facts=facts)


def standing(desk: Desk) -> Standing:
    """How it stands now, for whoever looks at the status."""
    if not (desk.config.ldap.url or desk.config.oidc.issuer):
        return Standing()
    away, runs = "", diary.last(desk.store)
    if desk.config.ldap.url and (last := runs.get("leavers")) is not None and last.outcome == "failed":
        good = diary.last_success(desk.store).get("leavers")
        away = city_time(good.ended if good and good.ended else last.started)
    since = unconfirmed_since(desk)
    late = [
        name for source, bound in since.items() for name, one in _of(desk, source).items()
        if one.confirmed is None or one.confirmed < bound
    ]  # fmt: skip
    return Standing(away, tuple(late))


def _of(desk: Desk, source: Source) -> dict[str, Account]:
    """Accounts that are kept there and may be used."""
    every: Iterable[Account] = accounts.every(desk.store)
    return {one.name: one for one in every if one.source is source and one.state is AccountState.ENABLED}


def _credible(gone: Sequence[str], asked: int) -> None:
    if len(gone) > 1 and (len(gone) == asked or len(gone) > max(AT_ONCE, asked // 3)):
        raise Refused(
            N_("nobody was disabled"),
            N_("{gone} of {asked} accounts are gone from the directory at once, {names} among them: it may be the settings"),
            N_("look: netops user check-directory NAME; if they have left: netops user disable NAME"),
            gone=len(gone), asked=asked, names=", ".join(gone[:3]),
        )  # fmt: skip


def _settle(desk: Desk, before: Account, known: Known | None) -> str:
    """One account as the directory has it now; what became of it where it can do nothing any more, else ""."""
    with desk.store.read() as connection:
        found = accounts.one(connection, before.name)
    if found is None or found[0].state is not AccountState.ENABLED or found[0].source is not before.source:
        return ""  # somebody has decided otherwise meanwhile
    if known is None:
        _disable(desk, found[0])
        return "disabled"
    try:
        wanted = account_of(known, desk.config.ldap.roles)
        if _said(wanted) != _said(found[0]):
            with act(desk.store, desk.actor, desk.clock) as one:
                accounts.put(one.connection, admission.become(desk, one, found[0], wanted))
    except Refused as error:
        _shut(desk, found[0], error)
        return "shut out"
    return ""


def _said(one: Account) -> tuple[object, ...]:
    return one.person, one.role, one.planes, one.organization


def _disable(desk: Desk, before: Account) -> None:
    after = msgspec.structs.replace(before, state=AccountState.DISABLED)
    with act(desk.store, desk.actor, desk.clock) as one:
        accounts.put(one.connection, after, failed=0)
        why = N_("the directory knows nobody of this name any more")
        one.record("user disable", before.name, why=why, before={"state": before.state}, after={"state": after.state})
        admission.shut(one, before, why)


def _shut(desk: Desk, before: Account, error: NetopsError) -> None:
    if not accounts.is_in_use(desk.store, before.name):
        return
    with act(desk.store, desk.actor, desk.clock) as one:
        why = error.told()[1]
        one.record("user shut out", before.name, why=why)
        admission.shut(one, before, why)
