"""Receipts of what was forgotten: they say what kind, how much, when and why, and never what it said.

Each receipt of a tenant holds the hash of the one before it, so that nobody can change, drop, add or reorder one and
leave the rest as it is. Whoever may rewrite every receipt can rewrite the chain as well, and whoever drops the last
ones leaves a chain that is whole: against both, keep the newest hash (the head) somewhere else and give it to
`verify_chain`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from continuum.domain.clock import Micros
from continuum.errors import StorageCorruptError

ReceiptKind = Literal["message", "session", "concept", "fact", "scope", "before", "expired", "elsewhere", "tenant"]
"""What was named for forgetting; ``expired`` came to its end, ``elsewhere`` was forgotten in another store."""

NO_RECEIPT_BEFORE = "0" * 64
"""The hash before a tenant's first receipt."""
_NOT_HASHED = {"scrubbed_at", "hash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That something was forgotten. Times are microseconds; all counts are of what is gone.

    `number` is 1 for a tenant's first receipt, and one more for each further one. `entries` counts places in the
    log, `messages` those of them that were messages. `ids_digest` is what `digest_of_ids` gives for the ids of the
    entries. `scrubbed_at`, when the bytes had left the files, is learnt later: it is not hashed, and not protected.
    """

    id: str
    tenant_id: str
    number: int
    requested_at: Micros
    kind: ReceiptKind
    reason: str
    ids_digest: str
    erased_at: Micros
    messages: int = 0
    entries: int = 0
    concepts: int = 0
    links: int = 0
    decisions: int = 0
    facts: int = 0
    scrubbed_at: Micros | None = None
    previous_hash: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify_chain` found: how many receipts, the newest one's hash, and one sentence for each thing wrong."""

    receipts: int
    head: str
    problems: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.problems


def digest_of_ids(secret: bytes, ids: Iterable[str]) -> str:
    """A keyed digest of a set of ids, in 64 hex digits, whatever their order.

    Without the tenant's secret it tells nothing. With it, and the ids that the tombstones keep, anybody can show
    later that an id was among those erased.
    """
    return hmac.digest(secret, b"erased\0" + _canonical(sorted(set(ids))), hashlib.sha256).hex()


def seal(receipt: Receipt, previous_hash: str = NO_RECEIPT_BEFORE) -> Receipt:
    """The receipt as a link of its tenant's chain, behind the one with this hash."""
    linked = replace(receipt, previous_hash=previous_hash)
    return replace(linked, hash=_hash_of(linked))


def verify_chain(receipts: Sequence[Receipt], tenant_id: str, *, head: str | None = None) -> ChainReport:
    """Check all receipts of a tenant, given by ascending number.

    Finds a receipt that was changed, dropped, added, moved, or taken from another tenant. The newest ones may be
    missing, or written anew, without a trace in the rest: that is found if `head` is given, the hash of a receipt
    that was the newest at some time.
    """
    problems: list[str] = []
    previous = NO_RECEIPT_BEFORE
    for number, receipt in enumerate(receipts, start=1):
        problems += (f"receipt {number}: {problem}" for problem in _problems(receipt, tenant_id, number, previous))
        previous = receipt.hash
    if head is not None and head not in {NO_RECEIPT_BEFORE, *(each.hash for each in receipts)}:
        problems.append("the receipt with the given hash is missing: the end of the chain was dropped or rewritten")
    return ChainReport(len(receipts), previous, tuple(problems))


def _problems(receipt: Receipt, tenant_id: str, number: int, previous_hash: str) -> Iterable[str]:
    if receipt.tenant_id != tenant_id:
        yield "belongs to another tenant"
    if receipt.number != number:
        yield f"says that it is number {receipt.number}: one was dropped, added or moved"
    if receipt.previous_hash != previous_hash:
        yield "does not follow the one before it"
    if receipt.hash != _hash_of(receipt):
        yield "was changed after it was sealed"


def receipt_to_json(receipt: Receipt) -> str:
    """The receipt as one line of JSON that `receipt_from_json` reads back."""
    return _canonical(asdict(receipt)).decode("ascii")


def receipt_from_json(text: str) -> Receipt:
    """The receipt in a text. Raises StorageCorruptError if it is none; what it says is for `verify_chain` to judge."""
    try:
        return Receipt(**json.loads(text))
    except (TypeError, ValueError) as exc:
        raise StorageCorruptError(f"a receipt of an erasure cannot be read ({exc}); restore a backup copy") from exc


def _hash_of(receipt: Receipt) -> str:
    hashed = {name: value for name, value in asdict(receipt).items() if name not in _NOT_HASHED}
    return hashlib.sha256(_canonical(hashed)).hexdigest()


def _canonical(value: object) -> bytes:
    """One text for one value: sorted, without spaces, in ASCII (a lone surrogate has a form there, too)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
