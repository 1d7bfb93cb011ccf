"""Signing in by a directory: a real slapd over TLS; accounts by its groups, and every way of being refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.cli import main
from netops.config import Config
from netops.core import accounts as kept
from netops.core import journal, passwords
from netops.core.account import Account, AccountState, Role, Source
from netops.core.clock import still
from netops.core.errors import NetopsError, Refused
from netops.core.identity import Known, Ldap, Rule, account_of
from netops.core.language import recalled, speaking
from netops.core.permission import Deed, Unproven
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.probes.directory import Away, Directory
from netops.rounds import accounts, admission, diary, leavers
from netops.settings import PlaneSettings
from tests.conftest import NOON
from tests.registers.nginx import Authority, free_port
from tests.rounds.slapd import (
    GROUPS,
    PASSWORD,
    PEOPLE,
    SERVICE,
    SERVICE_PASSWORD,
    SUFFIX,
    Slapd,
    person,
    slapd,
)

EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET
WHO = "".join([
    person("li.lei", "李雷", "1001", "departmentNumber: cz"),
    person("han.mei", "韩梅", "1002"), person("both", "两任", "1003"), person("nobody.s", "无组", "1004"),
    person("wang.gang", "王刚", "1005"), person("zhao.x", "赵某", "1006"),
    person("odd(x", "怪名", "1007"), person("locked", "锁定", "1008"),
])  # fmt: skip
IN = {"operators": ("li.lei", "zhao.x"), "intranet operators": ("li.lei",), "auditors": ("han.mei", "both"),
      "systems": ("both", "wang.gang", "locked"), "viewers": ("odd(x",)}  # fmt: skip
RULES = (
    Rule(f"CN=Operators, {GROUPS.upper()}", Role.OPERATOR, (EXTRANET,)),
    Rule(f"cn=intranet  operators,{GROUPS}", Role.OPERATOR, (INTRANET,)),
    Rule(f"cn=auditors,{GROUPS}", Role.AUDITOR), Rule(f"cn=systems,{GROUPS}", Role.SYSTEM),
    Rule(f"cn=viewers,{GROUPS}", Role.VIEWER, (EXTRANET,)),
)  # fmt: skip

ONE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""What is asked of the directory is the same on both engines."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A slapd for the tests of this file."""
    with slapd(tmp_path_factory.mktemp("slapd"), WHO, IN) as one:
        yield one


@pytest.fixture
def desk(store: Store, real: Slapd, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose people are in the directory."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)
    monkeypatch.setattr(passwords, "_NOBODYS", [])
    monkeypatch.setenv("DIRECTORY_PASSWORD", SERVICE_PASSWORD)
    config = Config(planes={EXTRANET: PlaneSettings(), INTRANET: PlaneSettings()}, store_url=store.url, ldap=settings(real))
    desk = Desk(config, still(NOON), "王工")
    desk._store = store
    return desk


def settings(real: Slapd, **changes: object) -> Ldap:
    one = Ldap(url=f"ldaps://localhost:{real.secure}", ca_file=str(real.folder / "root.pem"), bind_name=SERVICE,
               bind_password_env="DIRECTORY_PASSWORD", base=PEOPLE, person="employeeNumber", roles=RULES)  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def with_(desk: Desk, **changes: object) -> None:
    desk.config = msgspec.structs.replace(desk.config, ldap=msgspec.structs.replace(desk.config.ldap, **changes))


def account(desk: Desk, name: str) -> Account:
    with desk.store.read() as connection:
        return kept.named(connection, name)


def refused(desk: Desk, name: str, password: str = PASSWORD) -> str:
    with pytest.raises(NetopsError) as caught:
        accounts.sign_in(desk, name, password, place="10.1.1.1")
    return caught.value.english()


def test_an_account_is_made_at_the_first_sign_in_and_read_again_at_each(desk: Desk, real: Slapd) -> None:
    """By the groups; a changed group changes it, ends its other sessions, and stands in the journal."""
    secret = accounts.sign_in(desk, " Li.Lei ", PASSWORD, place="10.1.1.1")
    who = accounts.of_session(desk, secret)
    made = account(desk, "li.lei")

    assert (Role.OPERATOR, {EXTRANET, INTRANET}) == (who.role, who.planes)
    assert ("1001", Source.LDAP, None) == (made.person, made.source, made.password_since)
    assert ["user add", "sign in"] == [one.verb for one in reversed(journal.log(desk.store, 9, subject="li.lei"))]
    assert PASSWORD not in str(journal.log(desk.store, 20))
    again = accounts.sign_in(desk, "li.lei", PASSWORD)
    real.modify(f"cn=intranet operators,{GROUPS}", member=f"uid=zhao.x,{PEOPLE}")
    narrower = accounts.sign_in(desk, "li.lei", PASSWORD)
    assert {EXTRANET} == accounts.of_session(desk, narrower).planes
    for ended in (secret, again):
        with pytest.raises(Unproven):
            accounts.of_session(desk, ended)
    assert "user role" in [one.verb for one in journal.log(desk.store, 9, subject="li.lei")]
    assert journal.verify(desk.store).broken == 0
    real.modify(f"cn=intranet operators,{GROUPS}", member=f"uid=li.lei,{PEOPLE}")


def test_who_is_let_in_no_longer_has_no_token_either(desk: Desk, real: Slapd) -> None:
    """Taken out of every group: refused with the reason, and what was issued is taken back; disabled there, likewise."""
    accounts.sign_in(desk, "zhao.x", PASSWORD)
    _, text = accounts.issue(desk, "zhao.x", [Deed.READ])
    assert "zhao.x" == accounts.of_token(desk, text).name
    real.modify(f"cn=operators,{GROUPS}", member=f"uid=li.lei,{PEOPLE}")
    real.modify(f"cn=intranet operators,{GROUPS}", member=f"uid=li.lei,{PEOPLE}")
    assert "none of their groups" in refused(desk, "zhao.x")
    with pytest.raises(Unproven):
        accounts.of_token(desk, text)
    real.modify(f"uid=locked,{PEOPLE}", pwdAccountLockedTime="000001010000Z")  # by OpenLDAP's password policy
    assert "is disabled where the account is kept" in refused(desk, "locked")
    accounts.change(desk, "zhao.x", "disable", state=AccountState.DISABLED)
    real.modify(f"cn=operators,{GROUPS}", member=[f"uid={one},{PEOPLE}" for one in ("li.lei", "zhao.x")])
    assert "wrong" in refused(desk, "zhao.x")


@ONE
def test_roles_that_never_meet(desk: Desk) -> None:
    """Two groups of one person, or a local account of the same person: refused, with the reason."""
    assert "these roles never meet in one person" in refused(desk, "both")
    accounts.add(desk, Account("wang.local", "1005", Role.AUDITOR))
    assert "these roles never meet in one person" in refused(desk, "wang.gang")
    assert "none of their groups" in refused(desk, "nobody.s")
    assert ["wang.local"] == [one.name for one in kept.every(desk.store)]
    assert "sign in refused" == journal.log(desk.store, 1)[0].verb


@ONE
def test_what_is_typed_is_only_text(desk: Desk) -> None:
    """No password is no sign-in though the server would take it (RFC 4513 §5.1.2); signs of filters find nobody else."""
    words = {refused(desk, name, password) for name, password in (
        ("li.lei", ""), ("li.lei", "\x00"), ("li.lei", "wrong"), ("*", PASSWORD), ("li.lei)(uid=*", PASSWORD), ("", PASSWORD),
        ("li.lei)(|(uid=*", PASSWORD), ("x" * 5000, PASSWORD), ("li\x00.lei", "wrong"), ("netops", SERVICE_PASSWORD),
    )}  # fmt: skip
    assert 1 == len(words), words
    assert "a name has" in refused(desk, "odd(x")  # found by its escaped name, and no name of ours
    assert [] == kept.every(desk.store)


@ONE
def test_wrong_passwords_lock_here_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked account is not asked of the directory at all; one that nobody has costs it the same questions."""
    accounts.sign_in(desk, "li.lei", PASSWORD)
    asked: list[str] = []
    search, bind = Directory._search, Directory._is_right
    monkeypatch.setattr(Directory, "_search", lambda self, *more, **named: asked.append("search") or search(self, *more, **named))
    monkeypatch.setattr(Directory, "_is_right", lambda self, *more: asked.append("bind") or bind(self, *more))
    costs = []
    for name in ("li.lei", "nobody.here"):
        refused(desk, name, "wrong")
        costs.append(tuple(asked))
        asked.clear()
    assert [("search", "bind")] * 2 == costs
    for _ in range(accounts.TRIES - 1):
        refused(desk, "li.lei", "wrong")
    assert ("sign in locked", {"from": "10.1.1.1", "wrong": 5}) == (
        (last := journal.log(desk.store, 1)[0]).verb, last.after)  # fmt: skip
    asked.clear()
    assert "locked" in refused(desk, "li.lei")
    assert [] == asked


@ONE
def test_local_accounts_do_not_need_it(desk: Desk) -> None:
    """Whatever the directory says or does not; an account is proved where it is kept, and nowhere else."""
    local = Account("han.mei", "别人", Role.VIEWER, (EXTRANET,))
    accounts.add(desk, local, "another horse battery")
    assert "wrong" in refused(desk, "han.mei")  # the directory's password for the same name
    with_(desk, url=f"ldaps://localhost:{free_port()}")
    accounts.sign_in(desk, "han.mei", "another horse battery")
    assert "the directory was not asked" in refused(desk, "li.lei")
    with_(desk, url="")
    assert "wrong" in refused(desk, "li.lei")


@ONE
def test_what_is_kept_there_is_not_changed_here(desk: Desk) -> None:
    """Neither its password, nor a second factor, nor its role; it can be disabled."""
    accounts.sign_in(desk, "li.lei", PASSWORD)
    for act in (
        lambda: accounts.set_password(desk, "li.lei", "another horse battery"),
        lambda: accounts.set_second_factor(desk, "li.lei", on=True),
        lambda: accounts.prove(desk, "li.lei", PASSWORD),
        lambda: accounts.change(desk, "li.lei", "grant", role=Role.SYSTEM, planes=()),
    ):
        with pytest.raises(Refused, match="kept elsewhere"):
            act()
    accounts.change(desk, "li.lei", "disable", state=AccountState.DISABLED)
    assert "wrong" in refused(desk, "li.lei")


@ONE
def test_who_has_left_can_do_nothing(desk: Desk, real: Slapd) -> None:
    """
    By the round: gone is disabled, disabled there and in no group is shut out, moved is what the groups say; sessions and tokens
    of each end, the journal says why, and nobody else notices. Asked again, nothing more happens.
    """
    with_(desk, filter="(|(mail={name})(uid={name}))", base=SUFFIX)  # what is typed need not be the account's name
    entries = {name: (f"uid={name},{PEOPLE}", f"20{place}") for place, name in enumerate(("gone", "shut", "moved", "stays"))}
    with real.line() as line:
        for name, (dn, number) in entries.items():
            entry = {"uid": name, "cn": name, "sn": name, "employeeNumber": number, "userPassword": PASSWORD,
                     "mail": f"{name}@example"}  # fmt: skip
            assert line.add(dn, "inetOrgPerson", entry), line.result
        group = f"cn=operators,{GROUPS}"
        assert line.modify(group, {"member": [("MODIFY_ADD", [dn for dn, _number in entries.values()])]}), line.result
        sessions = {name: accounts.sign_in(desk, f"{name}@example", PASSWORD) for name in entries}
        tokens = {name: accounts.issue(desk, name, [Deed.READ])[1] for name in entries}
        assert {"accounts": 4, "disabled": 0, "shut out": 0} == diary.run(desk, "leavers").facts
        assert line.delete(entries["gone"][0])
        assert line.modify(entries["shut"][0], {"pwdAccountLockedTime": [("MODIFY_REPLACE", ["000001010000Z"])]}), line.result
        assert line.modify(group, {"member": [("MODIFY_DELETE", [entries["moved"][0]])]}), line.result
        viewers = f"cn=viewers,{GROUPS}"
        assert line.modify(viewers, {"member": [("MODIFY_ADD", [entries["moved"][0]])]}), line.result
        with speaking("zh"):
            assert {"accounts": 4, "disabled": 1, "shut out": 1} == diary.run(desk, "leavers").facts
        head = journal.head(desk.store)
        assert {"accounts": 3, "disabled": 0, "shut out": 1} == diary.run(desk, "leavers").facts
        assert head == journal.head(desk.store)
        for dn, _number in entries.values():
            line.delete(dn)

    def can(name: str) -> tuple[bool, ...]:
        found = []
        for ask, secret in ((accounts.of_session, sessions[name]), (accounts.of_token, tokens[name])):
            try:
                found.append(ask(desk, secret).role is Role.OPERATOR)
            except Unproven:
                found.append(False)
        return tuple(found)

    assert {"gone": (False, False), "shut": (False, False), "moved": (False, False), "stays": (True, True)} == {
        name: can(name) for name in entries}  # fmt: skip
    assert Role.VIEWER is accounts.of_token(desk, tokens["moved"]).role
    assert AccountState.DISABLED is account(desk, "gone").state
    with speaking("zh"):
        said = {(one.verb, one.subject): recalled(one.why) for one in journal.log(desk.store, 20)}
    assert "目录中已没有此名" in said["user disable", "gone"]
    assert "停用" in said["user shut out", "shut"]
    assert ("user role", "moved") in said
    assert 0 == journal.verify(desk.store).broken


@ONE
def test_settings_that_find_nobody_disable_nobody(desk: Desk) -> None:
    """All of several gone at once is no exodus: the round fails with what to look at, and everybody stays."""
    secret = accounts.sign_in(desk, "li.lei", PASSWORD)
    accounts.sign_in(desk, "han.mei", PASSWORD)
    with_(desk, filter="(&(objectClass=device)(uid={name}))")
    with pytest.raises(Refused, match="it may be the settings"):
        diary.run(desk, "leavers")
    assert "li.lei" == accounts.of_session(desk, secret).name
    assert leavers.standing(desk).away


@ONE
def test_access_ends_when_nobody_confirms_it_for_long(desk: Desk) -> None:
    """A directory that is away changes nothing and is told in the status; after the bound nothing works, until it answers."""
    accounts.sign_in(desk, "li.lei", PASSWORD)
    token = accounts.issue(desk, "li.lei", [Deed.READ])[1]
    right = desk.config.ldap.url
    with_(desk, url=f"ldaps://localhost:{free_port()}", confirmed_days=3)
    for days, works in ((2, True), (4, False)):
        desk.clock = still(NOON + timedelta(days=days))
        with pytest.raises(Away):
            diary.run(desk, "leavers")
        standing = leavers.standing(desk)
        said = " ".join(standing.told())
        assert (True, not works) == ("自 2026" in said, "li.lei" in said)
        assert (True, () if works else ("li.lei",)) == (bool(standing.away), standing.unconfirmed)
        if works:
            assert "li.lei" == accounts.of_token(desk, token).name
        else:
            with pytest.raises(Unproven, match="nobody has confirmed it since"):
                accounts.of_token(desk, token)
    with_(desk, url=right)
    diary.run(desk, "leavers")
    assert "li.lei" == accounts.of_token(desk, token).name
    assert leavers.standing(desk).is_good


@ONE
def test_it_is_asked_over_tls_alone(desk: Desk, real: Slapd, tmp_path: Path) -> None:
    """StartTLS, and the next address where one is away; not another authority's, nor another name's, certificate."""
    with_(desk, url=f"ldap://localhost:{free_port()} ldap://localhost:{real.plain}", start_tls=True)
    accounts.sign_in(desk, "li.lei", PASSWORD)
    Authority(tmp_path)
    for changes in ({"ca_file": str(tmp_path / "root.pem")}, {"ca_file": ""}, {"url": f"ldap://127.0.0.1:{real.plain}"}):
        before = desk.config
        with_(desk, **changes)
        assert "CERTIFICATE_VERIFY_FAILED" in refused(desk, "li.lei")
        desk.config = before


@ONE
def test_groups_are_searched_for_and_departments_read(desk: Desk, real: Slapd) -> None:
    """A directory without memberOf; the department of a person is an attribute, and must be in the register."""
    with_(desk, groups="", group_base=GROUPS, group_filter="(&(objectClass=groupOfNames)(member={dn}))")
    accounts.sign_in(desk, "li.lei", PASSWORD)
    found = admission.directory(desk).look("odd(x")
    assert found is not None
    assert (f"cn=viewers,{GROUPS}",) == found.groups
    rule = Rule(f"cn=operators,{GROUPS}", Role.DEPARTMENT, (EXTRANET,))
    with_(desk, organization="departmentNumber", roles=(rule,))
    assert "the register has no organization cz" in refused(desk, "li.lei")


@ONE
def test_an_administrator_is_told_what_is_wrong_with_the_settings(
    desk: Desk, real: Slapd, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step with its state; and who somebody would be, in both languages."""
    path = tmp_path / "config.toml"

    def check(*more: str, url: str = "", base: str = PEOPLE, person: str = "employeeNumber") -> tuple[int, list[dict[str, str]]]:
        path.write_text(f"""
[planes.extranet]
[store]
url = "sqlite:///other.db"
[ldap]
url = "{url or desk.config.ldap.url}"
ca_file = "{real.folder}/root.pem"
bind_name = "{SERVICE}"
bind_password_env = "DIRECTORY_PASSWORD"
base = "{base}"
person = "{person}"
[[ldap.roles]]
group = "cn=systems,{GROUPS}"
role = "system"
""")  # fmt: skip
        code = main(["-c", str(path), "user", "check-directory", *more, "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out)["items"] if out else [json.loads(err)["error"]]

    secret = tmp_path / "typed"
    secret.write_text(PASSWORD)
    code, steps = check("wang.gang", "--password-file", str(secret))
    assert (0, {"good"}) == (code, {one["state"] for one in steps}), steps
    assert "系统管理员" in steps[-1]["detail"]
    for wrong, which in (
        ({"url": f"ldaps://localhost:{free_port()}"}, "directory"), ({"base": f"ou=none,{PEOPLE}"}, "directory"),
    ):  # fmt: skip
        code, steps = check(**wrong)  # type: ignore[arg-type]
        assert (1, "bad", which) == (code, steps[-1]["state"], steps[-1]["name"]), steps
    code, steps = check("li.lei")
    assert (1, "bad") == (code, steps[-1]["state"])
    assert "没有一个" in steps[-1]["detail"]
    secret.write_text("wrong")
    assert 1 == check("wang.gang", "--password-file", str(secret))[0]
    assert 1 == check("nobody.here")[0]
    monkeypatch.setenv("DIRECTORY_PASSWORD", "wrong")
    code, steps = check()
    assert (1, True) == (code, "invalidCredentials" in steps[-1]["detail"])


def test_distinguished_names_are_equal_by_what_they_name() -> None:
    """Case, blanks and escapes do not count; where a comma stands does."""
    one = Known(Source.LDAP, "", "x.y", "1", (r"cn=A\2CB, ou=用户,dc=Example",))
    for group, fits in ((r"CN=a\,b,OU=用户,DC=example", True), (r"cn=a\,b,ou=\E7\94\A8\E6\88\B7,dc=example", True),
                        ("cn=a,b,ou=用户,dc=example", False), ("cn=a", False), ("", False)):  # fmt: skip
        rules = (Rule(group, Role.AUDITOR),)
        if fits:
            assert Role.AUDITOR is account_of(one, rules).role
        else:
            with pytest.raises(Refused):
                account_of(one, rules)


def test_settings_that_cannot_be_right_are_named(tmp_path: Path) -> None:
    """Passwords never go over a plain line; every fault at once, with its line."""
    from netops.config import read

    path = tmp_path / "config.toml"
    path.write_text('[[ldap.roles]]\ngroup = "b"\nrole = "viewer"\n[[ldap.roles]]\ngroup = "b"\nrole = "king"\n')
    with pytest.raises(NetopsError, match=r"config.toml:6: ldap.roles.role: .*king"):
        read(path)
    path.write_text('[ldap]\nurl = "ldap://x"\nfilter = "uid={name}"\nbind_name = "cn=x"\n[[ldap.roles]]\ngroup = "a"\n'
                    'role = "viewer"\n[oidc]\nissuer = "http://x"\n')  # fmt: skip
    with pytest.raises(NetopsError) as caught:
        read(path)
    text = "\n".join(caught.value.faults)  # type: ignore[attr-defined]
    for part in ("ldap.url", "ldap.base", "ldap.filter", "ldap.bind_name", "ldap.roles.planes", "oidc.issuer", "oidc.redirect"):
        assert part in text, part


def test_away_is_said_to_be_away() -> None:
    """Nobody there: what, why, and how to mend it."""
    with pytest.raises(Away, match=r"check \[ldap\] url"):
        Directory(Ldap(url=f"ldaps://localhost:{free_port()}", base="dc=x"), "", "").reach()
