"""How an agent is asked: community or SNMPv3 user, with secrets that are never shown. Pure; no I/O."""

from __future__ import annotations

import msgspec


class Credential(msgspec.Struct, frozen=True):
    """
    How to ask an agent, secrets included; never shown.

    Args:
        version: "v2c" or "v3".
        auth_protocol: "", "MD5", "SHA", "SHA224", "SHA256", "SHA384" or "SHA512".
        priv_protocol: "", "DES", "AES", "AES192", "AES256", and with Cisco's longer keys "AES192C", "AES256C".
        context: SNMPv3 context name.
        name: what people call it; the one that worked is remembered by it.
    """

    version: str
    community: str = ""
    user: str = ""
    auth_protocol: str = ""
    auth_key: str = ""
    priv_protocol: str = ""
    priv_key: str = ""
    context: str = ""
    name: str = ""

    def for_vlan(self, vlan: int) -> Credential:
        """The same credential for what Cisco keeps per VLAN ("SNMP Community String Indexing")."""
        if self.version == "v3":
            return msgspec.structs.replace(self, context=f"vlan-{vlan}")
        return msgspec.structs.replace(self, community=f"{self.community}@{vlan}")

    @property
    def shown(self) -> str:
        """What people may read of it: its name, or version and user."""
        return self.name or f"{self.version} {self.user}".strip()

    def __repr__(self) -> str:
        return f"Credential({self.shown} ***)"

    __str__ = __repr__
