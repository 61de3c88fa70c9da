"""Writers who note what was acknowledged, and a count of what of it is stored: for tests that break servers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from continuum.core.tenants import TenantManager
from continuum.errors import StorageError


@dataclass(slots=True)
class Ledger:
    """What eight or so writers were told, tenant by tenant."""

    manager: TenantManager
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    failures: list[StorageError] = field(default_factory=list)
    longest_outage: float = 0.0

    def write_until(self, stop: threading.Event, writer: int, tenants: int) -> None:
        """Learn numbered notes until told to stop; each failure is a typed one, and the note is tried again."""
        number, last = 0, time.monotonic()
        tenant = f"tenant-{writer % tenants}"
        memory = self.manager.get_tenant(tenant)
        while not stop.is_set():
            note = f"note {writer}x{number} says that Aurora runs on Kafka"
            try:
                memory.learn(note, idempotency_key=f"{writer}x{number}")
            except StorageError as exc:
                self.failures.append(exc)
                stop.wait(0.05)
                continue
            self.acknowledged.append((tenant, note))
            number += 1
            self.longest_outage = max(self.longest_outage, time.monotonic() - last)
            last = time.monotonic()

    def run(self, writers: int, tenants: int, stop: threading.Event) -> list[threading.Thread]:
        """Start the writers."""
        threads = [threading.Thread(target=self.write_until, args=(stop, each, tenants)) for each in range(writers)]
        for thread in threads:
            thread.start()
        return threads

    def stored(self) -> Counter[tuple[str, str]]:
        """How often each note is stored, read again from the server."""
        found: Counter[tuple[str, str]] = Counter()
        for tenant in {tenant for tenant, _ in self.acknowledged}:
            before: int | None = None
            memory = self.manager.get_tenant(tenant)
            with memory.query_engine._engine.unit(memory.tenant_id, write=False) as work:
                while page := work.messages.list(limit=1_000, before_seq=before):
                    found.update((tenant, each.text) for each in page if each.text.startswith("note "))
                    before = page[-1].seq
        return found

    def complaints(self) -> list[str]:
        """What was acknowledged and is missing, and what is there more than once."""
        stored = self.stored()
        lost = [f"lost: {note}" for note in self.acknowledged if note not in stored]
        return lost + [f"{count} times: {note}" for note, count in stored.items() if count > 1]
