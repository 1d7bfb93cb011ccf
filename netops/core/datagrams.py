"""Datagrams (数据报) as columns: what a receiver hands to a decoder without one object for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Datagram(NamedTuple):
    """One datagram: its exporter by the address the register knows, ms UTC of receipt, its bytes."""

    exporter: str
    received: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Datagrams:
    """
    Datagrams of known exporters in the order they came.

    Args:
        octets: uint8, where the payloads lie; it may be shared memory that is given back after use.
        starts, lengths: int64, the payload of each.
        exporter: int32, an index into *exporters*.
        received: int64, ms UTC of receipt.
    """

    octets: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    exporter: NDArray[np.int32]
    received: NDArray[np.int64]
    exporters: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def one(self, row: int) -> Datagram:
        """One of them, copied."""
        start = int(self.starts[row])
        payload = self.octets[start : start + int(self.lengths[row])].tobytes()
        return Datagram(self.exporters[int(self.exporter[row])], int(self.received[row]), payload)

    def without(self, rows: NDArray[np.int64]) -> Datagrams:
        """The others, in their order."""
        import numpy as np

        left = np.ones(len(self), bool)
        left[rows] = False
        starts, lengths, received = self.starts[left], self.lengths[left], self.received[left]
        return Datagrams(self.octets, starts, lengths, self.exporter[left], received, self.exporters)

    def each(self) -> Iterator[Datagram]:
        """One by one, copied."""
        return map(self.one, range(len(self.starts)))


def gathered(datagrams: list[tuple[str, int, bytes]]) -> Datagrams:
    """Single datagrams (exporter, ms UTC of receipt, payload) as columns."""
    import numpy as np

    names = {name: number for number, name in enumerate(dict.fromkeys(one[0] for one in datagrams))}
    lengths = np.array([len(one[2]) for one in datagrams], np.int64)
    joined = np.frombuffer(b"".join(one[2] for one in datagrams), np.uint8)
    exporter = np.array([names[one[0]] for one in datagrams], np.int32)
    received: NDArray[Any] = np.array([one[1] for one in datagrams], np.int64)
    return Datagrams(joined, np.cumsum(lengths) - lengths, lengths, exporter, received, tuple(names))
