"""One progress over several computations."""

from __future__ import annotations

from core.progress import Report


def part(report: Report | None, start: float, length: float) -> Report | None:
    """The report of a computation that makes up length of the whole, from start on, both as shares."""
    return None if report is None else lambda share: report(start + length * share)
