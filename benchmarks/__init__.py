"""Benchmarks: each runs netops beside a peer on the same work, in one run, and prints a ratio."""
