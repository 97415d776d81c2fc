"""Finished comparisons: those of bundled cases by installed models are kept for all sessions, any other for its own.

So whoever asks for what somebody asked before has it at once, and nobody ever sees what was uploaded elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Protocol

from core.errors import ModelError, UnknownName
from core.values import ModelCard
from dashboard.services.cases import bundled
from dashboard.services.finished import Finished, Mark, Request, Subject
from dashboard.services.first import first_comparison
from dashboard.services.shelf import Shelf
from model_zoo.cards import load_card

SHARED_BYTES, OWN_BYTES = 256 << 20, 128 << 20  # an attack keeps its iterates, some ten megabytes


class Key(Protocol):
    """Everything that a value depends on; equal keys have equal values."""

    @property
    def subject(self) -> Subject:
        """The case."""

    @property
    def model(self) -> str:
        """The key of the model."""


SHARED = Shelf[Request, Finished](SHARED_BYTES)


class Results(Mapping[Request, Finished]):
    """What one session may see."""

    def __init__(self) -> None:
        self._own = Shelf[Request, Finished](OWN_BYTES)

    def put(self, finished: Finished) -> Finished:
        """Keep a comparison, and give it back."""
        shared, card = kept_with(finished.request)
        if not shared:
            self._own.put(finished.request, finished, card)
        else:
            marks = {subject: mark for subject, mark in finished.marks.items() if subject in bundled_subjects()}
            SHARED.put(finished.request, dataclasses.replace(finished, marks=marks), card)
        return finished

    def __getitem__(self, request: Request) -> Finished:
        shared, card = kept_with(request)
        found = (SHARED if shared else self._own).get(request, card)
        if found is None and shared and card is not None and (found := first_comparison(request, card)) is not None:
            SHARED.put(request, found, card)
        if found is None:
            raise KeyError(request)
        return found

    def __iter__(self) -> Iterator[Request]:
        return (request for request in (*self._own.kept(), *SHARED.kept()) if self.get(request) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def shared_marks(self, model: str) -> Mapping[Subject, Mark]:
        """What a model is known to say of the bundled cases."""
        known: dict[Subject, Mark] = {}
        for request in SHARED.kept():
            if request.model == model and not request.anyway and (found := self.get(request)) is not None:
                known |= found.marks
        return known


def kept_with(key: Key) -> tuple[bool, ModelCard | None]:
    """Whether all sessions may see a result, and the card of its model, with which the result goes out of date; None
    where the model was uploaded, and its key stands for its content, or where its card has been damaged since."""
    try:
        card = load_card(key.model)
    except (UnknownName, ModelError):
        return False, None
    return key.subject in bundled_subjects(), card


@cache
def bundled_subjects() -> frozenset[Subject]:
    """Those of the cases that come with Second Look."""
    return frozenset(Subject.of(entry.case) for entry in bundled())
