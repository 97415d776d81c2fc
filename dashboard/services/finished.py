"""What the main page asks for, and what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from core.params import Params
from core.values import Case, Comparison, Direction, Geometry, Grays, Modality, Prediction, View, content_id
from evaluation.regions import Place, Rectangle
from evaluation.suitability import Objection

Mark: TypeAlias = Prediction | tuple[Objection, ...]  # what a model says of a case, or why it is not asked


@dataclass(frozen=True)
class Subject:
    """What results depend on of a case: case_id names the pixels alone, so what else is read of it stands beside it.

    grays: a digest of the values behind the pixels, in which pictures are drawn; empty where there are none.
    """

    case_id: str
    modality: Modality
    spacing_mm: tuple[float, float] | None
    source: tuple[tuple[str, str], ...]
    grays: str = ""

    @classmethod
    def of(cls, case: Case) -> Subject:
        """The subject that this case is."""
        return cls(case.id, case.modality, case.spacing_mm, tuple(case.source.items()), _digest(case.grays))


def _digest(grays: Grays | None) -> str:
    return "" if grays is None else f"{grays.window} {grays.inverted} {grays.unit} {content_id(grays.values)}"


@dataclass(frozen=True)
class Request:
    """Everything a comparison depends on; equal requests have equal results.

    point names the operating point of the model; anyway: the reader overrides what speaks against the case.
    defense: the key of what stands before the model, if anything; unaware: whoever attacks does not know of it.
    attack_region and explain_region: the only part of the case that may be changed or is explained; attack_outside: all
    but that part may be changed.
    """

    subject: Subject
    model: str
    point: str
    anyway: bool
    target: int
    explainer: str
    explainer_params: Params
    perturbation: str
    perturbation_params: Params
    direction: Direction | None
    seed: int
    attack_region: Place | None = None
    explain_region: Rectangle | None = None
    defense: str = ""
    defense_params: Params | None = None
    unaware: bool = False
    attack_outside: bool = False


@dataclass(frozen=True, eq=False)
class Drawn:
    """Data URIs of what the viewer shows of a comparison; low and high are the scale that the maps share,
    -high and high that of their difference; beyond: whether some places exceed it and have the color of its end."""

    perturbed: str
    change: str
    magnification: int
    low: float
    high: float
    beyond: bool
    before: str
    difference: str
    after: str


@dataclass(frozen=True, eq=False)
class Preview:
    """What is known of a request before anything is perturbed: heat is the data URI of the map on its own scale."""

    request: Request
    clean: View
    geometry: Geometry
    heat: str
    low: float
    high: float
    beyond: bool


@dataclass(frozen=True, eq=False)
class Finished:
    """A comparison, how it is drawn, and marks of this and the other cases of the worklist."""

    request: Request
    comparison: Comparison
    geometry: Geometry
    drawn: Drawn
    marks: Mapping[Subject, Mark]
