"""How traffic leaves (出口, Articles 8 and 12)."""
