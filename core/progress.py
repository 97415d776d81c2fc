"""Progress and cancel without a line in the methods: a meter watches the passes through the classifier."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from torch import Tensor

from core.errors import Cancelled

Report: TypeAlias = Callable[[float], None]


@dataclass
class Meter:
    """Counts images, reports the share done, raises Cancelled at the next pass once cancel is set.

    Hand it to Classifier.watched. With keep=True it also keeps (images (N, C, h, w), logits (N, K)) of every pass.
    """

    expected: int
    report: Report | None = None
    cancel: threading.Event | None = None
    keep: bool = False
    images: int = 0
    passes: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def __call__(self, x: Tensor, logits: Tensor) -> None:
        self.images += len(x)
        if self.keep:
            self.passes.append((x, logits))
        if self.report is not None:
            self.report(min(1.0, self.images / max(1, self.expected)))
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled
