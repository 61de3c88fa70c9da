"""Several processes are counted as one service."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from continuum.observability import worker_group
from continuum.observability.families import Family, added_up, families_of, lasting, read, written
from continuum.observability.metrics import ServiceMetrics
from continuum.observability.requests_seen import RequestSeen
from continuum.observability.worker_group import WorkerGroup
from tests.requirements import requirement

SEEN = RequestSeen("GET", "/v1/stats", 200, 0.0, 0.002, 1)


def serve_requests(folder: Path, requests: int, control: Connection) -> None:
    """A process that counts requests, and ends when it is told to."""
    metrics = ServiceMetrics()
    group = WorkerGroup(folder, metrics.snapshot)
    for _ in range(requests):
        metrics.answered(SEEN)
    control.send("counted")
    while control.recv() != "end":
        metrics.answered(SEEN)
        control.send("counted")
    group.close()


class Worker:
    def __init__(self, folder: Path, requests: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.control, theirs = context.Pipe()
        self.process = context.Process(target=serve_requests, args=(folder, requests, theirs))
        self.process.start()
        assert self.control.poll(30)
        self.control.recv()

    def count_one(self) -> None:
        self.control.send("more")
        assert self.control.poll(30)
        self.control.recv()

    def end(self) -> None:
        self.control.send("end")
        self.process.join(30)
        assert self.process.exitcode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.join(30)


def figure(families: list[Family], name: str) -> float:
    return sum(value for family in families for (sample, _), value in family.samples.items() if sample == name)


def within(seconds: float, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        threading.Event().wait(0.02)


@requirement("observability:metrics:workers")
def test_whoever_is_asked_tells_the_counts_of_all_and_they_stay_when_one_ends(tmp_path: Path) -> None:
    metrics = ServiceMetrics()
    metrics.answered(SEEN)
    group = WorkerGroup(tmp_path, metrics.snapshot)
    leaving, killed = Worker(tmp_path, 10), Worker(tmp_path, 100)
    try:
        total = group.gather()
        assert figure(total, "continuum_requests_total") == 111
        assert figure(total, "continuum_request_duration_seconds_count") == 111
        assert figure(total, "continuum_workers") == 3
        leaving.count_one()  # nobody is told of it: it is asked
        assert figure(group.gather(), "continuum_requests_total") == 112
        leaving.end()
        killed.kill()
        total = group.gather()
        assert figure(total, "continuum_requests_total") == 112
        assert figure(group.gather(), "continuum_requests_total") == 112
        assert figure(total, "continuum_workers") == 1
        newer = Worker(tmp_path, 1_000)
        assert figure(group.gather(), "continuum_requests_total") == 1_112
        newer.end()
    finally:
        for worker in (leaving, killed):
            worker.kill()
        group.close()


@requirement("observability:metrics:workers")
def test_a_frozen_process_holds_nobody_up_and_its_last_counts_stand(tmp_path: Path) -> None:
    metrics = ServiceMetrics()
    group = WorkerGroup(tmp_path, metrics.snapshot)
    frozen = Worker(tmp_path, 7)
    try:
        assert figure(group.gather(), "continuum_requests_total") == 7
        assert frozen.process.pid is not None
        os.kill(frozen.process.pid, signal.SIGSTOP)
        began = time.monotonic()
        total = group.gather()
        assert time.monotonic() - began < worker_group.ANSWER_SECONDS + 1
        assert figure(total, "continuum_requests_total") == 7
        assert figure(total, "continuum_workers") == 1
        os.kill(frozen.process.pid, signal.SIGCONT)
        within(20, lambda: figure(group.gather(), "continuum_workers") == 2)
        assert figure(group.gather(), "continuum_requests_total") == 7
    finally:
        frozen.kill()
        group.close()


def test_processes_that_take_over_from_each_other_leave_no_files_behind(tmp_path: Path) -> None:
    for number in range(1, 6):
        metrics = ServiceMetrics()
        group = WorkerGroup(tmp_path, metrics.snapshot)
        metrics.answered(SEEN)
        for each in tmp_path.glob("*.json"):
            os.utime(each, (0, 0))
        assert figure(group.gather(), "continuum_requests_total") == number
        assert len(list(tmp_path.iterdir())) == 3  # the lock, its socket and its file
        group.close()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".json"]


def test_where_processes_cannot_ask_each_other_figures_come_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_group, "WRITE_SECONDS", 0.05)
    first, second = ServiceMetrics(), ServiceMetrics()
    one = WorkerGroup(tmp_path, first.snapshot, asks=False)
    other = WorkerGroup(tmp_path, second.snapshot, asks=False)
    try:
        second.answered(SEEN)
        within(20, lambda: figure(one.gather(), "continuum_requests_total") == 1)
    finally:
        other.close()
        one.close()


def test_a_folder_with_a_very_long_name_serves_too(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    metrics = ServiceMetrics()
    metrics.answered(SEEN)
    group = WorkerGroup(folder, metrics.snapshot)
    assert figure(group.gather(), "continuum_requests_total") == 1
    group.close()


def test_many_may_gather_at_once(tmp_path: Path) -> None:
    metrics = ServiceMetrics()
    metrics.answered(SEEN)
    groups = [WorkerGroup(tmp_path, metrics.snapshot) for _ in range(4)]
    found: list[float] = []
    threads = [
        threading.Thread(target=lambda group=group: found.append(figure(group.gather(), "continuum_requests_total")))
        for group in groups
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [4, 4, 4, 4]
    for group in groups:
        group.close()
        group.close()


def test_a_spoilt_file_costs_its_own_figures_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    metrics = ServiceMetrics()
    metrics.answered(SEEN)
    group = WorkerGroup(tmp_path, metrics.snapshot)
    for number, content in enumerate((b"{", b"[[1]]", b"3", json.dumps([["a", "b", "c", [[1, 2, "x"]]]]).encode())):
        (tmp_path / f"{number}.json").write_bytes(content)
    assert figure(group.gather(), "continuum_requests_total") == 1
    assert "could not be read" in caplog.text
    group.close()


def test_figures_come_back_from_a_file_as_they_were() -> None:
    metrics = ServiceMetrics(by_tenant=True)
    metrics.answered(SEEN._replace(tenant_id="alice"))
    figures = families_of(metrics.registry)
    assert read(written(figures)) == figures
    assert {each.kind for each in lasting(figures)} == {"counter", "histogram"}


def test_states_of_several_processes_are_added_or_the_worst_counts() -> None:
    def told(name: str, value: float) -> Family:
        return Family(name, "gauge", "", {(name, ()): value})

    names = ("continuum_store_up", "continuum_draining", "continuum_gate_waiting")
    total = added_up([[told(name, 1.0) for name in names], [told(name, 0.0) for name in names], []])
    assert {each.name: each.samples[each.name, ()] for each in total} == {
        "continuum_store_up": 0.0,
        "continuum_draining": 1.0,
        "continuum_gate_waiting": 1.0,
    }
