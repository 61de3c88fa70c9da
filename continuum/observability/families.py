"""Metric families as plain values: taken from a registry, written to a file, added up over processes, and shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prometheus_client.metrics_core import Metric

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

SMALLEST: Final = frozenset({"continuum_store_up", "continuum_dependency_up", "process_start_time_seconds"})
"""Gauges of which the least one of all processes counts: what one misses, the service misses."""
LARGEST: Final = frozenset(
    {"continuum_build_info", "continuum_breaker_open", "continuum_draining", "process_max_fds", "python_info"}
)
"""Gauges of which the greatest one counts. All others are added up."""
_Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one metric, by name and labels, without the times at which they were made."""

    name: str
    kind: str
    help: str
    samples: dict[_Key, float]

    @property
    def only_grows(self) -> bool:
        return self.kind in ("counter", "histogram", "summary")


def families_of(registry: Collector) -> list[Family]:
    """What a registry holds now."""
    return [
        Family(
            metric.name,
            metric.type,
            metric.documentation,
            {
                (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
                for sample in metric.samples
                if not sample.name.endswith("_created")
            },
        )
        for metric in registry.collect()
    ]


def added_up(snapshots: Iterable[Iterable[Family]]) -> list[Family]:
    """The families of several processes as those of one service."""
    total: dict[str, Family] = {}
    for snapshot in snapshots:
        for family in snapshot:
            before = total.get(family.name)
            total[family.name] = replace(family, samples=dict(family.samples)) if before is None else before
            if before is not None:
                _add(before, family)
    return list(total.values())


def _add(before: Family, family: Family) -> None:
    both = before.samples
    for key, value in family.samples.items():
        if key not in both:
            both[key] = value
        elif family.name in SMALLEST:
            both[key] = min(both[key], value)
        elif family.name in LARGEST:
            both[key] = max(both[key], value)
        else:
            both[key] += value


def lasting(families: Iterable[Family]) -> list[Family]:
    """What is left of a process that has ended: what it counted, and none of its states."""
    return [family for family in families if family.only_grows and not family.name.startswith("process_")]


def written(families: Iterable[Family]) -> bytes:
    """Families as bytes that `read` takes."""
    rows = [
        (each.name, each.kind, each.help, [(name, labels, value) for (name, labels), value in each.samples.items()])
        for each in families
    ]
    return json.dumps(rows, separators=(",", ":")).encode()


def read(content: bytes) -> list[Family]:
    """The families that were `written`. Raises ValueError for anything else."""
    try:
        return [
            Family(
                name,
                kind,
                text,
                {(of, tuple((str(key), str(label)) for key, label in labels)): float(v) for of, labels, v in samples},
            )
            for name, kind, text, samples in json.loads(content)
        ]
    except TypeError as exc:
        raise ValueError("not a snapshot of metrics") from exc


class Shown:
    """Families as a collector, for the writers of `prometheus_client`."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            metric = Metric(family.name, family.help, family.kind)
            for (name, labels), value in family.samples.items():
                metric.add_sample(name, dict(labels), value)
            yield metric


def exposition(families: Iterable[Family], accept: str) -> tuple[bytes, str]:
    """The body and the media type that fit an Accept header: Prometheus' text 0.0.4, or OpenMetrics where asked for."""
    from prometheus_client.exposition import choose_encoder

    encode, media_type = choose_encoder(accept)
    return encode(Shown(families)), media_type
