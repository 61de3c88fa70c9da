"""A process that learns until it is killed: ``writer.py PATH NAME`` prints each exchange once it is acknowledged."""

from __future__ import annotations

import os
import sys

from continuum.storage import open_backend
from tests.durability.exchanges import write_exchange


def learn_for_ever(path: str, name: str) -> None:
    backend = open_backend(path)
    number = 0
    while True:
        write_exchange(backend, f"{name}-{number}")
        os.write(1, f"{name}-{number}\n".encode())
        number += 1


if __name__ == "__main__":
    learn_for_ever(sys.argv[1], sys.argv[2])
