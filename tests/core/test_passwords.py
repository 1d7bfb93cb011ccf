"""Passwords and codes by time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from netops.core import passwords
from netops.core.errors import NetopsError


def test_a_password_is_kept_as_argon2id(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a salt of its own and the parameters beside it; only the same one is right; no hash, no password."""
    assert (65536, 3, 1) == (passwords.MEMORY_KIB, passwords.PASSES, passwords.LANES)
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    one, other = passwords.kept("correct horse battery"), passwords.kept("correct horse battery")

    assert one.startswith("$argon2id$v=19$m=64,t=3,p=1$")
    assert one != other
    assert [True, True, False] == [
        passwords.is_right(text, one) for text in ("correct horse battery",) * 2 + ("Correct",)
    ]
    assert not passwords.is_right("", "")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Ab1!xyz", "7 characters"), ("x" * 300, "300 characters"), ("abcdefghijklm", "fewer than three"),
        ("aA1!aA1!aA1!", "easily guessed"), ("Zhang.wei-2026", "easily guessed"),
    ],
)  # fmt: skip
def test_what_is_easily_guessed_is_refused(password: str, why: str) -> None:
    """Short, long, of one kind, of few characters, the name itself."""
    with pytest.raises(NetopsError, match=why):
        passwords.check(password, "zhang.wei")


@pytest.mark.parametrize("password", ["correct horse battery staple", "Xk8-plum-Tree"])
def test_a_good_one_is_taken(password: str) -> None:
    """Several words, or mixed characters."""
    passwords.check(password, "zhang.wei")


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1; the last six of their eight figures."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at = datetime.fromtimestamp(seconds, UTC)

    step = passwords.step_of(secret, f"{code[:3]} {code[3:]}", at)
    assert seconds // 30 == step
    assert passwords.step_of(secret, code, at, after=step) is None
    assert [None] * 3 == [passwords.step_of(secret, text, at) for text in ("", "０００", "x" * 500)]
