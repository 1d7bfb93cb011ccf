"""A small invented city for tests that need a desk: a centre, two departments, one county, both planes."""

from __future__ import annotations

from pathlib import Path

from netops import config as settings
from netops.config import Config

ORGANIZATIONS = """
[[organizations]]
code = "ic"
name_zh = "示例市信息中心"
name_en = "Information Centre"
platform = true
[[organizations]]
code = "health"
name_zh = "示例市卫生健康委员会"
name_en = "Health Commission"
[[organizations]]
code = "fin"
name_zh = "示例市财政局"
name_en = "Finance Bureau"
[[organizations]]
code = "east"
name_zh = "示例市东县"
name_en = "East County"
county = true
"""
CONFIG = """
[city]
name = "example"
title_zh = "示例市"
authority = "ic"
document_mark = "示信办"
[planes.extranet]
nets = ["10.20.0.0/16"]
[planes.intranet]
nets = ["10.30.0.0/16"]
[store]
url = "{url}"
[inventory]
path = "inventory"
"""


def configuration(folder: Path, url: str) -> Config:
    """Write the city into *folder* and read its configuration, `folder/config.toml`."""
    (folder / "inventory").mkdir(exist_ok=True)
    (folder / "inventory" / "organizations.toml").write_text(ORGANIZATIONS, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG.format(url=url), encoding="utf-8")
    return settings.read(folder / "config.toml")
