"""A process that learns through the public door until it is killed: ``learner.py PATH NAME`` prints what is durable."""

from __future__ import annotations

import os
import sys

from continuum.core.memory import ConsciousMemory


def learn_for_ever(path: str, name: str) -> None:
    memory = ConsciousMemory("alice", path, instance_id=name)
    number = 0
    while True:
        text = f"We decided to use Kafka for Project Nimbus, said {name} in note {number}."
        result = memory.learn(text, f"I will move note {number} to PostgreSQL.", idempotency_key=f"{name}-{number}")
        os.write(1, f"{' '.join(result.message_ids)}\n".encode())
        number += 1


if __name__ == "__main__":
    learn_for_ever(sys.argv[1], sys.argv[2])
