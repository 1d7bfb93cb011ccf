"""Fonts by role (字体): found on the system or in the configured folders, their coverage checked before anything is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netops.core.errors import NetopsError, Refused
from netops.core.language import N_
from netops.documents import glyphs, page
from netops.documents.settings import Documents

if TYPE_CHECKING:
    import typst

ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "fangsong": (
        (
            "仿宋_GB2312",
            "FangSong_GB2312",
            "FangSong",
            "仿宋",
            "STFangsong",
            "FandolFang R",
            "FandolFang",
            "Zhuque Fangsong (technical preview)",
            "Zhuque Fangsong",
        ),
        ("AR PL SungtiL GB", "AR PL UMing CN", "AR PL KaitiM GB", "AR PL UKai CN"),
    ),
    "xiaobiaosong": (
        ("FZXiaoBiaoSong-B05S", "方正小标宋简体", "FZXiaoBiaoSong-B05", "STZhongsong"),
        ("Noto Serif CJK SC", "Source Han Serif SC", "FandolSong", "AR PL SungtiL GB", "AR PL UMing CN"),
    ),
    "heiti": (
        ("SimHei", "黑体", "STHeiti"),
        ("FandolHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    ),
    "kaiti": (
        ("楷体_GB2312", "KaiTi_GB2312", "KaiTi", "楷体", "STKaiti"),
        ("FandolKai", "AR PL KaitiM GB", "AR PL UKai CN", "LXGW WenKai"),
    ),
    "songti": (
        ("SimSun", "宋体", "STSong"),
        ("FandolSong", "Noto Serif CJK SC", "Source Han Serif SC", "AR PL SungtiL GB", "AR PL UMing CN"),
    ),
}
"""Role to the families that it means and to substitutes, nearest first."""
LAST = (
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "HanaMinB",
    "BabelStone Han",
)
"""Wide fonts: they stand in where a role has nothing nearer, and lend a character that its font lacks (镕, 赟)."""
LATIN = ("Times New Roman", "Liberation Serif", "Libertinus Serif")
"""Digits and Latin letters; typst carries the last one. Each has all of page.LATIN_CHARACTERS."""
ADVICE = N_(
    "apt-get install fonts-noto-cjk fonts-arphic-gbsn00lp fonts-arphic-gkai00mp; for the true 仿宋 put FangSong "
    "into a folder named by [documents] font_folders (no Debian package has it but texlive-lang-chinese)"
)


class Face(msgspec.Struct, frozen=True):
    """
    The font that plays a role.

    Args:
        families: its family first, then those that lend characters; what typst is told.
        substitute: True when it only stands in for the font that the standard names.
    """

    role: str
    family: str
    substitute: bool
    families: tuple[str, ...]


def survey(settings: Documents) -> dict[str, Face]:
    """
    The font of each role as this machine has it.

    Raises:
        NetopsError: a configured family or folder is not there, or no Chinese font is.
    """
    have = frozenset(found(settings.font_folders).families())
    faces = {}
    for role, (true, substitutes) in ROLES.items():
        wanted = settings.fonts.get(role, "")
        if wanted and wanted not in have:
            raise NetopsError(
                "the font {family} for {role} was not found",
                "neither the system nor [documents] font_folders has it",
                ADVICE,
                family=wanted,
                role=role,
            )
        choice = wanted or next((name for name in (*true, *substitutes, *LAST) if name in have), "")
        if not choice:
            raise NetopsError(
                "no document was drawn", "this machine has no Chinese font for {role}", ADVICE, role=role
            )
        lenders = [name for name in LAST if name in have and name != choice]
        faces[role] = Face(role, choice, not wanted and choice not in true, (choice, *lenders))
    if unknown := settings.fonts.keys() - ROLES.keys():
        raise NetopsError(
            "[documents.fonts] was not understood",
            "{unknown}: known roles are {known}",
            "",
            unknown=", ".join(sorted(unknown)),
            known=", ".join(ROLES),
        )
    return faces


def check(faces: Mapping[str, Face], drawn: Mapping[str, set[str]], settings: Documents) -> None:
    """
    Every character has a glyph in the role's font or in one that lends to it.

    Raises:
        Refused: some have none; typst would draw empty boxes and say nothing.
    """
    missing: set[str] = set()
    for role, characters in drawn.items():
        left = {one for one in characters if not page.LATIN_CHARACTERS.match(one)}
        for family in faces[role].families:
            left -= covered(settings.font_folders, family, left) if left else set()
        missing |= left
    if missing:
        names = (f"{one}（U+{ord(one):04X} {unicodedata.name(one, '')}）" for one in sorted(missing)[:12])
        raise Refused(
            "the document was not drawn",
            "no font here has a glyph for {characters}",
            ADVICE,
            characters="、".join(names),
        )


def substitutions(faces: Mapping[str, Face]) -> tuple[str, ...]:
    """Which role is played by another font: "fangsong: Noto Serif CJK SC"."""
    return tuple(f"{role}: {face.family}" for role, face in faces.items() if face.substitute)


@lru_cache(maxsize=8)
def found(folders: tuple[str, ...]) -> typst.Fonts:
    """
    Fonts of the system, of typst itself and of the folders; read once in a process (0.3 s).

    Raises:
        NetopsError: a folder is not there.
    """
    import typst

    for folder in folders:
        if not Path(folder).is_dir():
            raise NetopsError(
                "the font folder {folder} was not read",
                "there is no such folder",
                "mend [documents] font_folders",
                folder=folder,
            )
    return typst.Fonts(font_paths=list(folders))


def covered(folders: tuple[str, ...], family: str, wanted: Collection[str]) -> set[str]:
    """Those of *wanted* that every style of a family has a glyph for; none when no file of it can be read."""
    styles = [glyphs.drawn(path, index, wanted) for path, index in _files(folders, family)]
    return set.intersection(*styles) if styles else set()


@lru_cache(maxsize=64)
def _files(folders: tuple[str, ...], family: str) -> tuple[tuple[str, int], ...]:
    """Path and place in it of each style of a family."""
    return tuple((str(one.path), one.index) for one in found(folders).fonts() if one.family == family and one.path)
