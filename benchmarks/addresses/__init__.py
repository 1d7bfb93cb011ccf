"""
Addresses beside the floor: what the bare database does with the same work, no program around it, in the same run.

    python -m benchmarks.addresses [--json] [--full] [--only NAMES] [--used N] [--rounds N] [--seconds S] [--races N]

The floor (`floor.py`) keeps a /8 of which a million addresses are taken at random, and in one transaction takes the lowest
free one, shrinks the span, writes the address, the counter and a journal row: on SQLite (WAL, synchronous FULL) eight
processes in a fair queue, on PostgreSQL one function call that locks the pool. What NetBox 4.6 and Nautobot 3.2 need for the
same work is named beside a goal where it was measured; they are not run here.
`http` asks the same of `netops serve`: eight clients over connections that stay open, a token each, a key for every allocation.
`--full` races 100,000 allocations instead of 8,000.
"""
