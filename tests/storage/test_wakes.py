"""Wakes within a process, and what waits to be announced."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from continuum.storage.wakes import LocalWakes, Pending
from tests.storage.heard import Ear
from tests.storage.test_sqlite_backend import in_a_child

announcements = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 99)))


def test_whoever_is_subscribed_hears_each_announcement() -> None:
    wakes, first, second = LocalWakes(), Ear(), Ear()
    wakes.announce("before", 1)
    with wakes.subscribe(first), wakes.subscribe(second):
        wakes.announce("t", 2)
    wakes.announce("after", 3)
    assert first.heard == second.heard == [(wakes.key_of("t"), 2)]
    assert not wakes.is_heard


def test_one_subscriber_ends_without_the_others() -> None:
    wakes, ended, stays = LocalWakes(), Ear(), Ear()
    subscription = wakes.subscribe(ended)
    wakes.subscribe(stays)
    subscription.close()
    subscription.close()
    wakes.announce("t", 1)
    assert (ended.heard, stays.heard) == ([], [("t", 1)])


def test_a_callback_may_end_its_own_subscription_and_begin_another() -> None:
    wakes, ear = LocalWakes(), Ear()

    def once(key: str | None, seq: int) -> None:
        subscription.close()
        wakes.subscribe(ear)

    subscription = wakes.subscribe(once)
    wakes.announce("t", 1)
    wakes.announce("t", 2)
    assert ear.heard == [("t", 2)]


def test_closing_ends_every_subscription_and_one_may_begin_anew() -> None:
    wakes, ear = LocalWakes(), Ear()
    subscription = wakes.subscribe(ear)
    wakes.close()
    wakes.announce("t", 1)
    assert subscription.closed
    wakes.subscribe(ear)
    wakes.announce("t", 2)
    assert ear.heard == [("t", 2)]


def test_many_threads_subscribe_and_end_while_others_announce() -> None:
    wakes, stays = LocalWakes(), Ear()
    wakes.subscribe(stays)

    def come_and_go() -> None:
        for seq in range(200):
            with wakes.subscribe(Ear()):
                wakes.announce("t", seq)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stays.heard) == sorted(4 * [("t", seq) for seq in range(200)])
    wakes.close()
    assert not wakes.is_heard


def test_a_forked_child_begins_with_nobody_subscribed() -> None:
    wakes, ear = LocalWakes(), Ear()
    subscription = wakes.subscribe(ear)

    def child() -> None:
        assert subscription.closed
        wakes.announce("t", 1)
        assert ear.heard == []
        wakes.subscribe(ear)
        wakes.announce("t", 2)
        assert ear.heard == [("t", 2)]

    assert in_a_child(child) == ""
    assert not subscription.closed


@given(announcements)
def test_the_highest_position_of_each_tenant_is_what_waits(every: list[tuple[str, int]]) -> None:
    pending = Pending()
    for key, seq in every:
        pending.add(key, seq)
    assert bool(pending) == bool(every)
    assert pending.take().positions == {key: max(seq for each, seq in every if each == key) for key, _ in every}
    assert not pending


@given(announcements, announcements)
def test_what_could_not_be_sent_counts_as_announced_again(
    sent: list[tuple[str, int]], later: list[tuple[str, int]]
) -> None:
    pending, together = Pending(4), Pending(4)
    for key, seq in sent:
        pending.add(key, seq)
        together.add(key, seq)
    taken = pending.take()
    for key, seq in later:
        pending.add(key, seq)
        together.add(key, seq)
    pending.put_back(taken)
    assert (pending.everything, pending.positions) == (together.everything, together.positions)


def test_with_too_many_tenants_everything_may_have_changed() -> None:
    pending = Pending(3)
    for key in "abc":
        pending.add(key, 1)
    assert (pending.everything, len(pending.positions)) == (False, 3)
    for key in "defgh":
        pending.add(key, 1)
        assert (pending.everything, pending.positions) == (True, {})
    assert pending.take().everything
    pending.add("a", 2)
    assert (pending.everything, pending.positions) == (False, {"a": 2})
