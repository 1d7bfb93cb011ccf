"""How devices are asked: where, by which credentials, within which bounds, and what is remembered of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netops.config import Config
from netops.core.errors import Missing
from netops.settings import Credential as Configured
from netops.settings import Snmp
from netops.topology.device import RegisteredDevice

if TYPE_CHECKING:
    from netops.probes.credentials import Credential
    from netops.probes.habits import Habits
    from netops.probes.snmp import Settings, Target


def target(config: Config, entry: RegisteredDevice) -> Target:
    """Where a registered device is really asked."""
    from netops.probes.snmp import Target

    return Target(entry.plane, entry.address, entry.name, config.reached(entry.address), config.snmp.port)


def credentials(config: Config, entry: RegisteredDevice, habits: Habits | None = None) -> list[Credential]:
    """
    The credentials of a registered device with their secrets read; first the one that worked, by *habits*.

    Raises:
        Missing: one is not configured.
        NetopsError: a secret cannot be read.
    """
    names = entry.snmp.split()
    if habit := (habits or {}).get((entry.plane, entry.address)):
        names.sort(key=lambda name: name != habit.credential)
    return [credential(config, name) for name in names]


def credential(config: Config, name: str) -> Credential:
    """
    The credential *name* with its secrets read.

    Raises:
        Missing: it is not configured.
        NetopsError: a secret cannot be read.
    """
    from netops.probes.credentials import Credential

    one: Configured | None = config.snmp.credentials.get(name)
    if one is None:
        raise Missing(
            "no device was walked",
            "the credential {name} is not in [snmp.credentials]",
            "write it into the configuration",
            name=name,
        )
    return Credential(
        one.version,
        config.secret(one.community, one.community_file, one.community_env),
        one.user,
        one.auth_protocol,
        config.secret("", one.auth_key_file, one.auth_key_env),
        one.priv_protocol,
        config.secret("", one.priv_key_file, one.priv_key_env),
        name=name,
    )


def settings(snmp: Snmp) -> Settings:
    """The probe's bounds, as configured."""
    from netops.probes.snmp import Settings

    return Settings(snmp.timeout_seconds, snmp.retries, snmp.device_seconds, snmp.concurrency)
