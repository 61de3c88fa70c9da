"""A change to the MiniLM graph that keeps its largest table packed: look up first, unpack what was looked up.

As shipped, the graph unpacks the whole int8 token table to float32 and then takes a few rows: 47 MB in memory when
it is folded at load, 13 ms a text when it is not. Rows first, the numbers are the same. The file is a protobuf
message of which five fields matter here, so it is edited as one; the `onnx` library would be a heavy dependency.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from continuum.errors import EmbeddingError

_GRAPH: Final = 7
"""Field of ModelProto."""
_NODE: Final = 1
"""Field of GraphProto."""
_INPUT, _OUTPUT, _OPERATION, _ATTRIBUTE = 1, 2, 4, 5
"""Fields of NodeProto."""
_TO_FLOAT: Final = b"\x0a\x02to\x18\x01\xa0\x01\x02"
"""AttributeProto: name "to", i = 1 (float), type = 2 (INT)."""


class _Field(NamedTuple):
    number: int
    raw: memoryview
    """The field with its tag, as it stands in the file."""
    value: memoryview
    """Its content, if it is one with a length; else empty."""


def with_packed_table(model: bytes | mmap.mmap, table: str) -> bytes:
    """The model with the rows of `table` taken before they are unpacked.

    Expects Cast(table_q) -> Mul(.., table_scale) -> Gather(.., indices), one scale a row. Raises EmbeddingError if
    the graph has no such chain.
    """
    parts: list[bytes | memoryview] = []
    for field in _fields(memoryview(model)):
        if field.number != _GRAPH:
            parts.append(field.raw)
            continue
        graph = _edited(field.value, table)
        parts.append(_header(_GRAPH, sum(map(len, graph))))
        parts.extend(graph)
    return b"".join(parts)


def _edited(graph: memoryview, table: str) -> list[bytes | memoryview]:
    parts: list[bytes | memoryview] = []
    replaced = 0
    for field in _fields(graph):
        names = _names(field.value) if field.number == _NODE else ((), ())
        if names[1] in ((f"{table}_f",), (table,)):
            continue
        if names[0][:1] == (table,):
            parts += [_tagged(_NODE, node) for node in _lookup(table, names[0][1], names[1][0])]
            replaced += 1
        else:
            parts.append(field.raw)
    if replaced != 1:
        raise EmbeddingError(f"the MiniLM graph uses {table} {replaced} times, expected once")
    return parts


def _lookup(table: str, indices: str, output: str) -> Iterator[bytes]:
    packed, unpacked, scale = f"{output}_packed", f"{output}_unpacked", f"{output}_scale"
    yield _node("Gather", (f"{table}_q", indices), packed)
    yield _node("Cast", (packed,), unpacked) + _tagged(_ATTRIBUTE, _TO_FLOAT)
    yield _node("Gather", (f"{table}_scale", indices), scale)
    yield _node("Mul", (unpacked, scale), output)


def _node(operation: str, inputs: Sequence[str], output: str) -> bytes:
    named = [(_INPUT, name) for name in inputs] + [(_OUTPUT, output), (_OPERATION, operation)]
    return b"".join(_tagged(number, name.encode()) for number, name in named)


def _names(node: memoryview) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fields = list(_fields(node))
    inputs = tuple(str(field.value, "utf-8") for field in fields if field.number == _INPUT)
    return inputs, tuple(str(field.value, "utf-8") for field in fields if field.number == _OUTPUT)


def _fields(message: memoryview) -> Iterator[_Field]:
    """The fields of a protobuf message, in order; the fixed-width types do not occur on the levels read here."""
    position = 0
    while position < len(message):
        start = position
        tag, position = _varint(message, position)
        length, position = _varint(message, position)
        if tag & 7 == 0:
            yield _Field(tag >> 3, message[start:position], message[:0])
            continue
        if tag & 7 != 2:
            raise EmbeddingError("the MiniLM graph is not laid out as expected")
        yield _Field(tag >> 3, message[start : position + length], message[position : position + length])
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def _tagged(number: int, content: bytes) -> bytes:
    return _header(number, len(content)) + content


def _header(number: int, length: int) -> bytes:
    header = bytearray([number << 3 | 2])
    while length > 127:
        header.append(length & 127 | 128)
        length >>= 7
    header.append(length)
    return bytes(header)
