"""The models of this installation."""

from __future__ import annotations

from collections.abc import Mapping

from core.values import Modality, ModelCard
from model_zoo.cards import cards


def models() -> Mapping[str, ModelCard]:
    """{key: card} of every model, in the order of the cards."""
    return {card.key: card for card in cards()}


def models_for(modality: Modality) -> list[str]:
    """Keys of the models that read this kind of picture."""
    return [key for key, card in models().items() if card.input.modality == modality]
