"""Growing arrays: appended to by one thread while others read the part they were shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CAPACITY_MIN = 64
_GROWTH = 1.4


class Column:
    """One array that grows at its end. What `shown` returned stays as it was, save for what `put` changes."""

    __slots__ = ("_array", "_size")

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array
        self._size = len(array)

    @classmethod
    def empty(cls, dtype: str) -> Column:
        return cls(np.zeros(0, dtype=dtype))

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        return self._array.nbytes

    def shown(self) -> NDArray[Any]:
        return self._array[: self._size]

    def append(self, values: NDArray[Any]) -> None:
        size = self._size + len(values)
        self._reserve(size)
        self._array[self._size : size] = values
        self._size = size

    def put(self, places: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Overwrite; readers of earlier slices may see it."""
        self._reserve(self._size)
        self._array[places] = values

    def add_at(self, places: NDArray[Any], values: NDArray[Any]) -> None:
        """Add, also where a place is named more than once."""
        self._reserve(self._size)
        np.add.at(self._array, places, values)

    def _reserve(self, size: int) -> None:
        if size <= len(self._array) and self._array.flags.writeable:
            return
        capacity = size if not self._size else max(size, int(self._size * _GROWTH), CAPACITY_MIN)
        grown = np.zeros((max(capacity, CAPACITY_MIN), *self._array.shape[1:]), dtype=self._array.dtype)
        grown[: self._size] = self._array[: self._size]
        self._array = grown
