"""Asks a directory (LDAP, RFC 4511) who somebody is and whether that is their password, always over TLS. By ldap3."""

from __future__ import annotations

import secrets
import ssl
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from netops.core.account import Source
from netops.core.errors import NetopsError
from netops.core.identity import Known, Ldap
from netops.core.language import N_

AT_ONCE = 8
"""Questions to the directory at the same time: more wait, so that a slow one does not hold up the pages."""
MOST_GROUPS = 1000
SUCCESS, SIZE_LIMIT, NO_SUCH_OBJECT, BUSY, UNAVAILABLE = 0, 4, 32, 51, 52
"""Result codes of RFC 4511 §A.1."""


class Away(NetopsError):
    """The directory cannot be asked: silent, not who it should be, or it does not know netops itself."""


class Directory:
    """
    The directory of `[ldap]`.

    Args:
        secret: the password of *bind_name*. ca_file: as settings have it, absolute.
    """

    _free = threading.BoundedSemaphore(AT_ONCE)

    def __init__(self, settings: Ldap, secret: str, ca_file: str) -> None:
        self.settings, self._secret, self._ca_file = settings, secret, ca_file

    def prove(self, name: str, password: str) -> Known | None:
        """
        Who that is, or None: nobody, or not their password. Both ask the directory for the same: a search and a bind.

        Raises:
            Away: the directory cannot be asked.
        """
        # A bind with a name and no password is anonymous and succeeds (RFC 4513 §5.1.2); to some servers text ends at a NUL.
        if not password or "\x00" in password:
            return None
        with self._asking() as line:
            entry = self._entry(line, name)
            attribute = self.settings.name
            dn = entry["dn"] if entry else f"{attribute}={secrets.token_hex(16)},{self.settings.base}"
            is_right = self._is_right(dn, password)
            return self._known(line, name, entry) if entry and is_right else None

    def look(self, name: str) -> Known | None:
        """
        Who that is, without a password; None when there is nobody.

        Raises:
            Away: the directory cannot be asked, or knows several.
        """
        with self._asking() as line:
            entry = self._entry(line, name)
            return self._known(line, name, entry) if entry else None

    def look_each(self, names: Iterable[str]) -> Iterator[tuple[str, Known | None]]:
        """
        Who each of these is by the name of their account, and None for those who are not there; over one connection.

        Raises:
            Away: the directory cannot be asked, or not any more.
        """
        escape, one = _ldap3().utils.conv.escape_filter_chars, self.settings
        with self._asking() as line:
            for name in names:
                # An account has the name that the entry has, whatever its person types to be found: it is looked for by
                # that, under all else that the filter demands. A value of an extensible match has no "any" (RFC 4515 §3).
                typed = one.filter if ":={name}" in one.filter else one.filter.replace("{name}", "*")
                entry = self._entry(line, name, f"(&{typed}({one.name}={escape(name)}))")
                yield name, self._known(line, name, entry) if entry else None

    def reach(self) -> str:
        """
        Make sure that it can be asked: the address that answered.

        Raises:
            Away: it cannot.
        """
        with self._asking() as line:
            self._search(line, self.settings.base, "(objectClass=*)", [], scope="BASE")
            return str(line.server.name)

    # ---- what it is asked
    def _entry(self, line: Any, name: str, by: str = "") -> dict[str, Any] | None:
        escape, one = _ldap3().utils.conv.escape_filter_chars, self.settings
        wanted = [kind for kind in (one.name, one.person, one.organization, one.groups) if kind]
        asked = (by or one.filter).replace("{name}", escape(name))
        found = self._search(line, one.base, asked, wanted, most=2)
        if len(found) > 1:
            raise self._away(N_("it knows several people as {name}"), N_("make [ldap] filter narrower"), name=name)
        return found[0] if found else None

    def _known(self, line: Any, name: str, entry: dict[str, Any]) -> Known:
        escape, one, dn = _ldap3().utils.conv.escape_filter_chars, self.settings, entry["dn"]
        groups = _values(entry, one.groups)
        if one.group_filter:
            asked = one.group_filter.replace("{dn}", escape(dn)).replace("{name}", escape(name))
            groups += [group["dn"] for group in self._search(line, one.group_base, asked, [], most=MOST_GROUPS)]
        is_disabled = bool(one.disabled and self._search(line, dn, one.disabled, [], scope="BASE"))
        said = (_values(entry, one.name) or [name])[0].casefold()[:65]
        person, organization = ((_values(entry, kind) or [""])[0] for kind in (one.person, one.organization))
        return Known(Source.LDAP, "", said, person[:128], tuple(groups), organization[:64], is_disabled)

    def _search(
        self, line: Any, base: str, asked: str, wanted: list[str], *, most: int = 1, scope: str = "SUBTREE"
    ) -> list[dict[str, Any]]:
        """Entries, not references to other servers, which are never followed."""
        try:
            line.search(base, asked, scope, attributes=wanted or ["1.1"], size_limit=most)
        except (_faults(), OSError) as error:
            raise self._away("{reason}", N_("check [ldap] base and filter"), reason=error) from error
        if line.result["result"] not in (SUCCESS, SIZE_LIMIT):
            mend = N_("check [ldap] base and filter, and what bind_name may see")
            raise self._away(N_("it did not search {base}: {reason}"), mend, base=base, reason=_reason(line.result))
        return [one for one in line.response if one["type"] == "searchResEntry"]

    # ---- connections
    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """A connection that netops itself has signed in to, or an anonymous one."""
        if not self._free.acquire(timeout=self.settings.timeout_seconds):
            raise self._away(N_("too many are signing in at this moment"), N_("try again later"))
        try:
            with self._line(self.settings.bind_name, self._secret) as line:
                if line.result["result"] != SUCCESS:
                    raise self._away(N_("it did not let netops in as {name}: {reason}"),
                                     N_("check [ldap] bind_name and its password"),
                                     name=self.settings.bind_name or "-", reason=_reason(line.result))  # fmt: skip
                yield line
        finally:
            self._free.release()

    def _is_right(self, dn: str, password: str) -> bool:
        """Whether the directory takes that password for that entry: success and nothing else."""
        with self._line(dn, password) as line:
            if line.result["result"] in (BUSY, UNAVAILABLE):
                raise self._away("{reason}", N_("try again later"), reason=_reason(line.result))
            return bool(line.result["result"] == SUCCESS)

    @contextmanager
    def _line(self, name: str, password: str) -> Iterator[Any]:
        """The first address that answers, after a bind; what came of the bind is in its result."""
        said: list[str] = []
        for url in self.settings.urls:
            try:
                line = self._open(url, name, password)
            except (_faults(), OSError) as error:
                said.append(f"{url}: {str(error) or type(error).__name__}")
                continue
            try:
                yield line
            finally:
                _close(line)
            return
        raise self._away("{reason}", N_("check [ldap] url and ca_file, and the way there"), reason="; ".join(said))

    def _open(self, url: str, name: str, password: str) -> Any:
        ldap3 = _ldap3()
        parts, seconds = urlsplit(url), self.settings.timeout_seconds
        host, is_tls = parts.hostname or "", parts.scheme == "ldaps"
        port = parts.port or (636 if is_tls else 389)
        server = ldap3.Server(host, port, is_tls, get_info=ldap3.NONE, tls=_tls(host, self._ca_file), connect_timeout=seconds)
        kind = ldap3.SIMPLE if name else ldap3.ANONYMOUS
        line = ldap3.Connection(
            server, name or None, password or None, authentication=kind, auto_referrals=False, receive_timeout=seconds,
            read_only=True, check_names=False,
        )  # fmt: skip
        line.strategy._open_socket = _closing(line, line.strategy._open_socket)
        line.open(read_server_info=False)
        try:
            if not is_tls:
                line.start_tls(read_server_info=False)
            if not isinstance(line.socket, ssl.SSLSocket):
                raise OSError("no TLS")
            line.bind(read_server_info=False)
        except BaseException:
            _close(line)
            raise
        return line

    def _away(self, why: str, mend: str, **facts: object) -> Away:
        return Away(N_("the directory was not asked"), why, mend, **facts)


def _ldap3() -> Any:
    """
    The library.

    Raises:
        Away: it is not installed.
    """
    try:
        with warnings.catch_warnings():  # it still asks pyasn1 by names of before
            warnings.simplefilter("ignore", DeprecationWarning)
            import ldap3
            import ldap3.utils.conv
    except ImportError as error:
        raise Away(N_("the directory was not asked"), N_("ldap3 is not installed"), "pip install 'netops[ldap]'") from error
    return ldap3


def _faults() -> type[Exception]:
    kind: type[Exception] = _ldap3().core.exceptions.LDAPException
    return kind


def _close(line: Any) -> None:
    with suppress(_faults(), OSError):
        line.unbind()
    if line.socket is not None:
        line.socket.close()


def _closing(line: Any, connect: Callable[..., None]) -> Callable[..., None]:
    """*connect*, of which a socket that led nowhere is not left open."""

    def connected(*args: Any, **named: Any) -> None:
        try:
            connect(*args, **named)
        except BaseException:
            if line.socket is not None:
                line.socket.close()
            raise

    return connected


def _tls(host: str, ca_file: str) -> Any:
    """TLS whose certificate is checked by the standard library, the name in it too: ldap3's own check is of before Python 3.7."""
    tls: Any = _ldap3().Tls

    class Checked(tls):  # type: ignore[misc]
        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
            context = ssl.create_default_context(cafile=ca_file or None)
            connection.socket = context.wrap_socket(
                connection.socket, do_handshake_on_connect=do_handshake, server_hostname=host
            )

    return Checked(validate=ssl.CERT_REQUIRED)


def _values(entry: dict[str, Any], kind: str) -> list[str]:
    """Values of an attribute, whatever the case of its name."""
    for name, values in entry["raw_attributes"].items():
        if kind and name.casefold() == kind.casefold():
            return [value.decode("utf-8", "replace") for value in values[:MOST_GROUPS]]
    return []


def _reason(result: dict[str, Any]) -> str:
    return " ".join(str(part) for part in (result["description"], result["message"]) if part)[:500]
