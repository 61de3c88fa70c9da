"""The dashboard and the alert rules name figures that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from continuum.domain.events import MemoryAdded
from continuum.observability.metrics import READ_AT_SCRAPE, ServiceMetrics
from continuum.observability.requests_seen import RequestSeen
from tests.requirements import requirement

FOLDER = Path(__file__).parents[2] / "infrastructure" / "observability"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
_NAME = re.compile(r"\b(?:continuum|process|python)_[a-z_]+\b")
_LABELS = re.compile(r"\b(?:by|on|without) ?\(([^)]*)\)|\{([^}]*)\}")
SCRAPED_LABELS = {"job", "instance", "le"}
"""Those that Prometheus adds, and that of histograms."""


def dashboard() -> dict[str, Any]:  # Any: Grafana's own shape
    return json.loads((FOLDER / "grafana-dashboard.json").read_text())  # type: ignore[no-any-return]


def rules() -> list[dict[str, Any]]:  # Any: Prometheus' own shape
    read = import_module("yaml").safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for rule in rules():
        yield rule["expr"]


@pytest.fixture(scope="module")
def figures() -> dict[str, set[str]]:
    """Each sample that can be shown, with its labels."""
    metrics = ServiceMetrics(by_tenant=True)
    metrics.answered(RequestSeen("GET", "/v1/stats", 200, 0.0, 0.1, 1, "", "alice"))
    metrics.heard(MemoryAdded("alice", "i", "m", 1, 0))
    metrics.socket_closed("1000")
    metrics.watch(lambda: {name: {"x": 1.0} if each.label else 1.0 for name, each in READ_AT_SCRAPE.items()})
    found: dict[str, set[str]] = {}
    for metric in metrics.registry.collect():
        found.setdefault(metric.name if metric.type != "counter" else f"{metric.name}_total", set())
        for sample in metric.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@requirement("observability:dashboard")
@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_uses_figures_and_labels_that_there_are(expression: str, figures: dict[str, set[str]]) -> None:
    named = set(_NAME.findall(re.sub(r"\{[^}]*\}", "", expression)))
    assert named
    assert named <= set(figures)
    labels = {
        re.split(r"[=!~]", each)[0].strip()
        for by, selected in _LABELS.findall(expression)
        for each in (by or selected).split(",")
    }
    assert labels <= SCRAPED_LABELS.union(*(figures[name] for name in named))


@requirement("observability:dashboard")
def test_every_figure_of_ours_has_a_panel(figures: dict[str, set[str]]) -> None:
    shown = " ".join(target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", []))
    for name in figures:
        base = name.removesuffix("_sum").removesuffix("_count").removesuffix("_bucket").removesuffix("_created")
        if base.startswith("continuum_"):
            assert base in shown, name


@requirement("observability:alerts")
def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]


@requirement("observability:metrics:reference")
def test_the_reference_lists_every_figure_and_no_other(figures: dict[str, set[str]]) -> None:
    suffixes = ("_sum", "_count", "_bucket", "_created")
    ours = {name for name in figures if name.startswith("continuum_") and not name.endswith(suffixes)}
    listed = set(re.findall(r"^\| `(continuum_[a-z_]+)", REFERENCE.read_text(), re.MULTILINE))
    assert listed == ours


def test_places_on_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        taken |= cells
