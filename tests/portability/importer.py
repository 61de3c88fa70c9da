"""A process that imports until it is killed: ``importer.py PATH FILE`` says after each batch how much is durable."""

from __future__ import annotations

import os
import sys

from continuum.core.memory import ConsciousMemory
from continuum.portability import ImportProgress, import_memory


def report(progress: ImportProgress) -> None:
    if progress.phase == "writing":
        os.write(1, f"{progress.entries}\n".encode())


if __name__ == "__main__":
    import_memory(ConsciousMemory("alice", sys.argv[1]), sys.argv[2], batch_size=20, progress=report)
