"""`python -m netops` and the `netops` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the process ends with its exit code."""
    from netops.cli import run

    run()


if __name__ == "__main__":
    main()
