"""Live sync: a hundred instances of a tenant hear what is learnt over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import Report, percentiles
from benchmarks.service_process import ask, key_of, service
from benchmarks.stores import TENANT

INSTANCES = 100
EVENTS_A_SECOND = 20


def run(report: Report, folder: Path, quick: bool) -> None:
    """Learn twenty times a second, and see when and in which order each instance hears of it."""
    events = 100 if quick else 300
    path = folder / f"sockets-{time.time_ns()}.db"
    with service(folder, {"CONTINUUM_DB_PATH": str(path)}) as served:
        key = key_of(served, TENANT)
        heard = folder / "heard.json"
        told = [str(served.port), key, str(INSTANCES), str(events), str(heard)]
        command = [sys.executable, "-m", "benchmarks.service_listeners", *told]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listeners:
            assert listeners.stdout is not None
            assert listeners.stdout.readline() == "ready\n"
            said = []
            for number in range(events):
                started = time.monotonic()
                ask(served, "POST", "/v1/learn", {"user_message": f"event {number} of the benchmark"}, X_API_Key=key)
                said.append((started, time.monotonic()))
                time.sleep(max(0.0, 1 / EVENTS_A_SECOND - (time.monotonic() - started)))
        received = json.loads(heard.read_text())
    whole = sum([number for number, _ in got] == list(range(events)) for got in received)
    deliveries = [(number, at) for got in received for number, at in got]
    common = {"instances": INSTANCES, "events": events, "instances that got all, once, in order": whole}
    for what, side in (("from the request of the learn", 0), ("from its answer, which follows the commit", 1)):
        times = [(at - said[number][side]) * 1_000 for number, at in deliveries]
        report.add("WebSocket: a learn until an instance hears of it", {"what": what, **common, **percentiles(times)})
