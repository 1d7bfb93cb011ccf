"""What a device is made of (硬件): chassis, stack members and modules out of ENTITY-MIB. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netops.topology.device import Hardware
from netops.topology.identifiers import Columns

KINDS = {11: "stack", 3: "chassis", 9: "module"}
"""IANAPhysicalClass."""
NO_SERIAL = frozenset(
    {"", "0", "n/a", "na", "none", "null", "unknown", "private", "<private>", "not available", "default"}
)
MAX_PARTS = 256


def hardware(columns: Columns) -> Iterator[Hardware]:
    """Rows with a serial number, a model or a version: the stack first, then chassis, then modules; at most 256."""
    found = []
    for index, number in columns["entPhysicalClass"].items():
        kind = KINDS.get(number) if isinstance(number, int) else None
        if kind is None or len(index) != 1:
            continue
        model, version = (
            columns.text("entPhysicalModelName", index),
            columns.text("entPhysicalSoftwareRev", index),
        )
        serial = serial_text(columns.text("entPhysicalSerialNum", index))
        if model or serial or (version and kind != "module"):
            name = columns.text("entPhysicalName", index)
            found.append(
                (list(KINDS.values()).index(kind), index, Hardware(kind, name, model, serial, version))
            )
    for _, _, one in sorted(found, key=lambda each: each[:2])[:MAX_PARTS]:
        yield one


def serial_text(text: str) -> str:
    """A serial number that names one piece of hardware, or "" for what stands there instead of one."""
    plain = text.strip().lower()
    useless = plain in NO_SERIAL or len(set(plain) - set(" -.:")) < 2 or len(plain) < 4
    return "" if useless or not any(char.isdigit() for char in plain) else text
