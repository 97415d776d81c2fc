"""Split conformal prediction of a yes/no finding: "can't tell" at a coverage the user picks. NumPy only.

Label-conditional (Mondrian; Vovk 2012, arXiv:1209.2673; Angelopoulos & Bates 2021, arXiv:2107.07511): of new examples
that are exchangeable with the validation examples of their class, at least the share asked for (the coverage) keep
their true label in the set of answers: in each class on its own, and on average over validation sets. Pictures of one
patient are not quite exchangeable, and images of another source not at all: measure what is reached there.
The nonconformity of a label is 1 - its probability. Only the order of the probabilities counts, so a temperature and
shift fitted on the same validation examples change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import InputError, ParameterError
from core.values import Mask
from model_zoo.measures import sensitivity

Points: TypeAlias = npt.NDArray[np.float64]
Answer: TypeAlias = Literal["present", "absent", "unsure"]

ROUNDING = 1e-12  # far below the steps of a p-value, 1 / (n + 1)


@dataclass(frozen=True)
class Coverage:
    """Shares of test examples: with the finding (present) and without (absent), whose set holds the true label, nan
    where there are none; and of all, whose set holds both (unsure)."""

    present: float
    absent: float
    unsure: float


@dataclass(frozen=True, eq=False)
class Conformal:
    """Rising probabilities of the finding, of validation examples without it, absent (A,), and with it, present (P,).

    Raises InputError where either is empty.
    """

    absent: Points
    present: Points

    def __post_init__(self) -> None:
        for label, examples in (("absent", self.absent), ("present", self.present)):
            if len(examples) == 0:
                raise InputError(
                    "Conformal prediction",
                    f"no validation example has the finding {label}",
                    "Fit it on a split that holds both.",
                )

    @classmethod
    def fit(cls, probabilities: npt.ArrayLike, truth: Mask) -> Conformal:
        """From validation probabilities (N,) of the finding and truth (N,), whether it is present."""
        rising = np.asarray(probabilities, dtype=np.float64)
        return cls(np.sort(rising[~truth]), np.sort(rising[truth]))

    @property
    def highest_coverage(self) -> float:
        """n / (n + 1) of the rarer class with n examples: beyond it nothing can rule that label out."""
        n = min(len(self.absent), len(self.present))
        return n / (n + 1)

    def p_values(self, probability: npt.ArrayLike) -> tuple[Points, Points]:
        """(absent, present), each of the shape of probability, in (0, 1].

        (count + 1) / (n + 1), where count of the n validation examples of that class conform no better to it.
        """
        given = np.asarray(probability, dtype=np.float64)
        no_lower = len(self.absent) - np.searchsorted(self.absent, given, side="left")
        no_higher = np.searchsorted(self.present, given, side="right")
        return (no_lower + 1) / (len(self.absent) + 1), (no_higher + 1) / (len(self.present) + 1)

    def sets(self, probability: npt.ArrayLike, coverage: float) -> tuple[Mask, Mask]:
        """Whether the set of answers holds (absent, present), each of the shape of probability.

        A label is held whose p-value exceeds 1 - coverage. Where neither does, the set would be empty, which is no
        answer: it keeps the label with the larger p-value, both at a tie. A label more can only add coverage.
        Raises ParameterError unless 0 < coverage < 1.
        """
        if not 0 < coverage < 1:
            raise ParameterError("coverage", f"{coverage} is not between 0 and 1", "Choose e.g. 0.9.")
        absent, present = self.p_values(probability)
        floor = 1 - coverage + ROUNDING
        return (absent > floor) | (absent >= present), (present > floor) | (present >= absent)

    def answer(self, probability: float, coverage: float) -> Answer:
        """The label that sets() leaves for one probability, "unsure" where it leaves both."""
        absent, present = self.sets(probability, coverage)
        if absent and present:
            return "unsure"
        return "present" if present else "absent"

    def coverage(self, probabilities: npt.ArrayLike, truth: Mask, coverage: float) -> Coverage:
        """What was reached on test probabilities (N,) and truth (N,) at this nominal coverage."""
        absent, present = self.sets(probabilities, coverage)
        return Coverage(
            present=sensitivity(present, truth),
            absent=sensitivity(absent, ~truth),
            unsure=float((absent & present).mean()),
        )
