"""One cell of the grid: what it is made from, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from core.errors import SecondLookError
from core.values import View
from dashboard.components.comparing.axes import Setup
from dashboard.components.comparing.pickers import Shown, Side
from dashboard.services.finished import Finished, Request
from dashboard.services.grid import Grid
from evaluation.suitability import NotSuitable, Objection
from evaluation.words import finding

LETTERS = "ABCD"


@dataclass(frozen=True, eq=False)
class Cell:
    """code is its place ("B2": second row, second column), title what varies; request is None where there can be no
    result."""

    code: str
    title: str
    setup: Setup
    request: Request | None
    grid: Grid

    @property
    def name(self) -> str:
        """Code and title."""
        return f"{self.code} {self.title}"

    @cached_property
    def finished(self) -> Finished | None:
        """The result, if it was there when this was first asked: a page must not change while it is drawn."""
        return self.grid.get(self.request) if self.request else None

    @property
    def running(self) -> bool:
        """Whether it is computed just now."""
        return self.request is not None and self.grid.running(self.request)

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What speaks against asking the model about the case, as far as that is known and not overridden."""
        error = self._error
        return error.objections if isinstance(error, NotSuitable) else ()

    @property
    def why_not(self) -> str:
        """Why there is no result and none will come; empty otherwise."""
        if self.request is None:
            return f"This model does not look for {finding(self.setup.label)}."
        if self.objections:
            return "Out of scope. " + " ".join(objection.reason for objection in self.objections)
        return f"{self._error.what}: {self._error.why}." if self._error else ""

    def view(self, shown: Shown) -> View | None:
        """What the model says of the picture that is shown, and why."""
        if self.finished is None:
            return None
        comparison = self.finished.comparison
        return comparison.clean if shown == "Clean" else comparison.perturbed

    @property
    def target(self) -> int:
        """The position of the finding among the labels of the model."""
        return self.setup.card.labels.index(self.setup.label)

    @property
    def control_flips(self) -> bool:
        """Whether random noise of the same size flips the decision."""
        if self.finished is None:
            return False
        comparison = self.finished.comparison
        before, noisy = comparison.clean.prediction, comparison.controlled.prediction
        return bool(before.positive[self.target] != noisy.positive[self.target])

    def differs(self, other: Cell, shown: Shown) -> bool:
        """Whether the decision on the picture that is shown is another than there."""
        here, there = self.view(shown), other.view(shown)
        if here is None or there is None:
            return False
        return bool(here.prediction.positive[self.target] != there.prediction.positive[other.target])

    def shares_frame(self, other: Cell) -> bool:
        """Whether the maps of both lie over the same pixels of the same picture."""
        here, there = self.finished, other.finished
        if here is None or there is None:
            return False
        return (here.request.subject, here.geometry) == (there.request.subject, there.geometry)

    @property
    def _error(self) -> SecondLookError | None:
        return self.grid.errors.get(self.request) if self.request else None


def cells_of(setup: Setup, rows: Side, columns: Side, grid: Grid) -> list[Cell]:
    """The cells row by row."""
    cells = []
    for letter, (down, row) in zip(LETTERS, _briefs(setup, rows).items(), strict=False):
        for number, (across, column) in enumerate(_briefs(setup, columns).items(), 1):
            made = columns.axis.put(rows.axis.put(setup, down), across)
            cells.append(Cell(f"{letter}{number}", f"{row} · {column}", made, made.request(), grid))
    return cells


def _briefs(setup: Setup, side: Side) -> dict[str, str]:
    """{key: few words}, or whole names where few words are not enough to tell them apart."""
    briefs = {key: side.axis.brief(side.axis.put(setup, key)) for key in side.names}
    return briefs if len(set(briefs.values())) == len(briefs) else dict(side.names)
