"""Fonts: what is missing is said before anything is drawn, with the package that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typst

from netops.core.errors import NetopsError, Refused
from netops.documents import fonts, glyphs, page, pdf
from netops.documents.settings import Documents
from tests.documents.conftest import notice, paper


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without fonts, apart from those that typst carries and those of the configured folders."""
    monkeypatch.setattr(
        fonts, "found", lambda folders: typst.Fonts(include_system_fonts=False, font_paths=list(folders))
    )


@pytest.mark.usefixtures("bare_machine")
def test_without_a_chinese_font_the_package_is_named(tmp_path: Path) -> None:
    """
    An empty font folder and a bare system: no PDF of empty boxes, but the Debian package to install.
    """
    with pytest.raises(NetopsError) as raised:
        pdf.render(notice(), Documents(font_folders=(str(tmp_path),)))

    assert "no Chinese font" in raised.value.why
    assert "fonts-noto-cjk" in raised.value.mend


def test_a_configured_family_that_is_not_there_is_named() -> None:
    """
    The error says which family for which role.
    """
    with pytest.raises(NetopsError, match="No Such Family for heiti"):
        fonts.survey(Documents(fonts={"heiti": "No Such Family"}))


def test_an_unknown_role_is_refused(settings: Documents) -> None:
    """
    A misspelt role in [documents.fonts] is told with the roles that exist.
    """
    family = fonts.survey(settings)["fangsong"].family

    with pytest.raises(NetopsError, match="fangsung: known roles are fangsong"):
        fonts.survey(Documents(fonts={"fangsung": family}))


def test_a_font_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """
    A missing folder is an error of the configuration, not an empty folder.
    """
    with pytest.raises(NetopsError, match="nowhere was not read"):
        fonts.survey(Documents(font_folders=(str(tmp_path / "nowhere"),)))


def test_a_character_without_a_glyph_refuses_the_paper(settings: Documents) -> None:
    """
    typst would draw an empty box and say nothing; the paper is refused and the character named.
    """
    with pytest.raises(Refused, match="U\\+E0FF"):
        pdf.render(paper(title="情况\ue0ff通报"), settings)


def test_survey_says_what_plays_each_role(settings: Documents) -> None:
    """
    Each role has a family; one that stands in is marked, and told by substitutions.
    """
    faces = fonts.survey(settings)

    assert set(fonts.ROLES) == set(faces)
    assert [face.family in fonts.ROLES[role][0] for role, face in faces.items()] == [
        not face.substitute for face in faces.values()
    ]
    assert sum(face.substitute for face in faces.values()) == len(fonts.substitutions(faces))


def test_glyphs_are_read_from_the_file_itself(settings: Documents) -> None:
    """
    A Chinese font draws 政 and no private character; the answer is for each style of the family.
    """
    face = fonts.survey(settings)["songti"]

    assert {"政"} == fonts.covered(settings.font_folders, face.family, {"政", "\ue0ff"})


def test_a_latin_font_really_draws_what_is_left_to_it(settings: Documents) -> None:
    """
    A Latin font of the system covers every character that is not asked of the Chinese ones.
    """
    wanted = {one for one in map(chr, range(0x21, 0x180)) if page.LATIN_CHARACTERS.match(one)}
    have = {one.family for one in fonts.found(settings.font_folders).fonts() if one.path} & set(fonts.LATIN)
    if not have:
        pytest.skip(
            "no Latin serif font in the system; typst carries its own: apt-get install fonts-liberation"
        )

    assert not [name for name in have if fonts.covered(settings.font_folders, name, wanted) != wanted]


@pytest.mark.parametrize(
    "content", [b"", b"ttcf", b"\0\1\0\0\0\1" + b"cmap" * 9, b"OTTO\xff\xff" + b"\xff" * 64]
)
def test_a_broken_font_file_draws_nothing(tmp_path: Path, content: bytes) -> None:
    """
    A truncated or senseless file is a font without glyphs, not a crash.
    """
    path = tmp_path / "broken.ttf"
    path.write_bytes(content)

    assert set() == glyphs.drawn(str(path), 0, "政务")
