"""`python -m benchmarks.scenarios`: after a change, is the present recalled first and the rest left alone?

Plays the conversations of `tests/acceptance/update_scenarios.txt`, each on a store of its own, and lists what misses.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Report
from tests.acceptance.scenario_runs import Outcome, play, share_first
from tests.acceptance.update_scenarios import Scenario, scenarios


def run(report: Report, folder: Path, quick: bool) -> None:
    """Play every scenario on a store of its own; `quick` changes nothing, the suite is small."""
    all_of_them = scenarios()
    outcomes = [_played(scenario, folder) for scenario in all_of_them]
    kinds = dict.fromkeys(kind for scenario in all_of_them for kind in scenario.kinds)
    pairs = list(zip(all_of_them, outcomes, strict=True))
    for kind in kinds:
        _row(report, kind, [outcome for scenario, outcome in pairs if kind in scenario.kinds])
    _row(report, "all", outcomes)
    for scenario, outcome in pairs:
        _list_misses(scenario, outcome)


def _played(scenario: Scenario, folder: Path) -> Outcome:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        return play(scenario, Path(own))


def _row(report: Report, kind: str, outcomes: Sequence[Outcome]) -> None:
    report.add(
        "Updates",
        {
            "kind": kind,
            "scenarios": len(outcomes),
            "current fact first": f"{100 * share_first(outcomes):.1f} %",
            "unrelated facts touched": sum(len(outcome.touched) for outcome in outcomes),
            "resurrections": sum(len(outcome.resurrected) for outcome in outcomes),
            "outdated shown as current": sum(len(outcome.outdated) for outcome in outcomes),
            "unrelated, never learnt": sum(len(outcome.unlearnt) for outcome in outcomes),
        },
    )


def _list_misses(scenario: Scenario, outcome: Outcome) -> None:
    for name in ("missed", "touched", "resurrected", "outdated", "unlearnt"):
        for words in getattr(outcome, name):
            print(f"known miss ({name}): {scenario.kinds[0]}: {scenario.title}: {words}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="continuum-scenarios-") as temporary:
        run(Report({}), Path(temporary), quick=False)
