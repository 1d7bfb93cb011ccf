"""`netops egress exporters`: who sends flows, and what mends what is wrong, in both languages."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netops import cli
from netops.core.store import Store
from netops.egress import hits
from netops.egress.hits import ExporterRow

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
WRONG = ExporterRow(
    address="10.20.255.11", plane="extranet", device="r-fin", version=9, last_seen=AT, datagrams=15, records=39, options=0,
    waiting=1, malformed=1, dropped=0, lost_datagrams=5, resets=2, late=39, clock_offset_ms=-7_177_175,
)  # fmt: skip
RIGHT = ExporterRow(
    address="10.20.255.2", plane="extranet", device="fw", version=10, last_seen=AT, datagrams=9, records=90, options=1,
    waiting=0, malformed=0, dropped=0, late=3, clock_offset_ms=400,
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "titles", "lines"),
    [
        ("en", ["waiting", "malformed", "lost datagrams", "restarts", "late", "clock, s"], [
            "fw: late 3: flows that had ended over an hour before they came: set its active timeout to 60 s",
            "r-fin: waiting 1: data of a template that has not come: have the device send its templates every minute",
            "r-fin: malformed 1: datagrams that break their protocol, or were cut on the way: look at one with egress decode",
            "r-fin: lost datagrams 5: gaps in its numbering: look at the line between, and at what the kernel dropped here",
            "r-fin: restarts 2: its clock or its numbering began again: the device, or its flow export, was restarted",
            "r-fin: clock, s -7177.2: its clock is wrong by so much: set it by NTP; flows are found by the time they came",
            "unknown_exporter 7: register the device with this address, or stop it from sending here",
        ]),
        ("zh", ["待模板", "格式错误", "丢失数据报", "重启次数", "迟到", "时钟偏差（秒）"], [
            "fw: 迟到 3: 结束一小时以上才送到的流：把设备的活动超时设为 60 秒",
            "r-fin: 待模板 1: 数据的模板还没有到：让设备每分钟发送一次模板",
            "r-fin: 格式错误 1: 不合协议、或途中被截断的数据报：用 egress decode 看一个",
            "r-fin: 丢失数据报 5: 序号有缺口：检查到本机的线路，以及本机内核丢弃的数据报",
            "r-fin: 重启次数 2: 运行时间或序号重新开始：设备或其流输出重启过",
            "r-fin: 时钟偏差（秒） -7177.2: 设备时钟偏差这么多：用 NTP 校准；流按收到的时刻查询",
            "unknown_exporter 7: 登记此地址的设备，或停止其向此处输出",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, titles: list[str], lines: list[str]
) -> None:
    """Columns only for what is there; late flows of a device whose clock is wrong are the clock's fault; JSON has the numbers."""
    url = f"sqlite:///{tmp_path}/netops.db"
    store = Store(url)
    store.prepare()
    hits.add(store, {}, [WRONG, RIGHT], {"decoded": 24, "unknown_exporter": 7})
    store.close()

    assert 0 == cli.main(["--store", url, "egress", "exporters", "--csv", "--lang", language])
    out, err = capsys.readouterr()
    assert titles == next(csv.reader(io.StringIO(out.removeprefix("\ufeff"))))[8:]
    assert lines == [line.removeprefix("! ") for line in err.splitlines() if line.startswith("!")]

    assert 0 == cli.main(["--store", url, "egress", "exporters", "--json"])
    told = {one["device"]: one for one in json.loads(capsys.readouterr().out)["items"]}
    assert [(2, -7_177_175, 39), (0, 400, 3)] == [
        (told[name]["resets"], told[name]["clock_offset_ms"], told[name]["late"]) for name in ("r-fin", "fw")
    ]
