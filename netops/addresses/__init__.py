"""Whose address it is, and what is left (地址, Article 11)."""
