"""A real OpenLDAP on loopback ports, with TLS, its password policy, memberOf and a city's people."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netops.probes import directory
from tests.registers.nginx import Authority, free_port
from tests.web.served import answers

SUFFIX = "dc=yunxi,dc=example"
PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
SERVICE = f"cn=netops,{SUFFIX}"
SERVICE_PASSWORD, PASSWORD = "service secret of netops", "correct horse battery"
SETTINGS = """
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
pidfile {folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCACertificateFile {folder}/root.pem
TLSCertificateFile {folder}/{host}.pem
TLSCertificateKeyFile {folder}/{host}.key
TLSVerifyClient never
allow bind_anon_dn bind_anon_cred
database mdb
suffix "{suffix}"
rootdn "cn=root,{suffix}"
rootpw root
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=netops,{suffix}" read by self read by * none
overlay memberof
overlay ppolicy
"""


class Slapd:
    """One that runs: where, and its people, who can be changed."""

    def __init__(self, folder: Path, plain: int, secure: int) -> None:
        self.folder, self.plain, self.secure = folder, plain, secure

    def modify(self, dn: str, **changes: object) -> None:
        """Attributes of an entry, replaced."""
        with self.line() as line:
            said = {key: [("MODIFY_REPLACE", value if isinstance(value, list) else [value])] for key, value in changes.items()}
            assert line.modify(dn, said), line.result

    @contextmanager
    def line(self) -> Iterator[Any]:
        """Its administrator's."""
        one = directory._ldap3().Connection(f"ldap://127.0.0.1:{self.plain}", f"cn=root,{SUFFIX}", "root", auto_bind=True)
        try:
            yield one
        finally:
            one.unbind()


def person(uid: str, name: str, number: str, *more: str) -> str:
    """An entry of a person."""
    return "\n".join([
        f"dn: uid={uid},{PEOPLE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {name}", f"sn: {name[0]}",
        f"employeeNumber: {number}", f"userPassword: {PASSWORD}", *more, "", "",
    ])  # fmt: skip


@contextmanager
def slapd(folder: Path, people: str, groups: dict[str, tuple[str, ...]]) -> Iterator[Slapd]:
    """It, with entries of people and groups of their names, until the end of the block."""
    if not Path("/usr/sbin/slapd").exists():
        pytest.skip("slapd is not installed: apt-get install slapd")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "db").mkdir()
    Authority(folder).issue("localhost", "localhost")
    settings = SETTINGS.format(schema="/etc/ldap/schema", folder=folder, suffix=SUFFIX, host="localhost")
    (folder / "slapd.conf").write_text(settings)
    base = "".join(
        f"dn: {dn}\nobjectClass: {kind}\n{more}\n\n"
        for dn, kind, more in (
            (SUFFIX, "domain", "dc: yunxi"), (PEOPLE, "organizationalUnit", "ou: people"),
            (GROUPS, "organizationalUnit", "ou: groups"),
            (SERVICE, "applicationProcess\nobjectClass: simpleSecurityObject", f"cn: netops\nuserPassword: {SERVICE_PASSWORD}"),
        )
    )  # fmt: skip
    one = Slapd(folder, free_port(), free_port())
    tool = [Path("/usr/sbin/slapadd"), "-f", folder / "slapd.conf"]
    subprocess.run(tool, input=(base + people).encode(), capture_output=True, check=True)
    urls = f"ldap://127.0.0.1:{one.plain} ldaps://127.0.0.1:{one.secure}"
    running = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-h", urls, "-f", folder / "slapd.conf"])
    try:
        answers(one.secure)
        with one.line() as line:  # by the server, whose overlay writes memberOf
            for name, uids in groups.items():
                members = [f"uid={uid},{PEOPLE}" for uid in uids]
                assert line.add(f"cn={name},{GROUPS}", ["groupOfNames"], {"member": members}), line.result
        yield one
    finally:
        running.terminate()
        running.wait(10)
