"""`python -m benchmarks [--data PATH] [--only PART ...] [--quick]`: prints tables and writes one JSON file."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import (
    assistants,
    footprint,
    imports,
    lasting,
    learning,
    postgres,
    quality,
    recalling,
    scenarios,
    syncing,
    trust,
    use,
)
from benchmarks.report import Report


def main() -> None:
    """Run the parts that were asked for, one after the other: nothing else should run meanwhile."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--data", type=Path, help="a JSON Lines file, or a folder of them, for recall quality")
    parser.add_argument(
        "--only",
        nargs="*",
        choices=[
            "learn",
            "recall",
            "footprint",
            "lasting",
            "updates",
            "use",
            "trust",
            "sync",
            "imports",
            "assistants",
            "quality",
            "clean",
            "postgres",
        ],
        default=[],
    )
    parser.add_argument("--quick", action="store_true", help="smaller stores: 20,000 messages, 1,000 tenants")
    parser.add_argument("--stores", type=Path, help="keep the stores in this folder, and use those that are there")
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    arguments = parser.parse_args()
    report = Report({"python": platform.python_version(), "quick": arguments.quick, "at": int(time.time())})
    with tempfile.TemporaryDirectory(prefix="continuum-bench-") as temporary:
        folder = arguments.stores or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in _parts(arguments.data).items():
            if not arguments.only or name in arguments.only:
                part(report, folder, arguments.quick)
    arguments.output.mkdir(exist_ok=True)
    target = arguments.output / f"bench-{report.facts['at']}.json"
    target.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {target}")


def _parts(data: Path | None):  # type: ignore[no-untyped-def]  # a table of functions of one shape
    parts = {
        "footprint": footprint.run,
        "learn": learning.run,
        "recall": recalling.run,
        "lasting": lasting.run,
        "updates": scenarios.run,
        "use": lambda report, folder, quick: use.run(report, data),
        "trust": trust.run,
        "sync": syncing.run,
        "imports": imports.run,
        "assistants": assistants.run,
    }
    if "postgres" in sys.argv:  # by name only: it starts a server and fills gigabytes
        parts["postgres"] = lambda report, folder, quick: postgres.run(report, folder, quick, data)
    if data is not None:
        parts["clean"] = lambda report, folder, quick: trust.run_on(report, data)
        parts["quality"] = lambda report, folder, quick: quality.run(report, folder, data)
    elif "quality" in sys.argv:
        sys.exit("quality needs --data")
    return parts


if __name__ == "__main__":
    main()
