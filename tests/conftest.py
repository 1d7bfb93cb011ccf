"""Parts that tests share: stores on both engines, a still clock, and the place of the shared test data."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from netops.core import language
from netops.core.clock import Clock, still
from netops.core.store import Store, metadata

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday 2026-11-20 12:00 in the city."""
SHARED = Path(__file__).parents[2] / "shared"

# How long an example takes is not what a test is about: the machine may be busy.
settings.register_profile("netops", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("netops")


@pytest.fixture(autouse=True)
def _chinese() -> None:
    """Every test begins in Chinese, as netops does untold, whatever the one before it spoke."""
    language.speak("zh")


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at NOON."""
    return still(NOON)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared recordings and lab beside the checkout; tests that need them skip without it."""
    if not (SHARED / "DESIGN.md").exists():
        pytest.skip("the shared test data is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A real PostgreSQL of our own on a socket in a temporary folder, or NETOPS_TEST_POSTGRESQL."""
    if url := os.environ.get("NETOPS_TEST_POSTGRESQL"):
        yield url
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    prefix: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="netops-postgresql-"))
    if os.geteuid() == 0:
        if not shutil.which("runuser") or subprocess.run(["id", "postgres"], capture_output=True).returncode:
            pytest.skip("PostgreSQL refuses to run as root, and there is no user postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    tools, data = found[-1].parent, folder / "data"
    subprocess.run(
        [*prefix, tools / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--locale=C.UTF-8"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c lc_messages=C"
    subprocess.run(
        [*prefix, tools / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        subprocess.run(
            [*prefix, tools / "pg_ctl", "-D", data, "-m", "immediate", "stop"], capture_output=True, cwd="/"
        )
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store, once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'netops.db'}"
        return
    import psycopg

    server = request.getfixturevalue("postgresql")
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield (
        server.replace("/postgres?", f"/{name}?")
        if "/postgres?" in server
        else f"{server.rsplit('/', 1)[0]}/{name}"
    )
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store with every table."""
    import netops.tables  # noqa: F401 - every table into the metadata

    store = Store(store_url)
    metadata.create_all(store.engine)
    yield store
    store.close()


# ---- which real parts took part
PARTS = {
    "PostgreSQL": ("postgresql", "postgresql"),
    "net-snmp's snmpd": ("test_snmp_snmpd", "snmpd"),
    "the lab city (root, network namespaces, snmpd, lldpd, pmacct)": (
        "tests/lab/test_city",
        (
            "iproute2 snmpd snmp lldpd pmacct nfdump nftables dnsmasq-base iputils-ping bind9-dnsutils curl iperf3"
            " arping udhcpc microsocks wireguard-go wireguard-tools ethtool openssl procps util-linux"
        ),
    ),
    "Chromium": ("real_browser", "chromium"),
    "promtool": ("promtool", "prometheus"),
    "Prometheus and Alertmanager": ("test_monitoring", "prometheus prometheus-alertmanager"),
    "LibreOffice": ("libreoffice", "libreoffice-writer-nogui libreoffice-calc-nogui"),
    "OpenLDAP's slapd": ("test_directory", "slapd"),
    "nginx": ("test_nginx", "nginx-light"),
    "BIND's named-checkzone": ("named_checkzone", "bind9-utils"),
    "Kea": ("test_kea_itself", "kea-dhcp4-server kea-dhcp6-server"),
    "Chinese fonts": ("documents/test_pdf", "fonts-noto-cjk fonts-arphic-gbsn00lp fonts-arphic-gkai00mp poppler-utils"),
}
"""What it is: (part of the name of the tests that use it, Debian packages that bring it)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lab city comes first: it waits more than it works, and the others run beside it."""
    items.sort(key=lambda item: item.get_closest_marker("lab") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which real parts ran, which were skipped, and the one line that installs those."""
    ran, skipped = (
        [report.nodeid.lower() for outcome in outcomes for report in terminalreporter.stats.get(outcome, ())]
        for outcomes in (("passed", "failed"), ("skipped",))
    )
    terminalreporter.section("real parts")
    missing = []
    for part, (name, packages) in PARTS.items():
        count = sum(name in node for node in ran)
        left = sum(name in node for node in skipped)
        state = f"ran in {count} tests" if count else "skipped" if left else "not asked for"
        terminalreporter.line(f"{part}: {state}" + (f", {left} skipped" if count and left else ""))
        if left and not count:
            missing.append(packages)
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "said":
                terminalreporter.line(str(value))
    if missing:
        terminalreporter.line("to run them too, as root: apt-get install -y " + " ".join(missing))
