"""The figures of redaction: how many made-up secrets are found, and how many look-alikes are left alone."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from continuum.extraction.redaction import SECRET_KINDS, Redactor
from tests.extraction.secret_corpus import PER_KIND, SECRETS, Sample, secrets_of
from tests.extraction.secret_lookalikes import ANYWHERE, SPECIFIC, TALK, lookalikes

SEEDS = (20_260_301, 7)


def _samples(seed: int) -> list[Sample]:
    """Twenty secrets and twenty look-alikes of each kind."""
    samples = []
    for kind in SECRET_KINDS:
        samples += secrets_of(kind, Random(f"{seed} secrets {kind}"), PER_KIND)
        samples += [Sample(kind, text) for text in lookalikes(kind, Random(f"{seed} lookalikes {kind}"), PER_KIND)]
    return samples


def test_each_kind_has_secrets_and_look_alikes() -> None:
    assert len(SECRET_KINDS) >= 27
    assert set(SECRETS) == set(SPECIFIC) == set(SECRET_KINDS)
    assert [sample.text.count(sample.secret) for sample in _samples(1) if sample.secret] == [1] * PER_KIND * len(
        SECRETS
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_precision_is_99_and_recall_95_in_100_over_the_corpus(seed: int) -> None:
    """A secret counts as found only if it, and nothing else of its text, became a placeholder of its own kind."""
    redactor, right, taken, found = Redactor(), 0, 0, Counter[str]()
    missed = []
    for sample in _samples(seed):
        done = redactor.redact(sample.text)
        taken += len(done.redactions)
        if sample.secret and done.text == sample.redacted:
            right += 1
            found[sample.kind] += 1
        elif sample.secret:
            missed.append(sample.kind)
    asked = PER_KIND * len(SECRET_KINDS)
    print(f"seed {seed}: precision {right / taken:.4f} recall {right / asked:.4f} of {asked}, missed {Counter(missed)}")
    assert right / taken >= 0.99
    assert right / asked >= 0.95
    assert min(found[kind] for kind in SECRET_KINDS) >= 0.9 * PER_KIND


@pytest.mark.parametrize("text", TALK)
def test_talk_about_passwords_is_kept(text: str) -> None:
    assert Redactor().redact(text).text is text


@pytest.mark.parametrize("number", range(len(ANYWHERE)))
def test_what_machines_write_anywhere_is_kept(number: int) -> None:
    for seed in range(50):
        text = ANYWHERE[number](Random(seed))
        assert Redactor().redact(text).text == text
