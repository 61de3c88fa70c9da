"""What bringing in a ChatGPT export of 10,000 messages takes: messages a second, and the memory of the process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Report
from benchmarks.texts import Writer

MESSAGES = 10_000
MESSAGES_A_CONVERSATION = 40
LARGE = 10
"""The memory is looked at again with an export that is so many times as large, which is only looked through."""
_PROGRAM = """
import json, sys, time
from pathlib import Path
from continuum import ConsciousMemory
from continuum.portability.importers import bring_in, plan
how, path, store = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
started, cpu = time.perf_counter(), time.process_time()
if how == "plan":
    messages = plan(path).messages
else:
    with ConsciousMemory("bench", store) as memory:
        messages = bring_in(memory, path).messages
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
# Not ru_maxrss: that begins with what the process that started this one had.
most = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([messages, seconds, cpu, int(most.split()[1]) / 1024]))
"""


def run(report: Report, folder: Path, quick: bool) -> None:
    """The figures of an import, each in a process of its own."""
    small, large = folder / "chatgpt.json", folder / "chatgpt-large.json"
    _write(small, MESSAGES)
    _write(large, MESSAGES * LARGE)
    store = folder / "imported.db"
    for old in folder.glob(f"{store.name}*"):
        if old.is_file():
            old.unlink()
    for what, path, how in (
        ("learnt", small, "learn"),
        ("imported again", small, "learn"),
        ("looked through", large, "plan"),
    ):
        command = [sys.executable, "-c", _PROGRAM, how, str(path), str(store)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        messages, seconds, cpu, megabytes = json.loads(done.stdout)
        rate = round(messages / seconds)
        row: dict[str, str | float] = {"what": what, "messages": messages, "seconds": seconds, "cpu": cpu}
        report.add("import", {**row, "messages a second": rate, "MB at most": round(megabytes)})


def _write(path: Path, messages: int) -> None:
    """An export in the shape that the service writes, conversation by conversation."""
    writer = Writer(messages)
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(messages // MESSAGES_A_CONVERSATION):
            file.write(("," if number else "") + json.dumps(_conversation(writer, number)))
        file.write("]")


def _conversation(writer: Writer, number: int) -> dict[str, object]:
    start = 1_700_000_000 + number * 3_600
    texts = [text for _ in range(MESSAGES_A_CONVERSATION // 2) for text in writer.exchange()]
    mapping: dict[str, object] = {"n-0": {"id": "n-0", "message": None, "parent": None, "children": ["n-1"]}}
    for place, text in enumerate(texts, 1):
        author = {"role": "user" if place % 2 else "assistant"}
        content = {"content_type": "text", "parts": [text]}
        message = {"id": f"m-{place}", "author": author, "create_time": start + place, "content": content}
        children = [f"n-{place + 1}"] if place < len(texts) else []
        mapping[f"n-{place}"] = {
            "id": f"n-{place}",
            "message": message,
            "parent": f"n-{place - 1}",
            "children": children,
        }
    told = {"title": f"Conversation {number}", "create_time": start, "mapping": mapping}
    return {**told, "current_node": f"n-{len(texts)}", "conversation_id": f"c-{number}"}
