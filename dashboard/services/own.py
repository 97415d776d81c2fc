"""The models that a session added: known to that session alone, and held in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.values import ModelCard

if TYPE_CHECKING:  # the frame of the app is there before torch is
    from core.classifier import Classifier

MOST = 3


@dataclass
class OwnModels:
    """{key: classifier}, the newest last; the oldest leave when there are too many."""

    classifiers: dict[str, Classifier] = field(default_factory=dict)

    def cards(self) -> tuple[ModelCard, ...]:
        """Their cards."""
        return tuple(classifier.card for classifier in self.classifiers.values())

    def add(self, classifier: Classifier) -> None:
        """Make a model known to this session."""
        self.remove(classifier.card.key)
        self.classifiers[classifier.card.key] = classifier
        for oldest in list(self.classifiers)[:-MOST]:
            self.remove(oldest)

    def remove(self, key: str) -> None:
        """Forget a model, where it is known."""
        self.classifiers.pop(key, None)
