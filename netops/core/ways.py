"""Ways in which something was recognised (识别依据), as people call them."""

from __future__ import annotations

from netops.core.language import N_

WAYS = {
    "handshake": N_("handshake"),
    "protocol": N_("protocol"),
    "certificate": N_("certificate"),
    "offer": N_("offer"),
    "claim": N_("claims"),
    "request": N_("request"),
    "sni": N_("name in TLS"),
    "ttl": N_("TTL"),
    "address": N_("address"),
    "header": N_("header"),
    "dns": N_("DNS"),
    "shape": N_("shape"),
    "stacks": N_("systems"),
    "devices": N_("devices"),
    "ports": N_("source ports"),
    "port": N_("port"),
    "stamps": N_("TCP timestamps"),
    "idents": N_("IP identifications"),
    "standing": N_("push connections"),
    "names": N_("names of brands"),
    "maker": N_("maker"),
    "log": N_("log"),
}
"""By key: message ids."""
