"""Results that are kept by all of their inputs, as long as there is room."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from core.values import ModelCard

K = TypeVar("K")
T = TypeVar("T")


class Shelf(Generic[K, T]):
    """Results with the card of their model; those not looked at for longest leave where all take too many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[T, ModelCard | None, int]] = OrderedDict()

    def put(self, key: K, result: T, card: ModelCard | None) -> None:
        """Keep a result, if it fits at all."""
        taken = size(result)
        if taken > self._most:
            return
        with self._lock:
            self._kept[key] = result, card, taken
            self._kept.move_to_end(key)
            while sum(taken for _, _, taken in self._kept.values()) > self._most:
                self._kept.popitem(last=False)

    def get(self, key: K, card: ModelCard | None) -> T | None:
        """What is kept of this key and a model with this card."""
        with self._lock:
            result, made_with, _ = self._kept.get(key, (None, None, 0))
            if result is None or made_with != card:
                return None
            self._kept.move_to_end(key)
            return result

    def kept(self) -> tuple[K, ...]:
        """Of all that is kept."""
        with self._lock:
            return tuple(self._kept)


def size(value: Any) -> int:
    """Bytes of the arrays and texts in a value."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, str):
        return len(value)
    if dataclasses.is_dataclass(value):
        return sum(size(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return sum(size(key) + size(part) for key, part in value.items())
    return sum(map(size, value)) if isinstance(value, tuple) else 0
