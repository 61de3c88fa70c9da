"""Around a fork, living objects are told in order, and only those."""

from __future__ import annotations

import os
import warnings

from continuum.domain import forking
from continuum.domain.forking import at_fork


class Told:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log
        at_fork(self, before=Told.before, in_parent=Told.parent, in_child=Told.child)

    def before(self) -> None:
        self.log.append(f"before {self.name}")

    def parent(self) -> None:
        self.log.append(f"parent {self.name}")

    def child(self) -> None:
        self.log.append(f"child {self.name}")


def test_the_living_are_told_in_order_on_both_sides_and_nobody_is_kept_alive() -> None:
    log: list[str] = []
    first, gone, second = Told("1", log), Told("gone", log), Told("2", log)
    del gone
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        os._exit(0 if log == ["before 2", "before 1", "child 1", "child 2"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert log == ["before 2", "before 1", "parent 1", "parent 2"]
    assert [first.name, second.name] == ["1", "2"]
    at_fork(first)
    assert all(wish.kept() is not None for wish in forking._wishes)
