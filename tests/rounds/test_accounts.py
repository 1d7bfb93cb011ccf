"""Accounts: made and changed with a journal entry, signed in to, locked; tokens and sessions that end."""

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
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.identity import Known, Oidc, Rule
from netops.core.permission import Deed, Unproven
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.rounds import accounts, admission, leavers
from netops.settings import PlaneSettings
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
GOOD, OTHER = "correct horse battery", "another horse battery"
LI = Account("li.lei", "李雷", Role.OPERATOR, (EXTRANET,))
ADMIN = Account("admin", "王工", Role.SYSTEM)


@pytest.fixture
def desk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk of one plane, with passwords that are cheap to keep."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)
    monkeypatch.setattr(passwords, "_NOBODYS", [])
    desk = Desk(Config(planes={EXTRANET: PlaneSettings()}, store_url=store.url), still(NOON), "王工")
    desk._store = store
    return desk


def later(desk: Desk, **by: float) -> None:
    desk.clock = still(desk.clock() + timedelta(**by))


def wrong(desk: Desk, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(Unproven):
            accounts.sign_in(desk, "li.lei", "wrong", place="10.1.1.1")


def test_who_signs_in_is_who_asks_until_the_session_ends(desk: Desk) -> None:
    """By its secret only, of which a hash is kept; unused for half an hour, after twelve hours, or signed out."""
    accounts.add(desk, LI, GOOD)
    secret = accounts.sign_in(desk, "li.lei", GOOD, place="10.1.1.1")
    who = accounts.of_session(desk, secret)

    assert ("li.lei", Role.OPERATOR, {EXTRANET}, None) == (who.name, who.role, who.planes, who.scopes)
    assert ("sign in", "li.lei", {"from": "10.1.1.1"}) == tuple(
        getattr(journal.log(desk.store, 1)[0], name) for name in ("verb", "actor", "after")
    )
    for _ in range(23):
        later(desk, minutes=29)
        accounts.of_session(desk, secret)
    later(desk, minutes=60)
    with pytest.raises(Unproven, match="ended"):
        accounts.of_session(desk, secret)
    second = accounts.sign_in(desk, "li.lei", GOOD)
    assert second != secret
    later(desk, minutes=31)
    with pytest.raises(Unproven):
        accounts.of_session(desk, second)
    third = accounts.sign_in(desk, "li.lei", GOOD)
    accounts.sign_out(desk, third)
    for text in (third, "", "x" * 5000):
        with pytest.raises(Unproven):
            accounts.of_session(desk, text)


def test_wrong_passwords_lock_and_say_nothing(desk: Desk) -> None:
    """Five of them; then the right one is wrong for a quarter of an hour, in the same words as a name that nobody has."""
    accounts.add(desk, LI, GOOD)
    wrong(desk, 4)
    accounts.sign_in(desk, "li.lei", GOOD)
    wrong(desk, 5)
    words = set()
    for name, password in (("li.lei", GOOD), ("nobody", GOOD), ("li.lei", "")):
        with pytest.raises(Unproven) as caught:
            accounts.sign_in(desk, name, password)
        words.add(caught.value.english())
    assert 1 == len(words)
    assert "sign in locked" == journal.log(desk.store, 1)[0].verb
    later(desk, minutes=16)
    accounts.sign_in(desk, "li.lei", GOOD)


def test_whatever_is_wrong_costs_the_same_work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Argon2id of the same cost: nobody's name, no password, disabled, locked, a wrong password or code."""
    from cryptography.hazmat.primitives.kdf import argon2

    real, paid = argon2.Argon2id, list[str]()

    class Counting:
        def __new__(cls, **cost: object) -> object:
            return real(**cost)  # type: ignore[arg-type]

        @staticmethod
        def verify_phc_encoded(password: bytes, stored: str) -> None:
            paid.append(stored.rsplit("$", 2)[0])
            real.verify_phc_encoded(password, stored)

    for name in ("li.lei", "shut", "locked", "coded"):
        accounts.add(desk, msgspec.structs.replace(LI, name=name), GOOD)
    accounts.add(desk, msgspec.structs.replace(LI, name="tokens.only"))
    accounts.change(desk, "shut", "disable", state=AccountState.DISABLED)
    accounts.change(desk, "locked", "lock", locked_until=NOON + timedelta(minutes=5))
    accounts.set_second_factor(desk, "coded", on=True)
    passwords._nobodys()
    monkeypatch.setattr(argon2, "Argon2id", Counting)
    costs = {}
    for name, password in (("li.lei", "wrong"), ("nobody", GOOD), ("shut", GOOD), ("locked", GOOD), ("coded", GOOD),
                           ("tokens.only", GOOD), ("tokens.only", ""), ("x" * 5000, GOOD)):  # fmt: skip
        with pytest.raises(Unproven):
            accounts.sign_in(desk, name, password)
        costs[name, password] = tuple(paid)
        paid.clear()
    assert {("$argon2id$v=19$m=64,t=1,p=1",)} == set(costs.values()), costs


def test_a_new_password_ends_every_session(desk: Desk) -> None:
    """The old one is worth nothing; a weak one is refused."""
    accounts.add(desk, LI, GOOD)
    secret = accounts.sign_in(desk, "li.lei", GOOD)
    with pytest.raises(NetopsError, match="characters"):
        accounts.set_password(desk, "li.lei", "short")
    accounts.set_password(desk, "li.lei", OTHER)

    with pytest.raises(Unproven):
        accounts.of_session(desk, secret)
    with pytest.raises(Unproven):
        accounts.sign_in(desk, "li.lei", GOOD)
    accounts.sign_in(desk, "li.lei", OTHER)
    assert GOOD not in str(journal.log(desk.store)) + str(journal.log(desk.store)[0])


def test_a_second_factor_is_asked_for_and_taken_once(desk: Desk) -> None:
    """Beside the password; the same code again is none."""
    accounts.add(desk, LI, GOOD)
    secret = accounts.set_second_factor(desk, "li.lei", on=True)
    code = passwords.code_at(secret, int(NOON.timestamp()) // 30)

    with pytest.raises(Unproven):
        accounts.sign_in(desk, "li.lei", GOOD)
    accounts.sign_in(desk, "li.lei", GOOD, code)
    with pytest.raises(Unproven):
        accounts.sign_in(desk, "li.lei", GOOD, code)
    accounts.set_second_factor(desk, "li.lei", on=False)
    accounts.sign_in(desk, "li.lei", GOOD)


def test_a_token_is_for_what_it_says_and_as_long_as_it_says(desk: Desk) -> None:
    """Scopes, planes, last use by the minute; expired, taken back, or its account disabled, it proves nothing."""
    accounts.add(desk, LI)
    token, text = accounts.issue(desk, "li.lei", [Deed.READ], label="大屏", days=30)
    who = accounts.of_token(desk, text)

    assert ({Deed.READ}, {EXTRANET}, token.id) == (who.scopes, who.planes, who.token)
    assert NOON == kept.tokens_of(desk.store, "li.lei")[0].last_used
    assert text.split("_", 2)[2] not in str(journal.log(desk.store))
    for bad in (
        "",
        "netops_",
        text[:-1],
        text + "x",
        text.replace("netops_", ""),
        "netops_" + "a" * 9000,
        text.upper(),
    ):
        with pytest.raises(Unproven):
            accounts.of_token(desk, bad)
    accounts.change(desk, "li.lei", "disable", state=AccountState.DISABLED)
    with pytest.raises(Unproven):
        accounts.of_token(desk, text)
    accounts.change(desk, "li.lei", "enable", state=AccountState.ENABLED)
    accounts.of_token(desk, text)
    later(desk, days=30)
    with pytest.raises(Unproven):
        accounts.of_token(desk, text)
    _, second = accounts.issue(desk, "li.lei", [Deed.READ, Deed.ALLOCATE])
    accounts.revoke(desk, second.split("_")[1], "离职")
    with pytest.raises(Unproven):
        accounts.of_token(desk, second)
    with pytest.raises(Refused, match="already"):
        accounts.revoke(desk, second.split("_")[1])


@pytest.mark.parametrize(
    ("account", "scope", "planes", "why"),
    [
        (LI, Deed.GRANT, (), "may not"),
        (LI, Deed.READ, (Plane.INTRANET,), "may not touch"),
        (msgspec.structs.replace(LI, state=AccountState.DISABLED), Deed.READ, (), "disabled"),
    ],
)
def test_no_token_says_more_than_its_account(
    desk: Desk, account: Account, scope: Deed, planes: tuple[Plane, ...], why: str
) -> None:
    """Role, planes, state."""
    accounts.add(desk, account)
    with pytest.raises(Refused, match=why):
        accounts.issue(desk, "li.lei", [scope], planes=planes)


def test_the_first_account_is_made_once(desk: Desk) -> None:
    """Whatever is asked for, it is a system administrator; and the last of those stays."""
    made = accounts.first(desk, msgspec.structs.replace(LI, name="admin"), GOOD)
    assert (Role.SYSTEM, ()) == (made.role, made.planes)
    with pytest.raises(Refused, match="already"):
        accounts.first(desk, msgspec.structs.replace(LI, name="second"), GOOD)
    for changes in ({"state": AccountState.DISABLED}, {"role": Role.SECURITY}):
        with pytest.raises(Refused, match="only system administrator"):
            accounts.change(desk, "admin", "role", **changes)
    with pytest.raises(Refused, match="there is one with this name"):
        accounts.add(desk, ADMIN)
    with pytest.raises(Missing):
        accounts.change(desk, "nobody", "role", role=Role.VIEWER)


def test_a_role_that_changes_ends_the_sessions_and_keeps_persons_apart(desk: Desk) -> None:
    """An administrator's second account is no auditor."""
    accounts.add(desk, ADMIN, GOOD)
    accounts.add(desk, msgspec.structs.replace(LI, person="王 工"), GOOD)
    secret = accounts.sign_in(desk, "li.lei", GOOD)
    with pytest.raises(Refused, match="never meet"):
        accounts.change(desk, "li.lei", "role", role=Role.AUDITOR, planes=())
    accounts.change(desk, "li.lei", "role", role=Role.VIEWER)
    with pytest.raises(Unproven):
        accounts.of_session(desk, secret)


def test_the_commands_make_show_and_take_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Account, token, list; the token's text is shown once, in both languages nothing of it is kept in sight."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    (tmp_path / "config.toml").write_text('[planes.extranet]\nnets = ["10.20.0.0/16"]\n', "utf-8")
    (tmp_path / "secret").write_text(f"{GOOD}\n", "utf-8")
    monkeypatch.chdir(tmp_path)

    def ask(*argv: str, code: int = 0) -> list[dict[str, object]]:
        capsys.readouterr()
        assert code == main([*argv, "--yes", "--json"]), capsys.readouterr().err
        items: list[dict[str, object]] = json.loads(capsys.readouterr().out)["items"]
        return items

    ask(
        "user",
        "add",
        "li.lei",
        "--role",
        "operator",
        "--plane",
        "extranet",
        "--person",
        "李雷",
        "--password-file",
        "secret",
    )
    [token] = ask("user", "token", "li.lei", "--scope", "read", "--days", "7", "--label", "大屏")
    assert str(token["token"]).startswith(f"netops_{token['id']}_")
    [listed] = ask("user", "list", "--tokens")
    assert ("li.lei", ["read"], None) == (listed["account"], listed["scopes"], listed["revoked"])
    assert 0 == main(["user", "revoke", str(token["id"]), "--yes", "-q"])
    [changed] = ask("user", "role", "li.lei", "--role", "viewer", "--why", "转岗")
    assert "viewer" == changed["role"]
    for language, words in (("zh", ("只读", "政务外网", "启用")), ("en", ("viewer", "extranet", "enabled"))):
        capsys.readouterr()
        assert 0 == main(["user", "list", "--lang", language])
        said = capsys.readouterr().out
        assert [] == [word for word in words if word not in said], said
    assert 4 == main(["user", "token", "li.lei", "--scope", "allocate", "--yes"])
    assert 2 == main(["user", "token", "li.lei", "--scope", "everything", "--yes"])


def test_a_token_of_whoever_does_not_sign_in_any_more_waits(desk: Desk) -> None:
    """A provider is not asked in between: after `[oidc] confirmed_days` a token does nothing until its person signs in again."""
    given = (Rule("ops", Role.OPERATOR, (EXTRANET,)),)
    desk.config = msgspec.structs.replace(desk.config, oidc=Oidc(issuer="https://id.example", roles=given))
    known = Known(Source.OIDC, "https://id.example 1", "li.lei", "李雷", ("ops",))
    admission.admit(desk, known, given, "")
    token = accounts.issue(desk, "li.lei", [Deed.READ], days=700)[1]
    accounts.add(desk, msgspec.structs.replace(LI, name="local"))
    local = accounts.issue(desk, "local", [Deed.READ], days=700)[1]
    later(desk, days=89)
    assert "li.lei" == accounts.of_token(desk, token).name
    later(desk, days=2)
    with pytest.raises(Unproven, match="nobody has confirmed it since"):
        accounts.of_token(desk, token)
    assert ("li.lei",) == leavers.standing(desk).unconfirmed
    admission.admit(desk, known, given, "")
    assert "li.lei" == accounts.of_token(desk, token).name
    assert "local" == accounts.of_token(desk, local).name
