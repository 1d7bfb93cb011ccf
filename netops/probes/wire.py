"""
netops-probe: the child process that has scapy, and nothing else of netops.

It reads one JSON request a line on standard input and answers in JSON lines on standard output. It knows only the
requests of REQUESTS; whatever else it is asked it answers with an error. Requests are bounded in size and in time.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MAX_REQUEST = 64 << 10
MAX_FILE = 4 << 30
MAX_PACKETS = 50_000_000


def datagrams(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """
    The UDP datagrams in a pcap or pcapng file: source, ms UTC, payload in base64; fragments are left out.

    Raises:
        ValueError: the file is too large, or no capture.
    """
    import logging

    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    from scapy.error import Scapy_Exception
    from scapy.layers import inet, inet6, l2  # noqa: F401 - registers the link types
    from scapy.utils import PcapReader

    path = Path(str(request.get("path", "")))
    if path.stat().st_size > MAX_FILE:
        raise ValueError(f"larger than {MAX_FILE >> 30} GiB")
    inet.UDP.payload_guess = []  # what is inside is for the decoder, not for scapy
    try:
        with PcapReader(str(path)) as packets:
            for number, packet in enumerate(packets):
                if number >= MAX_PACKETS:
                    raise ValueError(f"more than {MAX_PACKETS} packets")
                if inet.UDP not in packet:
                    continue
                outer = packet[inet.IP] if inet.IP in packet else packet[inet6.IPv6]
                datagram = packet[inet.UDP]
                payload = bytes(datagram.payload)[
                    : max(0, (datagram.len or 0) - 8)
                ]  # the frame may be padded
                yield {
                    "source": outer.src,
                    "at": int(packet.time * 1000),
                    "payload": base64.b64encode(payload).decode(),
                }
    except (Scapy_Exception, EOFError) as error:
        raise ValueError(str(error)) from error


REQUESTS: dict[str, Callable[[dict[str, Any]], Iterator[dict[str, Any]]]] = {"datagrams": datagrams}


def main() -> int:
    """Answer requests until standard input ends."""
    for line in iter(lambda: sys.stdin.buffer.readline(MAX_REQUEST), b""):
        try:
            request = json.loads(line)
            asked = REQUESTS[request["do"]]
            for answer in asked(request):
                print(json.dumps(answer))
            print(json.dumps({"end": True}), flush=True)
        except (KeyError, TypeError):
            print(json.dumps({"error": "unknown request"}), flush=True)
        except (ValueError, OSError) as error:
            print(json.dumps({"error": str(error) or type(error).__name__}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
