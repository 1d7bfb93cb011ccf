"""What a request would get out of the free tiles as they are now; asked here, decided in `ledger`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from netops.addresses import tiles as tiling
from netops.addresses.allocation import PoolExhausted, Request, Taken
from netops.addresses.choice import edges, gather
from netops.addresses.prefix import PrefixRole
from netops.addresses.span import Span, carve, exponent_of, parsed
from netops.addresses.tile import Tile, TileState
from netops.core.errors import Missing, NetopsError

MOST = 65536
"""Single addresses one request may ask for; more is a block."""


def propose(connection: Connection, request: Request, avoid: Collection[int] = ()) -> list[Span]:
    """
    The runs that *request* would get now; nothing is written.

    Raises:
        Missing: there is no such pool.
        PoolExhausted: no free run is large enough.
        Taken: the address asked for is not free.
    """
    look = Look(connection, request)
    return [span for span, _ in look.chosen(avoid)]


Chosen = list[tuple[Span, Tile]]
"""Each run that a request would get with the free tile that it lies in, in the order of addresses."""


class Look:
    """What *request* would rest on, asked at once: its pool and the first holes that may do."""

    def __init__(self, connection: Connection, request: Request) -> None:
        self._connection, self._request = connection, request
        self._pool = tiling.standing(connection, request.plane, request.pool)
        self._bits = 128 if ":" in request.pool else 32
        wanted = self._bits - request.prefixlen if request.prefixlen else exponent_of(request.count)
        self._exponent = min(max(wanted, 0), 128)
        self._holes = tiling.holes(connection, request.plane, request.pool, self._exponent, 1)

    def chosen(self, avoid: Collection[int]) -> Chosen:
        """
        What the request would get now.

        Raises:
            Missing, PoolExhausted, Taken, NetopsError: as `propose` says.
        """
        request, pool = self._request, self._pool()
        if pool is None:
            raise Missing(
                "nothing was allocated",
                "there is no pool {pool} in the {plane}",
                "netops pool list",
                pool=request.pool,
                plane=request.plane,
            )
        first, last, role, *standing = pool
        if request.address:
            runs = [_named(self._connection, request)]
        elif request.prefixlen:
            runs = self._block()
        else:
            runs = self._single(sorted({*avoid, *edges(Span(first, last), PrefixRole(role))}))
        if not runs:
            size, *taken = standing
            wanted = f"/{request.prefixlen}" if request.prefixlen else str(request.count)
            raise PoolExhausted(request.pool, wanted, size - sum(taken))
        return runs

    def _block(self) -> list[tuple[Span, Tile]]:
        """One aligned block out of the tightest hole."""
        if not 0 < self._request.prefixlen <= self._bits:
            raise NetopsError(
                "nothing was allocated",
                "/{prefixlen} is no prefix length here",
                "",
                prefixlen=self._request.prefixlen,
            )
        return [(carve(hole.span, self._exponent), hole) for hole in self._holes()]

    def _single(self, shunned: Sequence[int]) -> list[tuple[Span, Tile]]:
        """
        Single addresses, in one run if a hole has it.

        Most often the first hole will do; only where many addresses are shunned are more of them looked at.
        """
        request = self._request
        if not 0 < request.count <= MOST:
            raise NetopsError(
                "nothing was allocated",
                "{count} is not between 1 and {most}",
                "ask for a block: --prefixlen",
                count=request.count,
                most=MOST,
            )
        steps = [(self._exponent, 1)] if self._exponent == 0 else [(self._exponent, 1), (0, request.count)]
        for exponent, most in steps:
            found = self._holes() if exponent == self._exponent else self._more(exponent, most)
            while True:
                chosen = gather([tile.span for tile in found], request.count, shunned)
                if sum(run.size for run in chosen) == request.count:
                    found.sort(key=lambda tile: tile.span.first)
                    firsts = [tile.span.first for tile in found]
                    return [(run, found[bisect_right(firsts, run.first) - 1]) for run in chosen]
                if len(found) < most:
                    break
                most *= 16
                found = self._more(exponent, most)
        return []

    def _more(self, exponent: int, most: int) -> list[Tile]:
        return tiling.holes(self._connection, self._request.plane, self._request.pool, exponent, most)()


def _named(connection: Connection, request: Request) -> tuple[Span, Tile]:
    try:
        span = parsed(request.address)
    except ValueError as error:
        raise NetopsError(
            "nothing was allocated", "{why}", "write an address, a CIDR or first-last", why=error
        ) from error
    tiles = tiling.covering(connection, request.plane, span)
    for tile in tiles:
        if tile.state is not TileState.FREE or tile.pool != request.pool:
            raise Taken(str(span), tile.state, str(tile.span), tile.allocation or tile.pool)
    return span, tiles[0]
