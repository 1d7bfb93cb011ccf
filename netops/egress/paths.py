"""
Paths (流经之路): whether what enters a department's router from another department came over the platform. Pure.

The platform's devices record every flow between departments that they carry. A router that nobody walks tells by which
interface a flow entered, and no more; when those that came in by one were recorded by none of the platform's devices that
the sender is attached to, although these record everything else of that sender, they came another way (Article 9).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from netops.core.evidence import Evidence
from netops.core.plane import Plane
from netops.egress.classify import Space
from netops.egress.flows import Batch, Column, address_text, grouped, joined, time_text
from netops.egress.judge import Facing, Judged, Observer, Port, Scene, unnamed
from netops.egress.lags import Lags

PLACES = 1 << 20
"""Room for pairs that the platform carried, by a hash: where two meet, one is taken for seen, never for missing."""
WINDOW_MS = 600_000
"""So far back what entered an interface is weighed;"""
HEARD_MS = 3_600_000
"""so long after its last flow there a sender counts as one that the platform records."""
MARGIN_MS = 5_000
LEAST = 3
"""Flows that the platform should have recorded and did not, where one end tells of them; where both do, one each."""
APART_MS = 20_000
"""At one end they came so far apart: a datagram that was lost takes several with it."""
SEEN_SHARE = 0.2
"""More of them seen on the platform, in parts of all, and the interface is one that leads there."""
SAMPLED = 10
"""Packets, in multiples of the platform's sampling interval, of which one is sure to be seen."""
MOST, MOST_KEPT, MOST_AT_ONCE = 2048, 32, 4
"""Interfaces, flows of each, and flows of each taken out of one batch."""


class Passage(NamedTuple):
    """
    One flow that entered a department by an interface that no walk told of; times in ms since 1970 UTC.

    Args:
        received: here; a record of the platform came between *since* and *due*, if there is one.
        place: of its pair of addresses.
        packets: as many were there.
        rows: the flow itself.
    """

    received: int
    since: int
    due: int
    place: int
    packets: int
    rows: Batch


class Suspect:
    """
    What entered *here* by one interface from LANs behind *device*.

    Args:
        gates: the platform's devices that *device* is attached to, with their exporters.
    """

    def __init__(self, plane: Plane, here: str, device: str, organization: str, gates: Mapping[str, str]) -> None:
        self.plane, self.here, self.device, self.organization, self.gates = plane, here, device, organization, gates
        self.waiting: deque[Passage] = deque(maxlen=MOST_KEPT)
        self.unseen: deque[Passage] = deque(maxlen=MOST_KEPT)
        self.seen: deque[int] = deque(maxlen=MOST_KEPT)
        """When those came that the platform recorded too."""

    def forget(self, before_ms: int) -> bool:
        """Let go of what is older; whether anything is left."""
        while self.unseen and self.unseen[0].received < before_ms:
            self.unseen.popleft()
        while self.seen and self.seen[0] < before_ms:
            self.seen.popleft()
        return bool(self.waiting or self.unseen or self.seen)

    @property
    def is_carried(self) -> bool:
        """The platform records what enters here; what it recorded before the first that it did not may be of another way."""
        since = self.unseen[0].received if self.unseen else 0
        seen = sum(at >= since for at in self.seen)
        return seen > SEEN_SHARE * (seen + len(self.unseen))

    def is_enough(self, *, both: bool) -> bool:
        """Whether so many are missing on the platform that they came another way; *both* ends tell of it."""
        if self.is_carried or not self.unseen:
            return False
        return both or (len(self.unseen) >= LEAST and self.unseen[-1].received - self.unseen[0].received >= APART_MS)


class Paths:
    """What the platform carried, and what entered departments; `review` says which interfaces lead past the platform."""

    def __init__(self) -> None:
        self.suspects: dict[tuple[str, int, str], Suspect] = {}
        """By exporter, ifIndex and the sender's router."""
        self.proven: dict[tuple[str, int], Suspect] = {}
        self.lags = Lags()
        self._carried: Column | None = None
        self._heard: dict[tuple[str, str], int] = {}
        """When a platform's exporter last recorded a flow of an organization."""
        self._sampled: dict[str, int] = {}
        self._lost: dict[str, tuple[int, int]] = {}
        """What never came of each exporter, so far, and when that last grew."""
        self._told: set[tuple[str, int]] = set()

    # ---- taking in
    def see(self, judged: Judged, scene: Scene) -> None:
        """Take in a batch; nothing in a city whose department routers were all walked."""
        kinds, batch = judged.kinds, judged.batch
        if not scene.unwalked or not len(batch):
            return
        self.lags.see(batch)
        places = [scene.observers.get(address) for address in batch.exporters]
        is_platform = np.array([one is not None and one.is_platform for one in places])
        is_edge = np.array([address in scene.unwalked for address in batch.exporters])
        ends = (kinds.source == Space.ALLOCATED) & (kinds.destination == Space.ALLOCATED)
        if (those := ends & is_platform[kinds.exporter]).any():
            self._carry(judged.take(those.take(judged.kind)), scene, places)
        within = (kinds.facing == Facing.UNSEEN) | (kinds.facing == Facing.INTERNAL) | (kinds.facing == Facing.UNKNOWN)
        if (those := ends & within & is_edge[kinds.exporter]).any():
            self._enter(judged.take(those.take(judged.kind)), scene, places)

    def lose(self, lost: Mapping[str, int], at_ms: int) -> None:
        """How much of each exporter never came, so far: what is missing just then proves nothing."""
        for exporter, count in lost.items():
            if count > self._lost.get(exporter, (0, 0))[0]:
                self._lost[exporter] = count, at_ms

    def _carry(self, judged: Judged, scene: Scene, places: list[Observer | None]) -> None:
        """What the platform recorded."""
        batch = judged.batch
        if not len(batch):
            return
        if self._carried is None:
            self._carried = np.zeros(PLACES, np.int64)
        self._carried[_places(batch)] = batch["received"]
        latest = int(batch["received"].max())
        _, rows = grouped(batch.exporter, judged.source)
        for row in rows.tolist():
            address, place = batch.exporters[batch.exporter[row]], places[batch.exporter[row]]
            if place is not None:
                self._heard[address, scene.tables[place.plane].owners[judged.source[row]].organization] = latest
        for number in np.unique(batch.exporter).tolist():
            self._sampled[batch.exporters[number]] = int(batch["sampling_interval"][batch.exporter == number].max())

    def _enter(self, judged: Judged, scene: Scene, places: list[Observer | None]) -> None:
        """What came to departments from others: a few of each interface and sender are enough."""
        batch = judged.batch
        if not len(batch):
            return
        pair = _places(batch)
        group, firsts = grouped(batch.exporter, batch["in_if"], judged.source, judged.destination)
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group, minlength=len(firsts)))
        for first, end, count in zip(firsts.tolist(), ends.tolist(), np.bincount(group).tolist(), strict=True):
            place = places[batch.exporter[first]]
            if place is None or not _is_foreign(judged, scene, place, first):
                continue
            for row in order[max(end - count, end - MOST_AT_ONCE) : end].tolist():
                if suspect := self._suspect(judged, scene, place, row):
                    self._note(suspect, batch, row, int(pair[row]))

    def _note(self, suspect: Suspect, batch: Batch, row: int, pair: int) -> None:
        lasted = int(batch["last"][row] - batch["first"][row])
        gates = suspect.gates.values()
        if lasted > min(self.lags.longest(gate) for gate in gates) + MARGIN_MS:
            return  # for all that is known, the platform tells of one so long much later
        received = int(batch["received"][row])
        suspect.waiting.append(
            Passage(
                received,
                received - self.lags.of(batch.exporters[batch.exporter[row]]) - MARGIN_MS,
                max(received, received - lasted + max(self.lags.of(gate) for gate in gates)) + MARGIN_MS,
                pair,
                int(batch["packets"][row]) * max(int(batch["sampling_interval"][row]), 1),
                batch.take(np.array([row])),
            )
        )

    def _suspect(self, judged: Judged, scene: Scene, place: Observer, row: int) -> Suspect | None:
        """Where a flow is noted; None where nothing could be said of it."""
        batch, wiring, plane = judged.batch, scene.wiring, place.plane
        lan = wiring.lan(plane, address_text(int(batch["src_hi"][row]), int(batch["src_lo"][row])))
        if lan is None or not lan.gateway or (plane, lan.gateway) in wiring.platform:
            return None
        key = place.address, int(batch["in_if"][row]), lan.gateway
        if (known := self.suspects.get(key)) is not None:
            return known
        gates = {gate: scene.exporter_of.get((plane, gate), "") for gate in wiring.gates(plane, lan.gateway)}
        if lan.gateway in wiring.behind(plane, place.device) or not gates or not all(gates.values()):
            return None
        if len(self.suspects) >= MOST:
            return None
        organization = scene.tables[plane].owners[judged.source[row]].organization
        return self.suspects.setdefault(key, Suspect(plane, place.device, lan.gateway, organization, gates))

    # ---- deciding
    def review(self, now_ms: int) -> Batch:
        """Weigh what is due; the flows by interfaces that are proven only now, to be told of."""
        for key, one in list(self.suspects.items()):
            self._weigh(one, now_ms)
            if not one.forget(now_ms - WINDOW_MS):
                del self.suspects[key]
        carried = {key[:2] for key, one in self.suspects.items() if one.is_carried}
        open_ones = [one for key, one in self.suspects.items() if key[:2] not in carried]
        missed = {(one.here, one.device) for one in open_ones if one.is_enough(both=True)}
        self.proven = {}
        for key, one in sorted(self.suspects.items(), key=lambda item: -len(item[1].unseen)):
            if key[:2] not in carried and one.is_enough(both=(one.device, one.here) in missed):
                self.proven.setdefault(key[:2], one)
        fresh = [one for place, one in self.proven.items() if place not in self._told]
        self._told = set(self.proven)
        return joined(passage.rows for one in fresh for passage in one.unseen)

    def _weigh(self, one: Suspect, now_ms: int) -> None:
        """Of what is due: what the platform recorded too, and what it was sure to record and did not."""
        while one.waiting and one.waiting[0].due <= now_ms:
            each = one.waiting.popleft()
            if self._carried is not None and self._carried[each.place] >= each.since:
                one.seen.append(each.received)
            elif all(self._is_sure(one, exporter, each) for exporter in one.gates.values()):
                one.unseen.append(each)

    def _is_sure(self, one: Suspect, exporter: str, each: Passage) -> bool:
        """Whether the platform's exporter records this sender, lost nothing just then, and does not sample it away."""
        if self._heard.get((exporter, one.organization), 0) < each.received - HEARD_MS:
            return False
        if self._lost.get(exporter, (0, 0))[1] >= each.since:
            return False
        interval = self._sampled.get(exporter, 0)
        return interval <= 1 or each.packets >= SAMPLED * interval

    def ports(self) -> dict[tuple[str, int], Port]:
        """The interfaces that lead past the platform: nothing registered explains them."""
        return {place: unnamed(place[1], Facing.UNKNOWN) for place in self.proven}

    def absence(self, exporter: str, in_if: int) -> tuple[Evidence, ...]:
        """What the platform did not record, and the question that shows it."""
        one = self.proven.get((exporter, in_if))
        if one is None:
            return ()
        rows = joined(each.rows for each in one.unseen)
        src, dst = (address_text(int(rows[f"{end}_hi"][-1]), int(rows[f"{end}_lo"][-1])) for end in ("src", "dst"))
        since, until = time_text(one.unseen[0].since), time_text(one.unseen[-1].due)
        where = " or ".join(f"exporter {gate}" for gate in sorted(one.gates))
        body: dict[str, object] = {
            "missing": len(one.unseen),
            "recorded": len(one.seen),
            "gates": sorted(one.gates),
            "from": one.device,
            "last": since,
        }
        query = f"egress query 'src ip {src} and dst ip {dst} and ({where})' --from {since} --to {until}"
        at = datetime.fromtimestamp(one.unseen[-1].due / 1000, UTC)
        return (Evidence("flow", ", ".join(sorted(one.gates)), query, body, at),)


def _is_foreign(judged: Judged, scene: Scene, place: Observer, row: int) -> bool:
    """Whether a flow goes to a LAN of this department and comes from another one."""
    owners = scene.tables[place.plane].owners
    homes = scene.wiring.homes(place.plane, place.device, place.organization)
    source, destination = owners[judged.source[row]].organization, owners[judged.destination[row]].organization
    return bool(source) and source not in homes and destination in homes


def _places(batch: Batch) -> Column:
    """A place below PLACES for each row's pair of addresses."""
    mixed = batch["src_lo"] ^ (batch["src_hi"] << np.uint64(1))
    mixed = (mixed * np.uint64(0x9E3779B97F4A7C15) + batch["dst_lo"]) ^ (batch["dst_hi"] << np.uint64(1))
    mixed = mixed * np.uint64(0xD6E8FEB86659FD93)
    place: Column = (mixed >> np.uint64(64 - PLACES.bit_length() + 1)).astype(np.intp)
    return place
