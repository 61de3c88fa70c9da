"""How precise the facts are: `python -m benchmarks.facts --data DIR`, with `--sample N --seed S` or `--labels FILE`.

`--sample` prints facts with their spans, to be labelled by reading; `--labels` compares a file of verdicts with what is
found today. The file holds ids, offsets and verdicts, never a word of the data.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from continuum.domain.clock import to_micros
from continuum.domain.facts import ExtractedFact
from continuum.extraction.fact_extractor import FactExtractor
from continuum.language.attributes import is_canonical

FILES = ("locomo_dev.jsonl", "beam100k_dev.jsonl", "beam500k_dev.jsonl")


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of a conversation; `corpus` is the conversation's id."""

    corpus: str
    turn_id: str
    speaker: str
    text: str
    said_at: int


@dataclass(frozen=True, slots=True)
class Found:
    """A fact, its turn, and its number among the facts with the same span."""

    turn: Turn
    fact: ExtractedFact
    number: int

    @property
    def place(self) -> tuple[str, str, int, int, int]:
        return self.turn.corpus, self.turn.turn_id, self.fact.span.start, self.fact.span.end, self.number


def main() -> None:
    """Print a sample, or a precision."""
    parser = argparse.ArgumentParser(prog="benchmarks.facts", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--write", type=Path, help="write the sample as labels, all supported, to be corrected by hand")
    arguments = parser.parse_args()
    turns = list(_turns(arguments.data))
    found, seconds = _found(turns)
    print(
        f"{len(turns)} user messages, {len(found)} facts, {100 * len(found) / len(turns):.1f} per 100, "
        f"{1e6 * seconds / len(turns):.0f} microseconds a message"
    )
    if arguments.sample:
        sample = random.Random(arguments.seed).sample(found, min(arguments.sample, len(found)))
        _print_sample(sample)
        if arguments.write:
            lines = (json.dumps(label_of(each, supported=True)) + "\n" for each in sample)
            arguments.write.write_text("".join(lines), encoding="utf-8")
    if arguments.labels:
        _print_precision(found, arguments.labels)


def _turns(folder: Path) -> Iterator[Turn]:
    for name in FILES:
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            conversation = json.loads(line)
            for turn in conversation["turns"]:
                if turn["role"] == "user":
                    moment = to_micros(datetime.fromisoformat(turn["timestamp"]))
                    yield Turn(conversation["corpus_id"], turn["turn_id"], turn["speaker"], turn["text"], moment)


def _found(turns: list[Turn]) -> tuple[list[Found], float]:
    reader = FactExtractor()
    found: list[Found] = []
    seconds = 0.0
    for turn in turns:
        started = time.perf_counter()
        facts = reader.find(turn.text, 0, role="user", speaker=turn.speaker, said_at=turn.said_at)
        seconds += time.perf_counter() - started
        seen: dict[tuple[int, int], int] = {}
        for fact in facts:
            span = fact.span.start, fact.span.end
            seen[span] = seen.get(span, -1) + 1
            found.append(Found(turn, fact, seen[span]))
    return found, seconds


def _print_sample(sample: list[Found]) -> None:
    for each in sample:
        fact, text = each.fact, each.turn.text
        sign = "" if fact.polarity else "NOT "
        around = text[max(0, fact.span.start - 60) : fact.span.start], text[fact.span.end : fact.span.end + 40]
        print(json.dumps(each.place))
        print(f"   {fact.subject} | {fact.attribute} | {sign}{fact.value} | {fact.mode.value} <{fact.replaces}>")
        shown = f"{around[0]}[[{text[fact.span.start : fact.span.end]}]]{around[1]}"
        print(f"   {shown!r}")


def label_of(each: Found, *, supported: bool) -> dict[str, object]:
    """One line of the file of labels: a place and a verdict; the attribute only if it is one of ours."""
    corpus, turn_id, start, end, number = each.place
    return {
        "conversation": corpus,
        "turn_id": turn_id,
        "start": start,
        "end": end,
        "n": number,
        "attribute": each.fact.attribute if is_canonical(each.fact.attribute) else "open",
        "supported": supported,
    }


def _print_precision(found: list[Found], path: Path) -> None:
    places = {each.place for each in found}
    labels = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    verdicts = {
        (label["conversation"], label["turn_id"], label["start"], label["end"], label["n"]): bool(label["supported"])
        for label in labels
    }
    still = [place for place in verdicts if place in places]
    good = sum(verdicts[place] for place in still)
    print(
        f"{len(still)} of {len(verdicts)} labelled facts are found; {good} supported: {good / max(1, len(still)):.1%}"
    )


if __name__ == "__main__":
    main()
