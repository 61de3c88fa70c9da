"""Tells objects that the process is being forked: a child inherits locks that threads hold which it does not have."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class _Wish(Generic[Kept]):
    """What one object wants done; it is held weakly."""

    kept: weakref.ref[Kept]
    before: Callable[[Kept], None] | None
    in_parent: Callable[[Kept], None] | None
    in_child: Callable[[Kept], None] | None


_wishes: list[_Wish[object]] = []


def at_fork(
    kept: Kept,
    *,
    before: Callable[[Kept], None] | None = None,
    in_parent: Callable[[Kept], None] | None = None,
    in_child: Callable[[Kept], None] | None = None,
) -> None:
    """Call these with `kept` around every `os.fork` of this process, for as long as `kept` lives.

    They run in the thread that forks, those of an older object first (before the fork: last), and must not wait
    for ever. `in_child` gives the child new locks, threads and pools in place of the inherited ones. A process that
    is started by ``spawn`` or as a program of its own inherits nothing and is not told.
    """
    _wishes[:] = [wish for wish in _wishes if wish.kept() is not None]
    _wishes.append(_Wish(weakref.ref(kept), before, in_parent, in_child))  # type: ignore[arg-type]  # kept as a pair


def _before() -> None:
    for wish in reversed(_wishes.copy()):
        if wish.before and (kept := wish.kept()) is not None:
            wish.before(kept)


def _in_parent() -> None:
    for wish in _wishes.copy():
        if wish.in_parent and (kept := wish.kept()) is not None:
            wish.in_parent(kept)


def _in_child() -> None:
    for wish in _wishes.copy():
        if wish.in_child and (kept := wish.kept()) is not None:
            wish.in_child(kept)


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
