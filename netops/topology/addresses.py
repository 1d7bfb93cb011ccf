"""A device's own addresses (接口地址) out of the columns of a walk: every table that MIBs have had for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netaddr import AddrFormatError, IPAddress

from netops.core.walk import Index, said
from netops.topology.device import InterfaceAddress
from netops.topology.identifiers import Columns


def inet_address(index: Index) -> tuple[str, Index]:
    """
    InetAddressType, length and octets at the start of an index (RFC 4001), and what follows them.

    ("", ()) when it is none; zone indexes of scoped addresses are dropped. Some agents leave the length out.
    """
    if len(index) in (5, 17) and index[0] == (1 if len(index) == 5 else 2) and index[1] != len(index) - 2:
        return octets_text(index[1:]), ()
    if len(index) < 2 or len(index) < 2 + index[1]:
        return "", ()
    kind, length, octets, rest = index[0], index[1], index[2 : 2 + index[1]], index[2 + index[1] :]
    if kind == 0 and length == 0:
        return "", rest
    wanted = {1: 4, 2: 16, 3: 4, 4: 16}.get(kind)
    if wanted is None or len(octets) < wanted:
        return "", rest
    return octets_text(octets[:wanted]), rest


def octets_text(octets: Iterable[int]) -> str:
    """4 or 16 octets as canonical text, or ""."""
    held = tuple(octets)
    if len(held) not in (4, 16) or any(not 0 <= octet <= 255 for octet in held):
        return ""
    return str(IPAddress(int.from_bytes(bytes(held), "big"), 4 if len(held) == 4 else 6))


def mask_length(mask: object) -> int:
    """Bits of a dotted mask, or -1."""
    text = said(mask if isinstance(mask, str | bytes | int) else None)
    try:
        address = IPAddress(text)
    except (AddrFormatError, ValueError):
        return -1
    return int(address.netmask_bits()) if address.version == 4 and address.is_netmask() else -1


def addresses(columns: Columns, names: dict[int, str]) -> Iterator[InterfaceAddress]:
    """Every address of the device's own, IPv4 first, in numeric order."""
    found: dict[tuple[str, int], InterfaceAddress] = {}

    def put(if_index: int, address: str, length: int) -> None:
        # Only link-local addresses stand on several interfaces; the length comes from whichever table has it.
        key = (address, if_index if address.startswith("fe80:") else 0)
        if key not in found or found[key].prefixlen < 0:
            found[key] = InterfaceAddress(if_index, names.get(if_index, ""), address, length)

    for index, if_index in columns["ipAddressIfIndex"].items():
        address, _ = inet_address(index)
        if not address or not isinstance(if_index, int):
            continue
        # ipAddressPrefix points at an ipAddressPrefixTable row, whose last number is the length (RFC 4293).
        pointer = columns.text("ipAddressPrefix", index)
        tail = pointer.rsplit(".", 1)[-1]
        length = (
            int(tail)
            if pointer.startswith("1.3.6.1.2.1.4.32.") and tail.isdigit() and int(tail) <= 128
            else -1
        )
        put(if_index, address, length)
    for index, if_index in columns["ipAdEntIfIndex"].items():
        address = octets_text(index[:4])
        if address and isinstance(if_index, int):
            put(if_index, address, mask_length(columns.at("ipAdEntNetMask", index)))
    for index, bits in columns["ipv6AddrPfxLength"].items():
        # ifIndex and 16 octets (RFC 2465); some put the length of the octets between (Maipu).
        octets = index[2:] if len(index) == 18 and index[1] == 16 else index[1:]
        if index and len(octets) == 16 and (address := octets_text(octets)) and any(octets):
            put(index[0], address, bits if isinstance(bits, int) and bits <= 128 else -1)
    for index, bits in columns["ipv6ParaConfigPrefixLength"].items():
        # TPLINK-IPV6ADDR-MIB: ifIndex, address type, origin, 16 octets.
        if len(index) == 19 and (address := octets_text(index[3:])):
            put(index[0], address, bits if isinstance(bits, int) and bits <= 128 else -1)
    yield from (found[key] for key in sorted(found, key=lambda key: (*_order(key[0]), key[1])))


def _order(address: str) -> tuple[int, int]:
    parsed = IPAddress(address)
    return parsed.version, int(parsed)
