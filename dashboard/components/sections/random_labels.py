"""What the network that learned random labels knows, by which maps of the model are checked."""

from __future__ import annotations

from core.values import ModelCard
from dashboard.components.message import message
from dashboard.components.scores import count, interval
from evaluation.words import in_sentence
from explainers.metrics import MEASURES
from model_zoo.random_labels import learned_by


def random_labels(card: ModelCard) -> None:
    """How many of its labels it knows, and how it tells the finding."""
    learned = learned_by(card)
    assert learned is not None
    finding = learned.finding
    message(
        f"The {in_sentence(MEASURES['random_labels'].name)} of a map, on the page Explain, asks a second network. It "
        f"was trained on {learned.pictures:,} pictures of the training split whose labels were drawn at random, "
        f"equally often with and without the finding, and knows {learned.labels:,} of these labels by heart. In "
        f"{count(finding)} validation pictures, with their true labels, its AUROC is {finding.value:.3f} (95 % "
        f"interval {interval(finding)}); guessing has 0.5."
    )
