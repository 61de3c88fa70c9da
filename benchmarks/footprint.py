"""What it costs to start and to hold."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.report import Report
from benchmarks.stores import filled
from continuum.embeddings.providers import provider_from_name

STARTS = 15

_RESIDENT = """
import json, resource, sys
import numpy as np
from continuum.core.assembly import build_engine
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory

class Elsewhere:
    # As a provider over HTTP would be: vectors here, the model there.
    dimensions = 384
    model = sys.argv[3]

    def embed(self, texts):
        return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)

config = MemoryConfig(db_path=sys.argv[1], enable_embeddings=sys.argv[2] == "minilm")
engine = build_engine(config, provider=Elsewhere() if sys.argv[2] == "elsewhere" else None)
memory = ConsciousMemory("bench", engine=engine)
for word in ("stone", "harbour", "baka deto", "minu sore"):
    memory.recall(word)
pages = int(open("/proc/self/statm").read().split()[1]) if sys.platform == "linux" else 0
print(json.dumps([pages * resource.getpagesize() / 2**20, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""

_WITH_VECTORS = """
import sys
import numpy as np
from continuum.core.config import MemoryConfig, set_config
from continuum.core.memory import ConsciousMemory
from continuum.domain.records import StoredVector
memory = ConsciousMemory("bench", config=MemoryConfig(db_path=sys.argv[1], enable_embeddings=True))
engine = memory._engine
random = np.random.default_rng(1)
provider = engine.vectors.provider
while True:
    with engine.unit(memory.tenant_id, write=True) as work:
        seqs = work.vectors.missing(provider.model, 5000)
        rows = random.normal(size=(len(seqs), provider.dimensions)).astype("<f4")
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        work.vectors.put([StoredVector(seq, provider.model, row.tobytes()) for seq, row in zip(seqs, rows)])
    if not seqs:
        break
memory.close()
"""


def run(report: Report, folder: Path, quick: bool) -> None:
    """Start-up times and resident memory."""
    nothing = _started("-c", "pass")
    for what, arguments in (
        ("import continuum", ("-c", "import continuum")),
        ("from continuum import ConsciousMemory", ("-c", "from continuum import ConsciousMemory")),
        ("continuum --help", ("-m", "continuum", "--help")),
    ):
        taken = _started(*arguments)
        report.add(
            "start-up",
            {"what": what, "median ms": round(taken, 1), "of which Python itself": round(nothing, 1)},
        )
    messages = 20_000 if quick else 100_000
    path = filled(folder, messages, report)
    model = provider_from_name("minilm").model
    _resident(report, path, messages, "without vectors", "none", model)
    with_vectors = folder / f"vectors-{messages}.db"  # a copy: the other parts measure without vectors
    if not with_vectors.exists():
        shutil.copyfile(path, with_vectors)
        subprocess.run([sys.executable, "-c", _WITH_VECTORS, str(with_vectors)], check=True)
    _resident(report, with_vectors, messages, "with vectors, the model elsewhere", "elsewhere", model)
    _resident(report, with_vectors, messages, "with vectors and MiniLM in this process", "minilm", model)


def _started(*arguments: str) -> float:
    taken = []
    for _ in range(STARTS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append((time.perf_counter() - started) * 1_000)
    return float(np.median(taken))


def _resident(report: Report, path: Path, messages: int, what: str, provider: str, model: str) -> None:
    command = [sys.executable, "-c", _RESIDENT, str(path), provider, model]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    now, peak = json.loads(done.stdout)
    report.add("resident memory", {"messages": messages, "what": what, "MiB": round(now), "peak MiB": round(peak)})
