"""The evidence chain on both engines: an entry for each piece, any changed byte found, files kept with their hashes."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from netops.core import custody
from netops.core.evidence import Evidence
from netops.core.store import Store
from tests.conftest import NOON


def piece(number: int) -> Evidence:
    return Evidence("flow", "r1", f"in_if = {number}", {"flows": number, "说明": "<出口>"}, NOON + timedelta(seconds=number))


def kept(store: Store, *numbers: int) -> list[str]:
    with store.write() as connection:
        return custody.keep(connection, [piece(number) for number in numbers])


def test_every_piece_has_its_entry(store: Store) -> None:
    """Who, when, by which query, how large, both hashes and where; the same piece never twice."""
    assert [piece(1).id, piece(2).id] == kept(store, 1, 2, 1)
    assert [piece(3).id] == kept(store, 2, 3)

    links = custody.links(store, [piece(3).id, piece(1).id])
    assert [(1, piece(1).id), (3, piece(3).id)] == [(link.entry.seq, link.entry.id) for link in links]
    entry = links[0].entry
    assert ("flow", "r1", "in_if = 1", NOON + timedelta(seconds=1), custody.STORED) == (
        entry.kind, entry.source, entry.query, entry.time, entry.place)
    assert (piece(1).sha256, 64, True) == (entry.sha256, len(entry.sm3), entry.collector.startswith("netops "))
    found = custody.verify(store)
    assert (3, 0, custody.head(store)) == (found.entries, found.broken, (3, found.head))


def test_an_empty_chain_verifies(store: Store) -> None:
    """Nothing kept, nothing broken."""
    assert custody.Verification(0, 0, "", custody.FIRST) == custody.verify(store)


def test_writers_at_once_leave_one_chain(store: Store) -> None:
    """Eight writers, each with pieces of its own and one that all have."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda turn: kept(store, 999, *range(turn * 5, turn * 5 + 5)), range(8)))

    assert (41, 0) == ((found := custody.verify(store)).entries, found.broken)


CHANGES = [
    "UPDATE evidence SET body = replace(body, '\"flows\":3', '\"flows\":4') WHERE id = '{id}'",
    "UPDATE evidence SET body = replace(body, '<', '>') WHERE id = '{id}'",
    "UPDATE evidence SET at = at + 1 WHERE id = '{id}'",
    "UPDATE evidence SET query = 'in_if = 9' WHERE id = '{id}'",
    "UPDATE evidence SET source = 'r2' WHERE id = '{id}'",
    "UPDATE evidence SET kind = 'arp' WHERE id = '{id}'",
    "UPDATE evidence SET sha256 = replace(sha256, '{a}', '{b}') WHERE id = '{id}'",
    "UPDATE evidence SET body = 'x' WHERE id = '{id}'",
    "DELETE FROM evidence WHERE id = '{id}'",
    "DELETE FROM evidence_chain WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET collector = 'nobody' WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET size = size + 1 WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET place = 'elsewhere' WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET sm3 = '' WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET digest = replace(digest, 'a', 'b') WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET hash = replace(hash, 'a', 'b') WHERE evidence = '{id}'",
    "UPDATE evidence_chain SET evidence = 'EV-0123456789ab' WHERE evidence = '{id}'",
]


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_found_at_its_entry(store: Store, change: str) -> None:
    """Whatever column of whichever table, and what was taken away."""
    kept(store, *range(1, 6))
    name, digit = piece(3).id, piece(3).sha256[-1]
    with store.write() as connection:
        connection.execute(text(change.format(id=name, a=digit, b="0" if digit != "0" else "1").replace(":", "\\:")))

    found = custody.verify(store)
    assert (3, True) == (found.broken, bool(found.why))


@pytest.mark.parametrize(("change", "why"), [
    ("DELETE FROM evidence_chain WHERE seq = 5", "evidence stands there that no entry names"),
    ("DELETE FROM evidence_chain WHERE seq = 5; DELETE FROM evidence WHERE id = '{id}'", "the newest entries are missing"),
    ("INSERT INTO evidence SELECT 'EV-x', kind, source, query, body, at, sha256 FROM evidence WHERE id = '{id}'",
     "evidence stands there that no entry names")])
def test_what_is_missing_at_the_end_is_found(store: Store, change: str, why: str) -> None:
    """Neither the newest entry nor a piece beside the chain can be left out or slipped in."""
    kept(store, *range(1, 6))
    with store.write() as connection:
        for statement in change.format(id=piece(5).id).split("; "):
            connection.execute(text(statement))

    assert (True, why) == ((found := custody.verify(store)).broken > 0, found.why)


def test_an_attached_file_is_kept_whole(store: Store) -> None:
    """Byte for byte, once; a byte changed in the file itself is found too."""
    content = random.Random(7).randbytes(5000)
    with store.write() as connection:
        name = custody.attach(connection, "出口配置.txt", content, collector="王工", query="display current", note="", at=NOON)
    (link,) = custody.links(store, [name])
    sha256 = hashlib.sha256(content).hexdigest()

    assert (content, "王工", custody.FILED, "display current") == (
        custody.file(store, sha256), link.entry.collector, link.entry.place, link.entry.query)
    assert 0 == custody.verify(store).broken
    with store.write() as connection:
        changed = content[:-1] + bytes([content[-1] ^ 1])
        connection.execute(custody.files.update().values(content=changed))
    assert "its file is missing or was changed" == custody.verify(store).why
