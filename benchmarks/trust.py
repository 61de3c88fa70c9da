"""What the defences cost and what they keep out: redaction and screening, the red-team corpus, the clean data."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Report
from benchmarks.texts import Writer
from continuum.core.assembly import build_engine
from continuum.core.config import MemoryConfig
from continuum.core.evaluation import learn_conversation, read_conversations, score_conversation
from continuum.domain.records import Origin
from continuum.extraction.redaction import Redactor
from continuum.extraction.screening import screen
from continuum.retrieval.metrics import paired_bootstrap
from continuum.testing.red_team_run import reached_first_ten

EXCHANGES = 2_000
CASES = 300
MEASURES = ("frac@5", "frac@10")
UNDEFENDED = MemoryConfig(redact_secrets=False, redact_private=False, hold_back_suspicious=False)


def run(report: Report, folder: Path, quick: bool) -> None:
    """Costs and the red-team corpus."""
    _costs(report)
    _red_team(report, CASES if quick else 3_000)


def _costs(report: Report) -> None:
    writer = Writer(3)
    exchanges = [list(writer.exchange(300)) for _ in range(EXCHANGES)]
    redactor = Redactor()

    def redact(texts: list[str]) -> object:
        return [redactor.redact(text) for text in texts]

    def screened(texts: list[str]) -> object:
        return [screen(text, origin) for text, origin in zip(texts, (Origin.USER, Origin.ASSISTANT), strict=False)]

    steps: dict[str, Callable[[list[str]], object]] = {"redaction": redact, "screening": screened}
    for name, step in steps.items():
        started = time.process_time()
        for texts in exchanges:
            step(texts)
        taken = (time.process_time() - started) / len(exchanges) * 1_000
        report.add("cost of the defences", {"step": name, "cpu ms an exchange": round(taken, 4)})


def _red_team(report: Report, cases: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        reached, total = reached_first_ten(Path(folder), cases, seed=11)
    for kind in sorted(total):
        report.add(
            "hostile entries in the first ten of another source",
            {"kind": kind, "cases": total[kind], "reached": reached[kind], "share": reached[kind] / total[kind]},
        )
    whole: Counter[str] = Counter(total)
    share = sum(reached.values()) / whole.total()
    report.add(
        "hostile entries in the first ten of another source",
        {"kind": "all", "cases": whole.total(), "reached": sum(reached.values()), "share": share},
    )


def run_on(report: Report, data: Path) -> None:
    """Recall on clean conversations with all defences on, against none."""
    for file in sorted(data.glob("*.jsonl")) if data.is_dir() else [data]:
        found: list[list[dict[str, float]]] = []
        for config in (UNDEFENDED, MemoryConfig()):
            engine = build_engine(config, storage=":memory:")
            try:
                scores = []
                for conversation in read_conversations(file):
                    learn_conversation(engine, conversation)
                    scores += [dict(score.measures) for score in score_conversation(engine, conversation)]
                found.append(scores)
            finally:
                engine.close()
        for name in MEASURES:
            interval = paired_bootstrap([each[name] for each in found[1]], [each[name] for each in found[0]])
            report.add(
                "recall with all defences against none",
                {
                    "data": file.stem,
                    "measure": name,
                    "without": sum(each[name] for each in found[0]) / len(found[0]),
                    "difference": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                },
            )
