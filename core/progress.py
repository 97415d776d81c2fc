"""Progress and cancel without a line in the methods: a meter watches the passes through the classifier."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from core.errors import Cancelled

if TYPE_CHECKING:  # the frame of the app is there before torch is
    from torch import Tensor

Report: TypeAlias = Callable[[float], None]


@dataclass
class Meter:
    """Counts images, reports the share done, raises Cancelled at the next pass once cancel is set.

    Hand it to Classifier.watched. Whoever is reported to may keep the computation waiting, so no lock is held here.
    """

    expected: int
    report: Report | None = None
    cancel: threading.Event | None = None
    images: int = 0
    others: int = 0

    def __call__(self, x: Tensor, logits: Tensor) -> None:
        self.images += len(x)
        self._step()

    def aside(self, x: Tensor, logits: Tensor) -> None:
        """A pass through another model, which is work done but not one of the images."""
        self.others += len(x)
        self._step()

    def _step(self) -> None:
        if self.report is not None:
            self.report(min(1.0, (self.images + self.others) / max(1, self.expected)))
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled
