"""
The city of `benchmarks.web` in NetBox, so that both hold the same: run inside a NetBox that is empty.

Organizations are its tenants, pools its prefixes of /16 with every /24 below them, allocations its addresses; devices have
their ports, and a cable to the one above. What NetBox keeps beside its tables (depth of prefixes, counts, its search) is
brought up by its own commands. The last line tells how many there are, a signed-in session's cookie and a token.

    python manage.py shell < netbox_city.py
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

ORGANIZATIONS, DEVICES, ALLOCATIONS, AGGREGATIONS, PORTS = 64, 2000, 1_000_000, 40, 24
AT_ONCE = 5000
SEARCHED = """INSERT INTO extras_cachedvalue (id, timestamp, object_id, field, type, value, weight, object_type_id)
SELECT gen_random_uuid(), now(), a.id, 'address', 'inet', a.address::text, 100, t.id FROM ipam_ipaddress a
JOIN django_content_type t ON t.app_label = 'ipam' AND t.model = 'ipaddress'"""
"""What `reindex` writes for addresses that have neither a name nor a description; it takes half an hour for a million."""


def fill() -> dict[str, Any]:
    """How many of each were made, and what signs in."""
    from django.apps import apps  # type: ignore[import-not-found]

    def rows(model: str) -> Any:
        return apps.get_model(model).objects

    def make(model: str, several: Iterable[dict[str, Any]]) -> int:
        kind, made = apps.get_model(model), 0
        waiting = iter(several)
        while block := [kind(**one) for one in islice(waiting, AT_ONCE)]:
            kind.objects.bulk_create(block)
            made += len(block)
        say(f"{made} of {model}")
        return made

    started = time.monotonic()
    say = telling(started)
    codes = [(f"o{n:02}", f"第{n}局") for n in range(ORGANIZATIONS)]
    make("tenancy.Tenant", ({"name": title, "slug": code} for code, title in codes))
    tenants = list(rows("tenancy.Tenant").order_by("id"))
    prefixes = make("ipam.Prefix", blocks(tenants))
    addresses = make("ipam.IPAddress", taken(tenants))
    _devices(rows, make, tenants)
    _cables(apps.get_model("dcim.Cable"), rows, say)
    _kept(say)
    counts = {"tenants": len(tenants), "prefixes": prefixes, "addresses": addresses, "devices": rows("dcim.Device").count(),
              "interfaces": rows("dcim.Interface").count(), "cables": rows("dcim.Cable").count()}  # fmt: skip
    return counts | {"seconds": round(time.monotonic() - started)} | _signed_in(rows, apps.get_model("users.Token"))


def telling(started: float) -> Callable[[str], None]:
    """Says what is done and after how many seconds."""

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {text}\n")
        sys.stderr.flush()

    return say


def blocks(tenants: list[Any]) -> Iterator[dict[str, Any]]:
    """Every pool, and every /24 of it."""
    for number, tenant in enumerate(tenants):
        yield {"prefix": f"10.{number}.0.0/16", "tenant": tenant, "status": "active"}
        for third in range(256):
            yield {"prefix": f"10.{number}.{third}.0/24", "tenant": tenant, "status": "active"}


def taken(tenants: list[Any]) -> Iterator[dict[str, Any]]:
    """The same addresses as in netops' city, which draws them from the same seed."""
    wild = random.Random(7)
    for number, tenant in enumerate(tenants):
        first = 10 << 24 | number << 16
        for value in sorted(wild.sample(range(first + 1, first + 65_535), ALLOCATIONS // ORGANIZATIONS)):
            yield {"address": f"10.{number}.{value >> 8 & 255}.{value & 255}/16", "tenant": tenant, "status": "active"}


def _devices(rows: Callable[[str], Any], make: Callable[..., int], tenants: list[Any]) -> None:
    """Core, aggregation and access with their ports; whatever is above has a port for each below it."""
    site = rows("dcim.Site").create(name="City", slug="city")
    maker = rows("dcim.Manufacturer").create(name="Bench", slug="bench")
    kind = rows("dcim.DeviceType").create(manufacturer=maker, model="Switch V1", slug="switch-v1")
    roles = [rows("dcim.DeviceRole").create(name=name, slug=name) for name in ("core", "aggregation", "switch")]

    def tier(number: int) -> int:
        return 0 if not number else 1 if number <= AGGREGATIONS else 2

    def name(number: int) -> str:
        return ("core", f"agg-{number:02}", f"acc-{number:04}")[tier(number)]

    make(
        "dcim.Device",
        (
            {"name": name(n), "site": site, "device_type": kind, "role": roles[tier(n)], "tenant": tenants[n % ORGANIZATIONS]}
            for n in range(DEVICES)
        ),
    )
    below = (AGGREGATIONS, DEVICES // AGGREGATIONS, 0)
    devices = list(rows("dcim.Device").order_by("id"))
    make(
        "dcim.Interface",
        (
            {"device": device, "name": f"GE0/0/{port}", "type": "1000base-t", "_site": site}
            for number, device in enumerate(devices)
            for port in range(1, PORTS + 2 + below[tier(number)])
        ),
    )


def _cables(kind: Any, rows: Callable[[str], Any], say: Callable[[str], None]) -> None:
    """A cable from every device to the one above, each saved as NetBox saves it: its paths are traced."""
    devices = list(rows("dcim.Device").order_by("id"))
    ports = {(port.device_id, port.name): port for port in rows("dcim.Interface").all()}
    for number, device in enumerate(devices[1:], 1):
        above = 0 if number <= AGGREGATIONS else 1 + number % AGGREGATIONS
        place = number if number <= AGGREGATIONS else 1 + PORTS + number // AGGREGATIONS
        ends = ports[device.id, f"GE0/0/{PORTS + 1}"], ports[devices[above].id, f"GE0/0/{place}"]
        kind(a_terminations=[ends[0]], b_terminations=[ends[1]]).save()
    say(f"{rows('dcim.Cable').count()} cables")


def _kept(say: Callable[[str], None]) -> None:
    """What a bulk load leaves out, and the planner's statistics."""
    from django.core.management import call_command  # type: ignore[import-not-found]
    from django.db import connection  # type: ignore[import-not-found]

    for command in (["rebuild_prefixes"], ["calculate_cached_counts"], ["reindex", "tenancy", "dcim", "ipam.prefix"]):
        call_command(*command, stdout=sys.stderr)
        say(" ".join(command))
    with connection.cursor() as cursor:
        cursor.execute(SEARCHED)
        say("reindex ipam.ipaddress, as one statement")
        cursor.execute("VACUUM ANALYZE")
    say("statistics")


def _signed_in(rows: Callable[[str], Any], token_kind: Any) -> dict[str, str]:
    """A superuser's session and token."""
    from importlib import import_module

    from django.conf import settings  # type: ignore[import-not-found]
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # type: ignore[import-not-found]

    person = rows("users.User").create(username="bench", is_superuser=True, is_active=True)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session.save()
    token = token_kind(user=person, write_enabled=True)
    token.save()
    return {
        "cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}",
        "token": token.get_auth_header_prefix() + token.token,
    }


if "django" in sys.modules:
    sys.stdout.write(json.dumps(fill()) + "\n")
