"""The Grafana board, written out of a list of panels: one file a language, the same questions in both. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCHEMA = 39
"""schemaVersion of dashboards: Grafana 11 writes it, 9 and later read it."""
SOURCE = {"type": "prometheus", "uid": "${source}"}
PLANE = 'plane=~"$plane"'
WIDTH = 24
"""Columns of Grafana's grid."""


@dataclass(frozen=True)
class Panel:
    """
    One panel.

    Args:
        kind: stat, timeseries, bargauge, table.
        queries: PromQL with the legend of each.
        unit: as Grafana names it; *steps*: from which value on which colour.
    """

    zh: str
    en: str
    kind: str
    queries: tuple[tuple[str, str], ...]
    width: int = 6
    height: int = 7
    unit: str = "none"
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)
    stacked: bool = False
    texts: tuple[tuple[float, str, str, str], ...] = field(default=())
    """A value, its Chinese and English words, its colour."""


USED = (
    'sum by ({by}) (netops_pool_addresses{{' + PLANE + ',state!="free"}})'
    " / (sum by ({by}) (netops_pool_addresses{{" + PLANE + "}}) > 0)"
)
BAD = ((None, "green"), (1.0, "red"))
FULL = ((None, "green"), (0.8, "orange"), (0.9, "red"))
UP = ((0.0, "不应答", "silent", "red"), (1.0, "应答", "answers", "green"))
LEFT = ((None, "red"), (0.0, "orange"), (14400.0, "green"))
ROWS: tuple[tuple[str, str, tuple[Panel, ...]], ...] = (
    ("总览", "Overview", (
        Panel("未结问题", "Open findings", "stat", ((f"sum by (plane) (netops_findings_open{{{PLANE}}})", "{{plane}}"),), 5, 5,
              steps=BAD),
        Panel("未结事件", "Open incidents", "stat", ((f"sum by (plane) (netops_incidents_open{{{PLANE}}})", "{{plane}}"),), 5, 5,
              steps=BAD),
        Panel("距下一个时限", "Until the next deadline", "stat",
              ((f"min by (plane) (netops_incident_next_deadline_timestamp_seconds{{{PLANE}}}) - time()", "{{plane}}"),), 5, 5,
              unit="s", steps=LEFT),
        Panel("不应答的设备", "Silent devices", "stat",
              ((f"sum by (plane) (netops_device_up{{{PLANE}}} == bool 0)", "{{plane}}"),), 4, 5, steps=BAD),
        Panel("地址使用率", "Addresses used", "stat",
              ((USED.format(by="plane"), "{{plane}}"),), 5, 5, unit="percentunit", steps=FULL),
    )),
    ("出口", "Egress", (
        Panel("按判定的流量", "Traffic by verdict", "timeseries",
              ((f"sum by (verdict) (rate(netops_egress_bytes_total{{{PLANE}}}[$__rate_interval])) * 8", "{{verdict}}"),), 12, 9,
              unit="bps", stacked=True),
        Panel("按出口种类的流量", "Traffic by kind of exit", "timeseries",
              ((f"sum by (plane, exit_kind) (rate(netops_egress_bytes_total{{{PLANE}}}[$__rate_interval])) * 8",
                "{{plane}} {{exit_kind}}"),), 12, 9, unit="bps", stacked=True),
        Panel("每秒流数", "Flows a second", "timeseries",
              ((f"sum by (plane, verdict) (rate(netops_egress_flows_total{{{PLANE}}}[$__rate_interval]))",
                "{{plane}} {{verdict}}"),), 12),
        Panel("流报文的去向", "What became of datagrams", "timeseries",
              (("sum by (outcome) (rate(netops_datagrams_total[$__rate_interval]))", "{{outcome}}"),), 12, unit="pps"),
    )),
    ("问题与事件", "Findings and incidents", (
        Panel("按类别的未结问题", "Open findings by room", "timeseries",
              ((f"sum by (plane, room) (netops_findings_open{{{PLANE}}})", "{{plane}} {{room}}"),), 12, 8, stacked=True),
        Panel("最多的规则", "Rules that fire most", "bargauge",
              ((f"topk(12, sum by (plane, code) (netops_findings_open{{{PLANE}}}))", "{{plane}} {{code}}"),), 6, 8),
        Panel("按等级的未结事件", "Open incidents by grade", "bargauge",
              ((f"sum by (plane, grade) (netops_incidents_open{{{PLANE}}})", "{{plane}} {{grade}}"),), 6, 8, steps=BAD),
    )),
    ("地址与接入", "Addresses and declarations", (
        Panel("最满的地址池", "Fullest pools", "bargauge",
              (("topk(15, " + USED.format(by="plane, pool") + ")", "{{plane}} {{pool}}"),), 9, 9, unit="percentunit", steps=FULL),
        Panel("几天后用尽", "Days until full", "bargauge",
              ((f"bottomk(15, netops_pool_days_to_full{{{PLANE}}})", "{{plane}} {{pool}}"),), 8, 9, unit="d",
              steps=((None, "red"), (30.0, "orange"), (90.0, "green"))),
        Panel("接入说明", "Declarations", "bargauge",
              ((f"sum by (plane, state) (netops_declarations{{{PLANE}}})", "{{plane}} {{state}}"),), 7, 9),
    )),
    ("设备与巡检", "Devices and rounds", (
        Panel("设备", "Devices", "table", ((f"netops_device_up{{{PLANE}}}", ""),), 9, 9, texts=UP),
        Panel("距上次成功", "Since the last success", "bargauge",
              (("time() - netops_round_last_success_timestamp_seconds", "{{round}}"),), 8, 9, unit="s",
              steps=((None, "green"), (1800.0, "orange"), (172800.0, "red"))),
        Panel("巡检用时", "How long rounds take", "timeseries", (("netops_round_duration_seconds", "{{round}}"),), 7, 9,
              unit="s"),
        Panel("一小时内各轮的结果", "How rounds ended within the hour", "timeseries",
              (("sum by (round, outcome) (increase(netops_round_runs_total[1h]))", "{{round}} {{outcome}}"),), 24),
    )),
)  # fmt: skip


def board(language: str) -> dict[str, Any]:
    """
    The board as Grafana imports it (Dashboards → Import).

    Args:
        language: "zh" or "en".
    """
    panels: list[dict[str, Any]] = []
    top = 0
    for zh, en, row in ROWS:
        number = len(panels) + 1
        panels.append({"id": number, "type": "row", "title": zh if language == "zh" else en, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}})  # fmt: skip
        top += 1
        left = deepest = 0
        for one in row:
            if left + one.width > WIDTH:
                left, top, deepest = 0, top + deepest, 0
            panels.append(_panel(one, language, len(panels) + 1, {"x": left, "y": top, "w": one.width, "h": one.height}))
            left, deepest = left + one.width, max(deepest, one.height)
        top += deepest
    title = {"zh": "netops 政务网", "en": "netops: government networks"}[language]
    return {
        "uid": f"netops-{language}", "title": title, "tags": ["netops"], "timezone": "browser", "schemaVersion": SCHEMA,
        "version": 1, "editable": True, "refresh": "1m", "time": {"from": "now-24h", "to": "now"}, "graphTooltip": 1,
        "annotations": {"list": []}, "links": [], "templating": {"list": _variables(language)}, "panels": panels,
    }  # fmt: skip


def _variables(language: str) -> list[dict[str, Any]]:
    words = {"zh": ("数据源", "网"), "en": ("Data source", "Plane")}[language]
    query = "label_values(netops_pool_addresses, plane)"
    return [
        {"name": "source", "label": words[0], "type": "datasource", "query": "prometheus", "hide": 0, "refresh": 1},
        {"name": "plane", "label": words[1], "type": "query", "datasource": SOURCE, "definition": query, "refresh": 2,
         "query": {"query": query, "refId": "plane"}, "multi": True, "includeAll": True, "allValue": ".*", "hide": 0, "sort": 1,
         "current": {"text": "All", "value": "$__all"}},
    ]  # fmt: skip


def _panel(one: Panel, language: str, number: int, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": one.unit, "mappings": [], "color": {"mode": "palette-classic" if one.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in one.steps]},
    }  # fmt: skip
    if one.texts:
        words = {str(value): {"text": zh if language == "zh" else en, "color": colour} for value, zh, en, colour in one.texts}
        words = {value.removesuffix(".0"): told for value, told in words.items()}
        defaults["mappings"] = [{"type": "value", "options": words}]
        defaults["custom"] = {"cellOptions": {"type": "color-text"}}
    made: dict[str, Any] = {
        "id": number, "type": one.kind, "title": one.zh if language == "zh" else one.en, "datasource": SOURCE, "gridPos": place,
        "targets": [_target(*query, letter, one.kind) for query, letter in zip(one.queries, "ABCD", strict=False)],
        "fieldConfig": {"defaults": defaults, "overrides": []}, "options": OPTIONS[one.kind],
    }  # fmt: skip
    if one.kind == "timeseries":
        defaults["custom"] = {"lineWidth": 1, "fillOpacity": 20 if one.stacked else 5, "showPoints": "never",
                              "stacking": {"mode": "normal" if one.stacked else "none", "group": "A"}}  # fmt: skip
    if one.kind == "table":
        hidden = {"Time": True, "__name__": True, "job": True, "instance": True}
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden}}]
    return made


LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {"colorMode": "value", "graphMode": "area", "reduceOptions": LAST, "textMode": "value_and_name"},
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                   "tooltip": {"mode": "multi", "sort": "desc"}},
    "bargauge": {"displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "reduceOptions": LAST},
    "table": {"showHeader": True, "cellHeight": "sm"},
}  # fmt: skip


def _target(expression: str, legend: str, letter: str, kind: str) -> dict[str, Any]:
    instant = kind in ("table", "bargauge")
    made: dict[str, Any] = {"refId": letter, "datasource": SOURCE, "expr": expression, "legendFormat": legend or "__auto",
                            "instant": instant, "range": not instant}  # fmt: skip
    return made | ({"format": "table"} if kind == "table" else {})
