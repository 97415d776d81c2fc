"""Classifier: a card and its network, one door for viewer, attack, explainer and report."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import InputError, ParameterError, UnknownName
from core.tape import Do, hooks_of, tape_of, through_layers
from core.values import Floats, Mask, ModelCard, Prediction

OnPass: TypeAlias = Callable[[Tensor, Tensor], None]
Ask: TypeAlias = Callable[[Tensor], Tensor]

FULL = 16
"""Images in a full batch, of which forward_only takes one; methods that only look send such batches."""
RECENT = 4  # batches whose logits are remembered
NEVER = 1e-6  # nearer to 0 or 1 than this no threshold is taken


class Recent:
    """The latest batches of images that networks were shown, and their logits."""

    def __init__(self) -> None:
        self._latest: tuple[tuple[nn.Module, Tensor, Tensor], ...] = ()

    def find(self, network: nn.Module, x: Tensor) -> Tensor | None:
        """What network said of x, if that is known."""
        latest = self._latest
        known = (logits.clone() for shown, images, logits in latest if shown is network and torch.equal(images, x))
        return next(known, None)

    def add(self, network: nn.Module, x: Tensor, logits: Tensor) -> Tensor:
        """Keep it, in place of the oldest; gives logits back."""
        self._latest = ((network, x.clone(), logits.clone()), *self._latest[: RECENT - 1])
        return logits


@dataclass(frozen=True, eq=False)
class Classifier:
    """(N, C, h, w) float32 in [0, 1] -> (N, K) logits. Normalization lives inside network; its layers and weights are
    frozen: whoever wants others makes another network.

    cam_layer is the last convolutional feature map, for Grad-CAM; differentiable says whether gradients flow through
    network; distance maps (N, C, h, w) to how far each image is from the training data (N,), see ModelCard.scope.
    surrogate gives the model that an attacker without this one trains instead, universal two changes (2, C, h, w) of
    largest value 1 that were found to hide and to induce the first label on many images, denoiser a map of (N, C, h, w)
    in [0, 1] to the same that takes back what was done to it, random_labels a model like this one that learned labels
    drawn at random; all are loaded when called.
    A model that can't offer one of them has None or False. point names the operating point; the card's first is the
    default. forward_only gives the logits of FULL images in less time than network, where no gradient is asked for, no
    feature map is shown and no hook is set; whoever exchanges network sets it to None. transform, see through();
    answer, see answering(); contrast, see versus(); recent, see recalling(); on_features, see showing(); do, see
    doing(). lock is held during each pass through the layers of network; hold it while hooks are put on the network,
    and never around a pass: others may be served between two passes, and would wait for ever.
    """

    card: ModelCard
    network: nn.Module
    cam_layer: nn.Module | None
    lock: Any = field(default_factory=threading.Lock)
    on_pass: OnPass | None = None
    point: str | None = None
    differentiable: bool = True
    distance: Callable[[Tensor], Tensor] | None = None
    transform: Callable[[Tensor], Tensor] | None = None
    answer: Callable[[Ask, Tensor], Tensor] | None = None
    contrast: tuple[int, int] | None = None
    surrogate: Callable[[], Classifier] | None = None
    universal: Callable[[], Floats] | None = None
    denoiser: Callable[[], Callable[[Tensor], Tensor]] | None = None
    random_labels: Callable[[], Classifier] | None = None
    forward_only: Ask | None = None
    recent: Recent | None = None
    on_features: Callable[[Tensor], None] | None = None
    do: Do | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self.transform is not None:
            x = self.transform(x)
        logits = self._pass(x) if self.answer is None else self.answer(self._pass, x)
        if self.contrast is not None:
            target, other = self.contrast
            logits = logits.index_add(1, torch.tensor([target]), logits[:, [other]], alpha=-1)
        if self.on_pass is not None:
            self.on_pass(x.detach(), logits.detach())
        return logits

    def _pass(self, x: Tensor) -> Tensor:
        plain = self.recent is None and len(x) != FULL
        if plain or torch.is_grad_enabled() or self.on_features is not None or any(hooks_of(self.network)):
            return self._through_network(x)
        if self.recent is None:
            return self._look(x)
        known = self.recent.find(self.network, x)
        return self.recent.add(self.network, x, self._look(x)) if known is None else known

    def _look(self, x: Tensor) -> Tensor:
        return self.forward_only(x) if self.forward_only and len(x) == FULL else self._through_network(x)

    def _through_network(self, x: Tensor) -> Tensor:
        tape = tape_of(self.network, self.cam_layer, x)
        if tape is not None:
            logits, maps = tape.run(x, self.do)
        else:
            with self.lock:
                show, watched = self.on_features is not None, self.do is not None
                logits, maps = through_layers(self.network, self.cam_layer, x, show=show, watched=watched)
        if self.on_features is not None:
            for features in maps:
                self.on_features(features)
        return logits

    def watched(self, on_pass: OnPass, aside: OnPass | None = None) -> Classifier:
        """The same classifier that also calls on_pass(x, logits) after each pass, and aside(x, logits) after each pass
        of its surrogate; both may raise Cancelled."""
        watched = dataclasses.replace(self, on_pass=on_pass)
        return watched if aside is None else watched._with_surrogate(lambda other: other.watched(aside))

    def recalling(self) -> Classifier:
        """The same classifier that sends no batch through network a second time that it was just asked about, where no
        gradient is asked for and no hook is set: for a run that comes back to its result, and no longer. What is random
        around network is drawn anew each time."""
        return self if self.recent is not None else dataclasses.replace(self, recent=Recent())

    def through(self, transform: Callable[[Tensor], Tensor]) -> Classifier:
        """The same classifier that is shown transform(x), of the shape of x, in place of x, and so is its surrogate;
        on_pass sees what it is shown. Of several, the last added comes first."""
        before = self.transform
        both = transform if before is None else lambda x: before(transform(x))
        return dataclasses.replace(self, transform=both)._with_surrogate(lambda other: other.through(transform))

    def _with_surrogate(self, change: Callable[[Classifier], Classifier]) -> Classifier:
        surrogate = self.surrogate
        return self if surrogate is None else dataclasses.replace(self, surrogate=lambda: change(surrogate()))

    def showing(self, on_features: Callable[[Tensor], None]) -> Classifier:
        """The same classifier that calls on_features, and no other, with what cam_layer, which it must have, gives in
        each pass through network: (N, D, rows, columns)."""
        assert self.cam_layer is not None, "a method that reads feature maps declares that it needs them"
        return dataclasses.replace(self, on_features=on_features)

    def doing(self, do: Do) -> Classifier:
        """The same classifier whose network, where it is known what its layers do, has each operation done by do; see
        core/tape.py. Networks without a tape ignore it: whoever asks for it handles them himself."""
        return dataclasses.replace(self, do=do)

    def answering(self, answer: Callable[[Ask, Tensor], Tensor]) -> Classifier:
        """The same classifier that answers x, after transform, with answer(ask, x); ask(x) is what it answered before,
        and may be called any number of times. on_pass sees x and the answer, once. Of several, the last added comes
        first."""
        before = self.answer
        both = answer if before is None else lambda ask, x: answer(lambda shown: before(ask, shown), x)
        return dataclasses.replace(self, answer=both)

    def versus(self, target: int, other: int) -> Classifier:
        """The same classifier whose logit of target is how far it exceeds that of other: for explanations only, since
        its predictions mean nothing. Raises ParameterError unless both are labels, and two."""
        count = len(self.card.labels)
        if not (0 <= target < count and 0 <= other < count) or target == other:
            rule = f"{self.card.key} has labels 0 to {count - 1}, and needs two of them, not {target} and {other}"
            raise ParameterError("Contrast", rule, "Choose two of its labels.")
        return dataclasses.replace(self, contrast=(target, other))

    def at(self, point: str) -> Classifier:
        """The same classifier at another operating point; raises UnknownName listing what there is."""
        points = self.card.operating_points
        if point not in points:
            raise UnknownName(f"Operating point {point!r}", "is not known", f"Choose one of: {', '.join(points)}.")
        return dataclasses.replace(self, point=point)

    @property
    def offers(self) -> frozenset[str]:
        """What methods may need: "gradient", "feature map", "module tree" (layers that can be reached one by one),
        "feature distance", "surrogate", "universal change", "denoiser", "random labels"."""
        offered = {
            "gradient": self.differentiable,
            "feature map": self.differentiable and self.cam_layer is not None,
            "module tree": self.differentiable and self.card.format == "timm" and self.answer is None,
            "feature distance": self.distance is not None,
            "surrogate": self.surrogate is not None,
            "universal change": self.universal is not None,
            "denoiser": self.denoiser is not None,
            "random labels": self.random_labels is not None and self.answer is None,
        }
        return frozenset(need for need, there in offered.items() if there)

    @property
    def thresholds(self) -> Floats:
        """(K,) probabilities from which each label is flagged."""
        return np.asarray(self.card.thresholds(self.point), dtype=np.float32)

    @property
    def edges(self) -> Tensor:
        """(K,) logits from which each label is flagged; finite, also where everything or nothing is."""
        return torch.logit(torch.from_numpy(self.thresholds), NEVER) * self.card.scale

    def check(self, pixels: Floats, target: int = 0) -> None:
        """Refuse anything but (N, C, h, w) float32 in [0, 1] of this model's size (InputError), and a target that is
        none of its labels (ParameterError)."""
        spec, key = self.card.input, self.card.key
        wanted = (spec.channels, spec.size, spec.size)
        if pixels.shape[1:] != wanted:
            raise InputError("Image", f"{key} takes {wanted}, not {pixels.shape[1:]}", "Fit the case first.")
        if pixels.dtype != np.float32:
            raise InputError("Image", f"pixels must be float32, not {pixels.dtype}", "Fit the case first.")
        if not (pixels.min() >= 0 and pixels.max() <= 1):
            found = f"[{pixels.min():g}, {pixels.max():g}]"
            raise InputError("Image", f"pixels must lie in [0, 1], not {found}", "Fit the case first.")
        if not 0 <= target < len(self.card.labels):
            known = f"{key} has labels 0 to {len(self.card.labels) - 1}, not {target}"
            raise ParameterError("Target", known, "Choose one of its labels.")

    def check_region(self, region: Mask | None) -> None:
        """Refuse a region that is not (h, w) bool, or in which this model sees no pixel (InputError)."""
        if region is None:
            return
        visible = self.card.input.visible
        if region.shape != visible.shape or region.dtype != np.bool_:
            wanted = f"must be {visible.shape} bool, not {region.shape} {region.dtype}"
            raise InputError("Region", wanted, "Give a mask in the frame of the model.")
        if not (region & visible).any():
            raise InputError("Region", "holds nothing that the model sees", "Mark a part of the picture.")

    def predict(self, pixels: Floats) -> Prediction:
        """(C, h, w) in [0, 1] -> Prediction; raises InputError; see check."""
        return self.predict_batch(pixels[None])[0]

    def predict_batch(self, pixels: Floats) -> list[Prediction]:
        """(N, C, h, w) in [0, 1] -> N predictions; raises InputError; see check."""
        self.check(pixels)
        with torch.inference_mode():
            return self.interpret(self(torch.from_numpy(np.ascontiguousarray(pixels))))

    def interpret(self, logits: Tensor) -> list[Prediction]:
        """(N, K) logits -> N predictions with calibrated probabilities."""
        probabilities = torch.sigmoid(logits / self.card.scale)
        thresholds = self.thresholds
        return [
            Prediction(self.card.labels, z, p, thresholds)
            for z, p in zip(logits.numpy(force=True), probabilities.numpy(force=True), strict=True)
        ]
