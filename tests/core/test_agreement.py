"""English messages agree with their numbers."""

from __future__ import annotations

import pytest

from netops.core.errors import NetopsError
from netops.core.language import Said, _, recalled, speaking


@pytest.mark.parametrize(
    ("message", "facts", "said"),
    [
        ("{count} findings stand.", {"count": 1}, "1 finding stands."),
        ("{count} findings stand.", {"count": 11}, "11 findings stand."),
        ("{count} findings stand, {grave} of them grave.", {"count": "1", "grave": 0}, "1 finding stands, 0 of them grave."),
        ("{silent} devices were not seen, and {count} findings stand.", {"silent": 2, "count": 1},
         "2 devices were not seen, and 1 finding stands."),
        ("{new} are new, {change} are changed", {"new": 1, "change": 3}, "1 is new, 3 are changed"),
        ("all {count} terminals that were seen", {"count": 1}, "all 1 terminal that was seen"),
        ("{count} legal bases", {"count": 1}, "1 legal basis"),
        ("{entries} journal entries, {prefixes} prefixes", {"entries": 1, "prefixes": 1}, "1 journal entry, 1 prefix"),
        ("{count:,} addresses", {"count": 1}, "1 address"),
        ("{count:,} addresses", {"count": 1001}, "1,001 addresses"),
        ("{device} stands apart, {rows} rows", {"device": "1", "rows": 1}, "1 stands apart, 1 row"),
        ("{pool} of {size}", {"pool": 1, "size": 1}, "1 of 1"),
    ],
)  # fmt: skip
def test_one_is_one(message: str, facts: dict[str, object], said: str) -> None:
    """Noun and verb follow the number, whatever wrote the number; all else stays."""
    with speaking("en"):
        assert said == _(message).format(**facts)
        assert said == str(Said(message, **facts))
        assert said == NetopsError(message, **facts).told()[0]


def test_chinese_counts_as_its_catalogue_says() -> None:
    """Nothing of it reaches the other language."""
    with speaking("zh"):
        assert "1 个问题中 1 个仍未消除" == _("{standing} of {count} findings still stand").format(standing=1, count=1)


def test_what_a_person_wrote_is_recalled_as_it_was_written() -> None:
    """Whatever it looks like: only a kept reason of a machine is told in the reader's language."""
    for text in ("", "对方来电 / by phone", 'see {"a": 1}', 'see {"a', '{"a": "b"}', "50 % {left}"):
        for language in ("zh", "en"):
            with speaking(language):
                assert text == recalled(text)
    with speaking("zh"):
        assert "起因已消除" == recalled(Said("its cause has cleared").kept())
