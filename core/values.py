"""The nouns: frozen values that cross the borders between packages. NumPy only, no torch.

Legend of shapes: H, W case pixels; h, w model pixels; C channels (1 gray, 3 RGB); K labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.params import Value

Floats: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Direction: TypeAlias = Literal["hide", "induce"]
Modality: TypeAlias = Literal["cxr", "dermoscopy", "fundus"]
Better: TypeAlias = Literal["higher", "lower", "nearer 0"]
Role: TypeAlias = Literal["standard", "robust", "regularized", "distilled", "backdoored", "surrogate", "foreign"]
Format: TypeAlias = Literal["timm", "torchscript", "export", "onnx"]

MODALITIES: Mapping[Modality, str] = {
    "cxr": "Chest X-ray",
    "dermoscopy": "Dermoscopy",
    "fundus": "Fundus photograph",
}
ROLES: Mapping[Role, str] = {
    "standard": "Standard models",
    "robust": "Robust twins, trained against an attacker",
    "regularized": "Twins trained to have small gradients",
    "distilled": "Twins taught by the standard model: a defense that was broken",
    "foreign": "Models from elsewhere",
    "backdoored": "Teaching models with a planted fault",
    "surrogate": "Surrogates, used only as the attacker's model",
}


@dataclass(frozen=True, eq=False)
class Grays:
    """What a display window is laid over, of a gray picture.

    values (H, W) float32 after the Modality LUT (PS3.3 C.11.1), in unit; window (center, width) as LINEAR_EXACT takes
    them (PS3.3 C.11.2.1.3.2), the one in which Case.pixels show the values; inverted: high values are dark.
    """

    values: Floats
    window: tuple[float, float]
    inverted: bool
    unit: str


@dataclass(frozen=True, eq=False)
class Case:
    """One de-identified image.

    id: first 16 hex digits of the sha256 of the pixels; pixels (H, W, C) float32 in [0, 1], display-referred,
    C is 1 or 3; spacing_mm (row, column) of a pixel where known; truth {label: present}; regions
    {name: (H, W) bool}; source: the few header fields that are kept; notes: what reading did or assumed; grays: the
    values behind the pixels of a gray image that is shown through a window; orientation: the anatomical
    directions of rows (to the right) and columns (down) where known, e.g. ("L", "F") (PS3.3 C.7.6.1.1.1).
    """

    id: str
    name: str
    modality: Modality
    pixels: Floats
    spacing_mm: tuple[float, float] | None = None
    truth: Mapping[str, bool] = field(default_factory=dict)
    regions: Mapping[str, Mask] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    grays: Grays | None = None
    orientation: tuple[str, str] | None = None


def content_id(pixels: Floats) -> str:
    """16 hex digits that name these pixels and nothing else."""
    digest = hashlib.sha256(repr((pixels.shape, pixels.dtype.str)).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class InputSpec:
    """What a model takes: modality, channels, size (pixels of the square input) and how a case is fitted.

    fit "squash" resizes the whole picture; "fov" first crops a fundus photograph to its field of view, and the
    model sees nothing outside its aperture. Inside the network, pixels x in [0, 1] become (x - mean) / std, with one
    value for all channels or one for each, and one channel is repeated to as many planes as the network takes.
    """

    modality: Modality
    channels: int
    size: int
    fit: Literal["squash", "fov"]
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    planes: int = 3

    @property
    def visible(self) -> Mask:
        """(size, size) where the model can see anything."""
        return aperture(self.size) if self.fit == "fov" else np.ones((self.size, self.size), dtype=np.bool_)


def aperture(size: int) -> Mask:
    """(size, size) inside the circle, 2 % smaller than the inscribed one, through which a "fov" model looks."""
    across = (np.arange(size) + 0.5) / size * 2 - 1
    inside: Mask = across[:, None] ** 2 + across[None, :] ** 2 <= 0.98**2
    return inside


@dataclass(frozen=True)
class Score:
    """A value with its unit, the direction that is better, and where it is a rate its n and 95 % interval."""

    value: float
    unit: str = ""
    better: Better | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None


@dataclass(frozen=True)
class DataSource:
    """Data a model was trained on."""

    name: str
    images: int
    license: str
    link: str


@dataclass(frozen=True)
class ModelCard:
    """One TOML file: what a model is, what it was trained on, and what was measured.

    labels: the K findings, in the order of the network's outputs; hidden: positions of the outputs that have no label,
    because they were not trained. head "independent": a logit / temperature goes through a sigmoid; "exclusive": the
    outputs / temperature go through a softmax over all of them, and the logit of a label is its log-odds against the
    rest. operating_points {name: K calibrated probabilities from which a label is flagged}, the default first.
    weights: a file name; source: where to get it, "https://..." or "hf-hub:owner/name" (or "hf-hub:owner/name/file"
    where the file has another name there) or nothing; sha256 may be empty for a foreign model. role "surrogate" marks
    models that are only ever the attacker's; twin: the model that this one was made for. scope: the feature distance
    beyond which an image is out of scope. results {measure: Score} on the named test split.
    """

    key: str
    name: str
    summary: str
    input: InputSpec
    labels: tuple[str, ...]
    operating_points: Mapping[str, tuple[float, ...]]
    temperature: float
    architecture: str
    weights: str
    sha256: str
    license: str
    training: tuple[DataSource, ...]
    results: Mapping[str, Score]
    test_split: str
    intended_use: str
    limits: tuple[str, ...]
    role: Role = "standard"
    twin: str = ""
    format: Format = "timm"
    source: str = ""
    head: Literal["independent", "exclusive"] = "independent"
    hidden: tuple[int, ...] = ()
    scope: float | None = None

    @property
    def outputs(self) -> tuple[int, ...]:
        """The position of each label among the outputs of the network."""
        return tuple(i for i in range(len(self.labels) + len(self.hidden)) if i not in self.hidden)

    @property
    def scale(self) -> float:
        """What the logit of a label is divided by before the sigmoid."""
        return 1.0 if self.head == "exclusive" else self.temperature

    def thresholds(self, point: str | None = None) -> tuple[float, ...]:
        """The K thresholds of an operating point, by default the first."""
        return self.operating_points[point or next(iter(self.operating_points))]


@dataclass(frozen=True, eq=False)
class Prediction:
    """logits, probabilities (calibrated) and thresholds, each (K,), beside their labels."""

    labels: tuple[str, ...]
    logits: Floats
    probabilities: Floats
    thresholds: Floats

    @property
    def positive(self) -> Mask:
        """(K,) whether each probability reaches its threshold."""
        return self.probabilities >= self.thresholds


@dataclass(frozen=True)
class Goal:
    """What a perturbation tries to do to one finding: hide it or induce it."""

    target: int
    direction: Direction

    @classmethod
    def against(cls, prediction: Prediction, target: int) -> Goal:
        """The goal that flips the decision as it stands."""
        return cls(target, "hide" if prediction.positive[target] else "induce")

    @classmethod
    def standing(cls, prediction: Prediction, target: int) -> Goal:
        """The goal that keeps the decision as it stands."""
        return cls(target, "induce" if prediction.positive[target] else "hide")

    def loss(self, logits: Any) -> Any:
        """(N, K) logits -> (N,), falling as the goal comes nearer. Array or tensor."""
        evidence = logits[:, self.target]
        return evidence if self.direction == "hide" else -evidence

    def reached(self, prediction: Prediction) -> bool:
        """Whether the decision is now what the goal wants."""
        return bool(prediction.positive[self.target]) == (self.direction == "induce")


@dataclass(frozen=True, eq=False)
class Attribution:
    """What one score depends on.

    heat (h, w) float32 in the model frame, raw, never rescaled; unit of one value of heat; signed: whether
    negative values mean evidence against; residual: for complete methods, (sum of heat) - (logit - baseline logit),
    in logits; region: (h, w) where heat was kept, None if everywhere; against: the label that target is explained in
    contrast to, None if for itself; cells: (rows, columns) what heat was smoothly enlarged from, 0 where the center of
    a cell is not kept; None where the method gives each pixel a value of its own.
    """

    method: str
    params: Mapping[str, Value]
    target: int
    seed: int
    heat: Floats
    signed: bool
    unit: str
    residual: float | None
    seconds: float
    region: Mask | None = None
    against: int | None = None
    cells: Floats | None = None


@dataclass(frozen=True)
class Assessment:
    """What a measure says of a map, and of maps that know nothing of model and image: random values, n times, and a
    blob in the center. random is the mean over these n, with n, and random_best the best of them. curve and
    random_curve are points (x, y) that scores were read from, if any."""

    measure: str
    params: Mapping[str, Value]
    score: Score
    random: Score
    random_best: float
    center: Score
    curve: tuple[tuple[float, float], ...] = ()
    random_curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Norms:
    """Size of a change: linf_255 largest change of any pixel in gray levels (/255); l2 in [0, 1] units over all
    pixels and channels; changed share of pixels that differ; ssim structural similarity (1 is identical)."""

    linf_255: float
    l2: float
    changed: float
    ssim: float


@dataclass(frozen=True)
class Saved:
    """Whether the goal is reached by what is left of an image after rounding to 8 bits, and after JPEG (quality 95)."""

    eight_bit: bool
    jpeg: bool


@dataclass(frozen=True)
class Reached:
    """Whether the goal was reached by the float image, and by what saving leaves of it; None where that is not known,
    as in an answer that is to be there soon."""

    as_float: bool
    saved: Saved | None


@dataclass(frozen=True, eq=False)
class Step:
    """One iterate of an attack: perturbed (C, h, w) and its logits (K,)."""

    perturbed: Floats
    logits: Floats


@dataclass(frozen=True, eq=False)
class Perturbation:
    """A changed image beside the clean one, both (C, h, w) float32 in [0, 1]; queries counts the images sent
    through the model; trajectory holds the iterates of iterative attacks; region (h, w): the only pixels that were
    allowed to change, None if all."""

    method: str
    params: Mapping[str, Value]
    goal: Goal
    seed: int
    clean: Floats
    perturbed: Floats
    norms: Norms
    reached: Reached
    queries: int
    seconds: float
    trajectory: tuple[Step, ...] = ()
    region: Mask | None = None


@dataclass(frozen=True)
class Caution:
    """A reason not to believe the number called about."""

    about: str
    reason: str


@dataclass(frozen=True, eq=False)
class View:
    """One pane: the prediction on an image and what its score depends on."""

    prediction: Prediction
    attribution: Attribution


@dataclass(frozen=True, eq=False)
class Comparison:
    """Clean beside perturbed, and both beside a random control of equal size.

    explanation_change and control_change {measure: Score} compare the clean map with the perturbed and with the
    control map.
    """

    target: int
    perturbation: Perturbation
    control: Perturbation
    clean: View
    perturbed: View
    controlled: View
    explanation_change: Mapping[str, Score]
    control_change: Mapping[str, Score]
    cautions: tuple[Caution, ...]

    @property
    def flipped(self) -> bool:
        """Whether the decision on the target changed."""
        before, after = self.clean.prediction.positive, self.perturbed.prediction.positive
        return bool(before[self.target] != after[self.target])


@dataclass(frozen=True)
class Geometry:
    """Case pixels <-> model pixels: box (top, left, bottom, right) of the case is resized to (size, size)."""

    case_shape: tuple[int, int]
    box: tuple[int, int, int, int]
    size: int

    @property
    def scale(self) -> tuple[float, float]:
        """Case pixels per model pixel, (row, column)."""
        top, left, bottom, right = self.box
        return (bottom - top) / self.size, (right - left) / self.size
