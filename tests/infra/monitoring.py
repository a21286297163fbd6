"""What dashboards and alert rules ask Prometheus for, and what the product's vocabulary could answer."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from prometheus_client import Counter, Gauge, Histogram

from shared.telemetry import metrics

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "infra" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "infra" / "grafana" / "dashboards" / "overview.json"
OUTSIDE = frozenset({"up", "process_resident_memory_bytes"})
"""What Prometheus itself and its Python client tell of every process."""
ADDED = frozenset({"le", "job", "instance", "process"})
"""Labels that a scrape or a histogram adds."""
SELECTOR = re.compile(r"\b(backline_[a-z0-9_]+|up|process_[a-z_]+)\b(?:\{([^}]*)\})?")
LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
GROUPING = re.compile(r"\bby \(([^)]*)\)")


@dataclass(frozen=True)
class Query:
    """One expression and where it stands."""

    where: str
    text: str

    @property
    def names(self) -> frozenset[str]:
        """The metrics asked for, as Prometheus names them."""
        return frozenset(name for name, _ in SELECTOR.findall(self.text))

    @property
    def labels(self) -> frozenset[str]:
        """The labels selected or grouped by."""
        chosen = [label for _, inside in SELECTOR.findall(self.text) for label in LABEL.findall(inside)]
        grouped = [label.strip() for inside in GROUPING.findall(self.text) for label in inside.split(",")]
        return frozenset(chosen + grouped)


def queries() -> Iterator[Query]:
    """Every query of the alert rules and of the dashboard."""
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield Query(rule["alert"], rule["expr"])
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield Query(panel["title"], target["expr"])


def vocabulary() -> dict[str, tuple[str, frozenset[str]]]:
    """Prometheus' name → (the constant's name, its labels) of everything the product can tell."""
    found = {}
    for constant, metric in vars(metrics).items():
        if isinstance(metric, Counter | Gauge | Histogram):
            family = next(iter(metric.describe()))
            for suffix in {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[family.type]:
                found[f"{family.name}{suffix}"] = (constant, frozenset(metric._labelnames))
    return found
