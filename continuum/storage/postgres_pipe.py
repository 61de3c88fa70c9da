"""Statements to PostgreSQL that do not wait for each other: sent as they come, awaited when an answer is read.

Works on libpq's pipeline mode through psycopg's documented wrapper of it: a statement costs a few microseconds here,
and a learn of forty statements three round trips. Values go as text, whose types the server finds by their place in
the statement, so that one text is one prepared statement; answers come in binary form.
"""

from __future__ import annotations

import select
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from continuum.storage.base import Row

PREPARED_AFTER = 2
"""A text that was run so often on one connection is prepared when it comes again."""
PREPARED_MAX = 400
"""Most prepared statements of one connection; the one used least recently gives way."""

# PostgreSQL takes every character but NUL: it is written as two others.
_MARK = "\ufdd0"
_NUL, _OWN = _MARK + "0", _MARK + "1"

_TEXT_OIDS = frozenset({25, 1043, 19})
_GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class SlowServerError(psycopg.OperationalError):
    """The server did not answer within the bounded wait."""


@dataclass(slots=True, eq=False)
class Answer:
    """What a statement gives: on its way until somebody reads it."""

    pipe: Pipe
    number: int
    """Its place among all that were sent."""
    problem: psycopg.Error | None = None
    result: pq.abc.PGresult | None = None
    arrived: bool = False
    rows: list[Row] = field(default_factory=list)

    def fetchall(self) -> list[Row]:
        """All rows, none for a statement that gives none. Raises psycopg.Error."""
        if not self.arrived:
            self.pipe.read(self)
        if self.problem is not None:
            raise self.problem
        if self.result is not None:
            self.rows = self.pipe.rows_of(self.result)
            self.result = None
        rows, self.rows = self.rows, []
        return rows

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        if self.result is not None or not self.arrived:
            self.rows = self.fetchall()
        return self.rows.pop(0) if self.rows else None


def plain(text: str) -> str:
    """Text as the server takes it."""
    if "\0" in text or _MARK in text:
        return text.replace(_MARK, _OWN).replace("\0", _NUL)
    return text


def as_it_was(text: str) -> str:
    """Text as it was before `plain`."""
    return text.replace(_NUL, "\0").replace(_OWN, _MARK) if _MARK in text else text


def _element(value: Any) -> str:
    """One item of an array, as array text."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if value.isalnum():  # as keys and digests are: nothing to escape, and most of what is sent
            return f'"{value}"'
        return '"' + plain(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bytes | memoryview):
        return '"\\\\x' + bytes(value).hex() + '"'
    return str(int(value)) if isinstance(value, int) else repr(value)


def wire(value: Any) -> tuple[bytes | None, int]:
    """A value and its format: 0 for text, 1 for binary."""
    if isinstance(value, str):
        return plain(value).encode(), 0
    if isinstance(value, list):
        return ("{" + ",".join(map(_element, value)) + "}").encode(), 0
    if value is None:
        return None, 0
    if isinstance(value, bytes):
        return value, 1
    if isinstance(value, bool):
        return str(int(value)).encode(), 0
    if isinstance(value, int):
        return str(value).encode(), 0
    if isinstance(value, float):
        return repr(value).encode(), 0
    if isinstance(value, memoryview):
        return bytes(value), 1
    raise TypeError(f"a statement takes no {type(value).__name__}")


class Pipe:
    """One connection in pipeline mode. Its answers arrive in the order in which statements were sent."""

    __slots__ = (
        "_asked_for", "_counts", "_failure", "_names", "_next_name", "_pgconn", "_poll", "_prepares", "_sent",
        "_syncs", "_transformer", "_unsure", "_waiting",
        "answer_seconds", "connection", "round_trips",
    )  # fmt: skip

    def __init__(self, connection: psycopg.Connection[Any], *, prepares: bool, answer_seconds: float) -> None:
        self.connection = connection
        self.answer_seconds = answer_seconds
        self.round_trips = 0
        self._pgconn = connection.pgconn
        self._prepares = prepares
        self._transformer = Transformer.from_context(connection)
        self._waiting: deque[Answer] = deque()
        self._sent = self._asked_for = 0
        self._syncs = False
        self._failure: psycopg.Error | None = None
        """What made the server skip the rest of the batch."""
        self._counts: dict[str, int] = {}
        self._names: OrderedDict[str, bytes] = OrderedDict()
        self._next_name = 0
        self._unsure = False
        """Whether a statement was prepared of which nobody knows yet that it is."""
        self._poll = select.poll()
        self._poll.register(self._pgconn.socket, select.POLLIN)

    # -- sending

    def enter(self) -> None:
        """Begin to send without waiting."""
        self._pgconn.enter_pipeline_mode()

    def leave(self) -> None:
        """End it; every answer must have come."""
        self._pgconn.exit_pipeline_mode()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        """Send one statement with ``$1``-parameters; its answer may be read at any later time."""
        values, formats = [], []
        for value in parameters:
            written, form = wire(value)
            values.append(written)
            formats.append(form)
        name = self._prepared(sql) if self._prepares else None
        if name is None:
            self._pgconn.send_query_params(sql.encode(), values, None, formats, 1)
        else:
            self._pgconn.send_query_prepared(name, values, formats, 1)
        return self._await()

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> None:
        """Send one statement for each row of parameters; a failure shows at the next answer that is read."""
        for row in parameters:
            self.execute(sql, row)

    def _await(self) -> Answer:
        self._sent += 1
        answer = Answer(self, self._sent)
        self._waiting.append(answer)
        return answer

    def _prepared(self, sql: str) -> bytes | None:
        name = self._names.get(sql)
        if name is not None:
            self._names.move_to_end(sql)
            return name
        count = self._counts[sql] = self._counts.get(sql, 0) + 1
        if count <= PREPARED_AFTER:
            return None
        if len(self._names) >= PREPARED_MAX:
            _, old = self._names.popitem(last=False)
            self._pgconn.send_query_params(b"DEALLOCATE " + old, None)
            self._await()
        name = self._names[sql] = b"c%d" % self._next_name
        self._next_name += 1
        del self._counts[sql]
        self._unsure = True
        self._pgconn.send_prepare(name, sql.encode())
        self._await()
        return name

    def forget_prepared(self) -> None:
        """After a failure nobody knows what became of statements just prepared: all are given up, on the server too."""
        if self._unsure:
            self.execute("DEALLOCATE ALL")
            self._names.clear()
            self._unsure = False

    # -- receiving

    def read(self, answer: Answer) -> None:
        """Wait until an answer is here. Raises psycopg.OperationalError if the connection is lost or too slow."""
        if answer.number > self._asked_for:
            self._flush(sync=False)
        while not answer.arrived:
            self._receive()

    def sync(self) -> psycopg.Error | None:
        """Wait for all answers; gives the first failure among them that nobody has read."""
        if not self._syncs:
            self.send_sync()
        self._syncs = False
        first: psycopg.Error | None = None
        while self._waiting:
            answer = self._waiting[0]
            self._receive()
            first = first or answer.problem
        result = self._next_result()
        while result is None or result.status != pq.ExecStatus.PIPELINE_SYNC:
            result = self._next_result()
        self._unsure = self._unsure and self._failure is not None
        self._failure = None
        return first

    def send_sync(self) -> None:
        """Send what ends the batch; `sync` then only waits for it."""
        self._syncs = True
        self._flush(sync=True)

    def _flush(self, *, sync: bool) -> None:
        if sync:
            self._pgconn.pipeline_sync()
        else:
            self._pgconn.send_flush_request()
        self._asked_for = self._sent
        self.round_trips += 1
        deadline = time.monotonic() + self.answer_seconds
        while self._pgconn.flush():
            self._poll.modify(self._pgconn.socket, select.POLLIN | select.POLLOUT)
            try:
                ready = self._poll.poll(max(0.0, deadline - time.monotonic()) * 1_000)
            finally:
                self._poll.modify(self._pgconn.socket, select.POLLIN)
            if not ready:
                raise SlowServerError("the server takes nothing")
            if any(events & ~select.POLLOUT for _, events in ready):
                self._pgconn.consume_input()

    def _receive(self) -> None:
        """Take the answer of the statement that was sent first."""
        result = self._next_result()
        assert result is not None, "an answer without a result"
        answer = self._waiting.popleft()
        answer.arrived = True
        if result.status == pq.ExecStatus.TUPLES_OK:
            answer.result = result
        elif result.status == pq.ExecStatus.PIPELINE_ABORTED:
            answer.problem = self._failure
        elif result.status not in _GOOD:
            answer.problem = self._failure = _problem(result, self.connection)
        while (rest := self._next_result()) is not None:
            assert rest.status in _GOOD, rest.status

    def _next_result(self) -> pq.abc.PGresult | None:
        deadline = 0.0
        while self._pgconn.is_busy():
            if not deadline:
                deadline = time.monotonic() + self.answer_seconds
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1_000):
                raise SlowServerError(f"no answer within {self.answer_seconds:g} s")
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def rows_of(self, result: pq.abc.PGresult) -> list[Row]:
        """The rows of an answer."""
        if not result.ntuples:
            return []
        self._transformer.set_pgresult(result)
        rows: list[Row] = self._transformer.load_rows(0, result.ntuples, tuple)
        self._transformer.set_pgresult(None)
        texts = [column for column in range(result.nfields) if result.ftype(column) in _TEXT_OIDS]
        if any(_MARK in row[column] for column in texts for row in rows if row[column]):
            return [tuple(as_it_was(each) if isinstance(each, str) else each for each in row) for row in rows]
        return rows


def _problem(result: pq.abc.PGresult, connection: psycopg.Connection[Any]) -> psycopg.Error:
    """The failure that a result tells of."""
    problem: psycopg.Error = psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
    return problem
