"""Everything an agent says is hostile text: a test for each kind, from the agent over the wire to what the command prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netops.cli import main
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import OCTETS, Oid, integer, tlv
from tests.probes.hostile import playing_agent

MIB2: Oid = (1, 3, 6, 1, 2, 1)
LLDP: Oid = (1, 0, 8802, 1, 1, 2, 1)
CASES: dict[str, tuple[bytes, str]] = {
    "UTF-8": ("核心交换机".encode(), "核心交换机"),
    "GBK": ("核心交换机".encode("gbk"), "核心交换机"),
    "GB18030": ("㐂机房".encode("gb18030"), "㐂机房"),
    "neither": (b"\xff\xfe\x80sw", "\\xff\\xfe\\x80sw"),
    "any bytes": (bytes(range(256)), ""),
    "markup": (b"<script>alert(1)</script>[red]x[/red]", "<script>alert(1)</script>[red]x[/red]"),
    "control characters": (b"a\x00b\x07c\x08d\x7fe\x85f", ""),
    "terminal escapes": (b"\x1b[2J\x1b]0;owned\x07\x9b31msw\x1bc", ""),
    "directions": ("sw\u202egnp.exe\u2066\u200b".encode(), "sw gnp.exe"),
    "a formula": (b"=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
    "line ends": (b"one\r\ntwo\xe2\x80\xa8three", "one two three"),
    "64 KB": (b"z" * 60_000, "z" * 255),
    "nothing": (b"", ""),
    "blanks": (b" \t  ", ""),
}


def device(said: bytes) -> Table:
    """A switch that says it wherever text may stand."""
    text = tlv(OCTETS, said)
    short = tlv(OCTETS, said[:400])
    return Table(
        [
            ((*MIB2, 1, 1, 0), text),
            ((*MIB2, 1, 3, 0), integer(1, 0x43)),
            ((*MIB2, 1, 5, 0), text),
            ((*MIB2, 1, 6, 0), text),
            ((*MIB2, 2, 2, 1, 2, 1), text),
            ((*MIB2, 2, 2, 1, 3, 1), integer(6)),
            ((*MIB2, 2, 2, 1, 6, 1), short),
            ((*MIB2, 31, 1, 1, 1, 1, 1), text),
            ((*MIB2, 31, 1, 1, 1, 18, 1), text),
            ((*LLDP, 4, 1, 1, 4, 0, 1, 1), integer(7)),
            ((*LLDP, 4, 1, 1, 5, 0, 1, 1), text),
            ((*LLDP, 4, 1, 1, 6, 0, 1, 1), integer(5)),
            ((*LLDP, 4, 1, 1, 7, 0, 1, 1), text),
            ((*LLDP, 4, 1, 1, 9, 0, 1, 1), text),
            ((*MIB2, 17, 7, 1, 4, 3, 1, 1, 100), text),
        ]
    )


@pytest.fixture(scope="module")
def switch() -> Iterator[tuple[Agent, int]]:
    """One agent whose table changes from case to case."""
    agent = Agent("hostile", Table(), Access("public"))
    with playing_agent(agent) as port:
        yield agent, port


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def netops(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line: exit code and what it prints on stdout; nothing may come on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv("NETOPS_CONFIG", raising=False)
    (tmp_path / "config.toml").write_text("[snmp]\ntimeout_seconds = 0.4\n", "utf-8")

    def run(*words: str) -> tuple[int, str]:
        code = main(["--store", f"sqlite:///{tmp_path / 'a.db'}", "--lang", "en", *words])
        printed = capsys.readouterr()
        assert "" == printed.err
        return code, printed.out

    return run


@pytest.mark.parametrize("kind", CASES)
def test_what_an_agent_says_is_shown_as_text(kind: str, switch: tuple[Agent, int], netops: Command) -> None:
    """The walk is whole, JSON holds clean text, and nothing that drives a terminal reaches it."""
    said, shown = CASES[kind]
    agent, port = switch
    agent.table = device(said)
    target = f"127.0.0.1:{port}"
    walked = json.loads(netops("--json", "topology", "walk", "--target", target)[1])["items"][0]
    name = walked["name"] if walked["sys_name"] else target
    asked = (
        ("--json", "topology", "show", name),
        ("topology", "show", name),
        ("topology", "devices"),
        ("topology", "neighbors"),
    )
    for text in (netops(*words)[1] for words in asked):
        assert not {char for char in text if char != "\n" and (ord(char) < 32 or 0x7F <= ord(char) < 0xA0)}
        assert not {"\u202e", "\u2066", "\u200b", "\u2028"} & set(text)

    assert not walked["partial"]
    assert 1 == walked["neighbors"] == walked["interfaces"]
    if shown or not said.strip():
        assert shown == walked["sys_name"] == walked["descr"]


NUMBERS: dict[str, bytes] = {
    "negative": integer(-5),
    "of no octets": tlv(2, b""),
    "of 300 octets": tlv(2, b"\x7f" * 300),
    "of nine octets": tlv(0x46, b"\xff" * 9),
    "an address of one octet": tlv(0x40, b"\x01"),
    "text": tlv(OCTETS, b"six"),
    "an empty identifier": tlv(6, b""),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_that_are_none_cost_nothing_else(
    kind: str, switch: tuple[Agent, int], netops: Command
) -> None:
    """Negative, empty, oversized or of another kind: the interface stays, and a value that is none is told of."""
    agent, port = switch
    value = NUMBERS[kind]
    agent.table = Table(
        [
            ((*MIB2, 1, 3, 0), integer(1, 0x43)),
            ((*MIB2, 1, 5, 0), tlv(OCTETS, b"sw")),
            ((*MIB2, 2, 2, 1, 2, 1), tlv(OCTETS, b"p1")),
        ]
        + [((*MIB2, 2, 2, 1, column, 1), value) for column in (3, 4, 5, 7, 8)]
        + [((*MIB2, 4, 20, 1, 2, 192, 0, 2, 1), value), ((*MIB2, 4, 20, 1, 3, 192, 0, 2, 1), value)]
        + [((*MIB2, 17, 7, 1, 2, 2, 1, 2, 1, 2, 0, 0, 0, 0, 1), value)]
    )
    walked = json.loads(netops("--json", "topology", "walk", "--target", f"127.0.0.1:{port}")[1])["items"][0]

    assert ("sw", 1) == (walked["name"], walked["interfaces"])
    assert (kind == "of 300 octets") == walked["partial"]
    assert ("cannot be read" in walked["why"]) == walked["partial"]


LENGTHS: dict[str, Callable[[bytes], bytes]] = {
    "negative": lambda said: said[:1] + b"\x84\xff\xff\xff\xff" + said[2:],
    "indefinite": lambda said: b"\x30\x80" + said[2:],
    "larger than the datagram": lambda said: said[:1] + b"\x82\xff\xff" + said[2:],
    "none": lambda said: said[:1],
}


@pytest.mark.parametrize("kind", LENGTHS)
def test_lengths_that_cannot_be_are_told_as_such(kind: str, netops: Command) -> None:
    """An agent whose every answer is malformed is unreachable with that reason, exit code 3, in both engines' time."""

    class Malformed(Agent):
        def answer(self, datagram: bytes) -> bytes | None:
            said = super().answer(datagram)
            return LENGTHS[kind](said) if said else None

    with playing_agent(Malformed("bad", device(b"sw"), Access("public"))) as port:
        code, said = netops("--json", "topology", "walk", "--target", f"127.0.0.1:{port}")

    assert 3 == code
    assert json.loads(said)["unseen"][0]["why"].startswith("its answers cannot be read")
