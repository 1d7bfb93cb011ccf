"""The access declaration (接入说明): the four statements of Article 10, what practice adds to them, and its states."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from netops.core.errors import Refused
from netops.core.plane import Plane


class Equipment(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One network device that a department declares (网络设备).

    Args:
        address: its management address, or "".
        kind: 路由器, 交换机, 防火墙…, or "".
        certificate: number of its certificate as a security product (专用产品证书), or "".
    """

    name: str
    model: str = ""
    address: str = ""
    kind: str = ""
    certificate: str = ""


class Kinds(msgspec.Struct, frozen=True):
    """How many terminals of each kind (有线, 无线, 服务器, 其他); all 0 when nobody said."""

    wired: int = 0
    wireless: int = 0
    servers: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """Of every kind together."""
        return self.wired + self.wireless + self.servers + self.other


class Application(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One application of the scope of use (应用范围).

    Args:
        address: where it is served, or "" when the department only uses it.
        ports: such as "80,443" or "8000-8010", or "".
        users: who uses it (本单位, 各部门, 公众), or "".
    """

    name: str
    address: str = ""
    ports: str = ""
    users: str = ""


class Details(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """
    What practice asks for beside the four statements (DB34/T 3607-2020 and the forms that authorities use).

    Args:
        kinds: how the terminals divide; their sum is the number of terminals.
        applications: of the scope of use, one by one.
        user_class: 用户类别 A to F of DB34/T 3607, or "".
        measures: 安全措施, lan: 局域网情况, place: 单位地址, need: 接入需求.
        responsible, security_officer: name and telephone of 责任人 and 安全员, or "".
        sealed: whether the paper is signed and sealed (签章).
        until: ISO date until which it is stated, or "".
        authority: code of who it is addressed to, or "" when nobody wrote it.
    """

    kinds: Kinds = Kinds()
    applications: tuple[Application, ...] = ()
    user_class: str = ""
    measures: str = ""
    lan: str = ""
    place: str = ""
    need: str = ""
    responsible: str = ""
    security_officer: str = ""
    sealed: bool = False
    until: str = ""
    authority: str = ""


class RegisteredDeclaration(Details, frozen=True, omit_defaults=True):
    """
    One declaration in `inventory/<plane>/declarations.toml`, filed before netops was there.

    Args:
        number: its number on paper; unique in the city.
        nature, scope, equipment, terminals: the four statements of Article 10, in its order.
        allocated: what it was given (Article 11): CIDR, "first-last" or a single address.
        date: ISO date of the signed paper, or "".
    """

    number: str
    organization: str
    nature: str
    scope: str
    terminals: int
    equipment: tuple[Equipment, ...] = ()
    allocated: tuple[str, ...] = ()
    date: str = ""
    contact: str = ""
    plane: Plane = Plane.EXTRANET


class UserClass(StrEnum):
    """用户类别 of DB34/T 3607-2020: which areas a department's network has, and how it reaches the internet."""

    A = "A"
    """Only the public area (公用网络区): no internet."""
    B = "B"
    """Public area, and the shared internet exit."""
    C = "C"
    """Public area, and an internet exit of its own."""
    D = "D"
    """Public and private areas, and the shared exit."""
    E = "E"
    """Public and private areas, and an exit of its own."""
    F = "F"
    """Inside a government campus network, which has what it has."""

    @property
    def internet(self) -> str:
        """One of "none", "shared", "own"; "" where the class does not say."""
        return {"A": "none", "B": "shared", "D": "shared", "C": "own", "E": "own"}.get(self.value, "")


class DeclarationState(StrEnum):
    """Where one version of a declaration stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    CONNECTED = "connected"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    """A newer version of the same declaration took its place."""


STANDING = (DeclarationState.APPROVED, DeclarationState.CONNECTED)
"""States in which a declaration is a ground for addresses and terminals."""

MOVES: dict[str, tuple[tuple[DeclarationState, ...], DeclarationState]] = {
    "submit": ((DeclarationState.DRAFT,), DeclarationState.SUBMITTED),
    "return": ((DeclarationState.SUBMITTED,), DeclarationState.RETURNED),
    "approve": ((DeclarationState.SUBMITTED,), DeclarationState.APPROVED),
    "connect": ((DeclarationState.APPROVED, DeclarationState.SUSPENDED), DeclarationState.CONNECTED),
    "suspend": ((DeclarationState.APPROVED, DeclarationState.CONNECTED), DeclarationState.SUSPENDED),
    "withdraw": (
        (
            DeclarationState.DRAFT,
            DeclarationState.SUBMITTED,
            DeclarationState.RETURNED,
            DeclarationState.APPROVED,
            DeclarationState.CONNECTED,
            DeclarationState.SUSPENDED,
        ),
        DeclarationState.WITHDRAWN,
    ),
}
"""Verb to the states it may start from and the state it leads to."""


class Statements(Details, frozen=True, omit_defaults=True):
    """
    What a department states: Article 10's four statements, who signs them, and when.

    Args:
        nature: 网络性质, scope: 应用范围, equipment: 网络设备, terminals: 入网终端数量.
        contact: name and telephone of the person to ask, or "".
        date: ISO date of the signed paper, or "".
    """

    organization: str
    plane: Plane
    nature: str
    scope: str
    terminals: int
    equipment: tuple[Equipment, ...] = ()
    contact: str = ""
    date: str = ""

    @property
    def internet(self) -> str:
        """How it says that it reaches the internet: "none", "shared", "own", or "" when it does not say."""
        if self.user_class in UserClass.__members__:
            return UserClass(self.user_class).internet
        return "none" if any(word in self.nature + self.scope for word in NO_INTERNET) else ""

    @property
    def servers(self) -> int | None:
        """How many servers it says that it has; None when it does not say."""
        if self.kinds.total:
            return self.kinds.servers
        if any(word in self.nature for word in OFFICE) and not any(word in self.nature for word in SERVING):
            return len({one.address for one in self.applications if one.address})
        return None


NO_INTERNET = ("不接入互联网", "不上互联网", "不访问互联网", "不连接互联网", "不使用互联网", "无互联网")
"""Words by which a department says, without a class, that it has no internet."""
OFFICE = ("办公", "office")
SERVING = ("服务器", "数据中心", "机房", "服务区", "门户", "托管", "data cent", "server")
"""Words of the nature of a network that is for offices, and of one in which something is served."""


class Declaration(Statements, frozen=True, kw_only=True, omit_defaults=False):
    """
    One version of a declaration, as the filings keep it.

    Args:
        number: "DECL-2026-0007", or the number on an older paper.
        version: from 1; a change of what is declared is a new version.
        registered: True when it came from the register, filed before netops or kept there.
        since: when it came into its state.
        remark: why it was returned, suspended or withdrawn, or "".
    """

    number: str
    version: int
    state: DeclarationState
    registered: bool
    since: datetime
    remark: str = ""

    @property
    def stands(self) -> bool:
        """Whether it is a ground for addresses and terminals now."""
        return self.state in STANDING

    @property
    def statements(self) -> Statements:
        """What was stated, without number and state."""
        return Statements(**{name: getattr(self, name) for name in Statements.__struct_fields__})

    def after(self, verb: str) -> DeclarationState:
        """
        The state that *verb* leads to.

        Raises:
            Refused: the verb does not start from the present state.
        """
        starts, to = MOVES[verb]
        if self.state not in starts:
            raise Refused(
                "{number} was not moved",
                "{verb} starts from {starts}; it is {state}",
                "netops declare show {number}",
                number=self.number,
                verb=verb,
                starts=", ".join(starts),
                state=self.state,
            )
        return to


def statements_of(declaration: RegisteredDeclaration) -> Statements:
    """What a registered declaration states."""
    return Statements(**{name: getattr(declaration, name) for name in Statements.__struct_fields__})
