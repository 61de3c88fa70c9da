"""The chain of receipts shows every tampering, and no receipt shows what was erased."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.core.receipts import (
    NO_RECEIPT_BEFORE,
    Receipt,
    ReceiptKind,
    digest_of_ids,
    receipt_from_json,
    receipt_to_json,
    seal,
    verify_chain,
)
from continuum.domain.ids import uuid7
from continuum.errors import StorageCorruptError
from tests.requirements import requirement

NOW = 1_760_000_000_000_000
SECRET = b"s" * 32
COUNTS = ("messages", "entries", "concepts", "links", "decisions", "facts")
TIMES = st.integers(0, 1 << 53)

receipts = st.builds(
    Receipt,
    id=st.integers(0, 1 << 45).map(uuid7),
    tenant_id=st.just("alice"),
    number=st.just(1),
    requested_at=TIMES,
    kind=st.sampled_from(get_args(ReceiptKind)),
    reason=st.text(st.characters(exclude_categories=()), max_size=50),
    ids_digest=st.lists(st.uuids().map(str), max_size=3).map(lambda ids: digest_of_ids(SECRET, ids)),
    erased_at=TIMES,
    scrubbed_at=st.none() | TIMES,
    **{name: st.integers(0, 1 << 40) for name in COUNTS},
)


def chain_of(given_receipts: list[Receipt]) -> list[Receipt]:
    chain: list[Receipt] = []
    for number, each in enumerate(given_receipts, start=1):
        chain.append(seal(replace(each, number=number), chain[-1].hash if chain else NO_RECEIPT_BEFORE))
    return chain


chains = st.lists(receipts, min_size=1, max_size=6).map(chain_of)
long_chains = st.lists(receipts, min_size=3, max_size=6).map(chain_of)


def changed(receipt: Receipt, field: str) -> Receipt:
    """The receipt with another value in one field, as an edit of the stored text would leave it."""
    stored = json.loads(receipt_to_json(receipt))
    value = stored[field]
    stored[field] = value + 1 if isinstance(value, int) else f"{value}x"
    return receipt_from_json(json.dumps(stored))


@requirement("forget:receipts")
@given(chain=chains, data=st.data())
def test_an_untouched_chain_is_sound_and_ends_in_its_head(chain: list[Receipt], data: st.DataObject) -> None:
    noted = data.draw(st.sampled_from([NO_RECEIPT_BEFORE, *(each.hash for each in chain)]))
    report = verify_chain(chain, "alice", head=noted)
    assert report.sound
    assert (report.receipts, report.head) == (len(chain), chain[-1].hash)


def test_a_tenant_without_receipts_has_a_sound_chain() -> None:
    assert verify_chain([], "alice").sound
    assert verify_chain([], "alice").head == NO_RECEIPT_BEFORE
    assert not verify_chain([], "alice", head="1" * 64).sound


@requirement("forget:receipts")
@pytest.mark.parametrize("field", sorted({each.name for each in fields(Receipt)} - {"scrubbed_at"}))
@given(chain=chains, data=st.data())
def test_any_edit_of_any_receipt_is_found_and_named(chain: list[Receipt], data: st.DataObject, field: str) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    chain[place] = changed(chain[place], field)
    report = verify_chain(chain, "alice")
    assert any(problem.startswith(f"receipt {place + 1}: ") for problem in report.problems)


@given(chain=chains, at=TIMES, data=st.data())
def test_the_time_of_the_scrub_can_be_added_later(chain: list[Receipt], at: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    chain[place] = replace(chain[place], scrubbed_at=at)
    assert verify_chain(chain, "alice").sound


@given(chain=long_chains, data=st.data())
def test_a_receipt_that_is_changed_and_sealed_again_breaks_the_next_one(
    chain: list[Receipt], data: st.DataObject
) -> None:
    head = chain[-1].hash
    place = data.draw(st.integers(0, len(chain) - 1))
    chain[place] = seal(replace(chain[place], messages=chain[place].messages + 1), chain[place].previous_hash)
    assert verify_chain(chain, "alice").sound is (place == len(chain) - 1)
    assert not verify_chain(chain, "alice", head=head).sound


@given(chain=long_chains, data=st.data())
def test_a_receipt_that_is_dropped_is_found_unless_it_is_the_last(chain: list[Receipt], data: st.DataObject) -> None:
    head = chain[-1].hash
    place = data.draw(st.integers(0, len(chain) - 1))
    del chain[place]
    assert verify_chain(chain, "alice").sound is (place == len(chain))
    assert not verify_chain(chain, "alice", head=head).sound


@given(chain=chains, new=receipts, data=st.data())
def test_a_receipt_that_is_put_between_others_is_found(chain: list[Receipt], new: Receipt, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    before = chain[place - 1].hash if place else NO_RECEIPT_BEFORE
    chain.insert(place, seal(replace(new, number=place + 1), before))
    assert not verify_chain(chain, "alice").sound


@given(chain=long_chains, data=st.data())
def test_receipts_in_another_order_are_found(chain: list[Receipt], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(chain))))
    assert verify_chain([chain[each] for each in order], "alice").sound is (order == list(range(len(chain))))


@requirement("forget:receipts")
@given(chain=chains, data=st.data())
def test_receipts_of_another_tenant_are_found(chain: list[Receipt], data: st.DataObject) -> None:
    others = chain_of([replace(each, tenant_id="bob") for each in chain])
    assert verify_chain(others, "bob").sound
    assert not verify_chain(others, "alice").sound
    place = data.draw(st.integers(0, len(chain) - 1))
    assert not verify_chain([*chain[:place], others[place], *chain[place + 1 :]], "alice").sound
    assert not verify_chain([*chain[:place], replace(others[place], tenant_id="alice")], "alice").sound


@given(receipt=receipts)
def test_a_receipt_comes_back_from_its_text_as_it_was(receipt: Receipt) -> None:
    sealed = seal(receipt)
    text = receipt_to_json(sealed)
    assert receipt_from_json(text) == sealed
    assert "\n" not in text
    assert seal(receipt_from_json(text)).hash == sealed.hash


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", '{"id": "x"}', json.dumps({"words": "of another kind"})])
def test_a_text_that_is_no_receipt_is_called_damaged(text: str) -> None:
    with pytest.raises(StorageCorruptError, match="receipt of an erasure cannot be read"):
        receipt_from_json(text)


@given(ids=st.lists(st.text(max_size=5), max_size=5), other=st.text(max_size=5), data=st.data())
def test_the_digest_of_ids_knows_the_set_and_the_tenant(ids: list[str], other: str, data: st.DataObject) -> None:
    digest = digest_of_ids(SECRET, ids)
    assert digest == digest_of_ids(SECRET, data.draw(st.permutations([*ids, *ids])))
    assert (digest == digest_of_ids(SECRET, [*ids, other])) is (other in ids)
    assert digest != digest_of_ids(b"another tenant's", ids)
    assert len(digest) == 64


def test_joined_ids_are_not_taken_for_one() -> None:
    assert digest_of_ids(SECRET, ["a", "b"]) != digest_of_ids(SECRET, ["ab"]) != digest_of_ids(SECRET, ['a","b'])
    assert digest_of_ids(SECRET, ["a", "b"]) != digest_of_ids(SECRET, ['a","b'])


def test_a_receipt_has_no_place_for_what_was_erased() -> None:
    known = {"id", "tenant_id", "number", "requested_at", "kind", "reason", "ids_digest", "erased_at", *COUNTS}
    assert {each.name for each in fields(Receipt)} == known | {"scrubbed_at", "previous_hash", "hash"}
    sealed = seal(
        Receipt(
            id=uuid7(NOW),
            tenant_id="alice",
            number=1,
            requested_at=NOW,
            kind="message",
            reason="asked to",
            ids_digest=digest_of_ids(SECRET, ["m1"]),
            erased_at=NOW + 1,
            messages=1,
            entries=1,
        )
    )
    assert "m1" not in receipt_to_json(sealed)
