"""`[addresses]`: from when on something is said about pools and terms."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Ratios 0-1 of a pool that is taken; days of a term and of a forecast."""

    filling: float = 0.80
    full: float = 0.95
    term_days: int = 90
    """A granting document that ends within so many days."""
    full_days: int = 90
    """A pool that is forecast to be full within so many days."""
