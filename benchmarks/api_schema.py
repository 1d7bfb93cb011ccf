"""
Every operation of the API against its own document (schemathesis): no answer 5xx, none that the document does not have.

    python -m benchmarks.api_schema [--json] [--examples N] [--seed N]

Runs over the small city, as every role, as an operator of one plane, and as nobody. The peer is the document itself.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

ROLES = ("operator", "department", "half", "inspector", "auditor", "system", "security", "nobody")
"""Who asks: "half" is an operator of one plane."""


def run(folder: Path, examples: int, seed: int, roles: tuple[str, ...] = ROLES, every: int = 1) -> dict[str, Any]:
    """
    Requests and faults by role; one of *every* so many operations.

    Returns:
        {"requests", "operations", "faults": [text], "statuses": {code: count}}.
    """
    import schemathesis
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis import seed as seeded
    from schemathesis.checks import CHECKS
    from schemathesis.core.failures import FailureGroup

    from netops.core.account import Account, Role
    from netops.core.clock import still
    from netops.core.permission import MAY
    from netops.desk import Desk
    from netops.rounds import accounts
    from netops.settings import Web
    from netops.web.app import application
    from tests.conftest import NOON
    from tests.web import city

    path = folder / "a.db"
    if not path.exists():
        city.write(path)
    import msgspec

    config = msgspec.structs.replace(city.config(path), web=Web(per_second=1e6, burst=1e6))
    desk = Desk(config, still(NOON), "王工")
    tokens = {"nobody": ""}
    both = (city.EXTRANET, city.INTRANET)
    for known, role, planes, organization in (
        ("operator", Role.OPERATOR, both, ""), ("department", Role.DEPARTMENT, both[:1], "fin"),
        ("half", Role.OPERATOR, both[1:], ""), ("inspector", Role.INSPECTOR, both, ""), ("auditor", Role.AUDITOR, (), ""),
        ("system", Role.SYSTEM, (), ""), ("security", Role.SECURITY, (), ""),
    ):  # fmt: skip
        name = f"schema.{known}.{seed}"
        accounts.add(desk, Account(name, name, role, planes, organization))
        tokens[known] = accounts.issue(desk, name, MAY[role])[1]
    app = application(desk)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    wanted = [CHECKS.get_one(name) for name in ("not_a_server_error", "status_code_conformance", "content_type_conformance",
                                                "response_headers_conformance", "response_schema_conformance")]  # fmt: skip
    faults: list[str] = []
    statuses: Counter[str] = Counter()
    operations = 0
    places = count()

    def ask(case: Any, role: str, headers: dict[str, str]) -> None:
        answer = case.call(headers=headers)
        statuses[f"{role} {answer.status_code}"] += 1
        if not headers:
            if answer.status_code not in (401, 404, 405, 429):
                faults.append(f"{role} {case.method} {case.path}: {answer.status_code} without a token")
            return
        try:
            case.validate_response(answer, checks=wanted)
        except FailureGroup as error:
            told = " / ".join(f"{one.title}: {one.message}" for one in error.exceptions)
            faults.append(f"{role} {case.method} {case.formatted_path}: {answer.status_code} {told}"[:1500])

    for operation, role in _all(schema, roles, every):
        if operation.path in ("/events",) or (operation.path == "/rounds/{round}/run"):
            continue
        operations += role == roles[0]
        headers = {"Authorization": f"Bearer {tokens[role]}"} if tokens[role] else {}

        def tried(case: Any) -> None:
            _name(case, next(places))
            ask(case, role, headers)  # noqa: B023 - called before the next role

        limits = settings(max_examples=examples if headers else 1, deadline=None, database=None, phases=[Phase.generate],
                          suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet)  # fmt: skip
        seeded(seed)(limits(given(case=operation.as_strategy())(tried)))()
    desk.close()
    counted = dict(sorted(statuses.items()))
    return {"requests": sum(statuses.values()), "operations": operations, "faults": faults, "statuses": counted}


KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "/pools": {"plane": ("extranet", "intranet"), "prefix": ("10.72.12.0/24", "10.73.12.0/24")},
    "/allocations": {"id": ("AL-0011", "AL-0005", "AL-0013")},
    "/declarations": {"number": ("云信接〔2026〕3号", "云办接〔2026〕2号", "云信接〔2026〕5号")},
    "/registers": {"kind": ("systems",), "number": ("SYS-0001", "SYS-0002", "SYS-0003")},
    "/findings": {"id": ("F-0001", "F-0002", "F-0003")},
    "/incidents": {"number": ("INC-2026-0001", "INC-2026-0002", "INC-2026-0003", "INC-2026-0004")},
    "/inspections": {"number": ("IS-2026-0001", "IS-2026-0002", "IS-2026-0003"), "item": ("A08-1", "A02-1")},
    "/documents": {"id": ("D-0001", "D-0002", "D-0003")},
    "/users": {"name": ("schema.department.1", "nobody.here")},
}
"""What the city has, and what earlier requests make of it, by the beginning of an address."""


def _name(case: Any, place: int) -> None:
    """Three of four requests name something that is there, which earlier ones have moved from one state to the next."""
    known = KNOWN.get("/" + case.path.split("/")[1], {})
    if place % 4:
        for name in set(case.path_parameters or {}) & known.keys():
            case.path_parameters[name] = known[name][place // 4 % len(known[name])]


def _all(schema: Any, roles: tuple[str, ...], every: int) -> list[tuple[Any, str]]:
    """Every operation by every role; nobody comes last, since who proves nothing again and again waits."""
    operations = [found.ok() for found in schema.get_all_operations()][::every]
    return [(one, role) for role in roles for one in operations]


def main() -> int:
    """Prints the figures; 0 when there is no fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), asked.examples, asked.seed)
    cpu = time.process_time() - started
    figures = [
        {"what": "faults of the API against its document", "ours": len(found["faults"]), "peer": 0, "ratio": None,
         "goal": "0", "met": not found["faults"]},
        {"what": "answers 5xx", "ours": sum(count for name, count in found["statuses"].items() if " 5" in name), "peer": 0,
         "ratio": None, "goal": "0", "met": not any(" 5" in name for name in found["statuses"])},
    ]  # fmt: skip
    if asked.json:
        print(json.dumps({"name": "api_schema", "machine": platform.platform(), "figures": figures, **found}, ensure_ascii=False))
    else:
        print(f"{found['operations']} operations, {found['requests']} requests, {cpu:.0f} s of CPU: {found['statuses']}")
        for one in figures:
            print(f"{one['what']:45} {one['ours']}  goal {one['goal']}  {'met' if one['met'] else 'NOT MET'}")
        for text in sorted(set(found["faults"]))[:40]:
            print(text, "\n")
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    sys.exit(main())
