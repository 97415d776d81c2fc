"""What is done to a classifier is done to the surrogate that it offers."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from core.progress import Meter
from tests.toys import linear_classifier

X = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
OTHER = linear_classifier(seed=1)
MODEL = dataclasses.replace(linear_classifier(), surrogate=lambda: OTHER)


def test_it_sees_what_the_model_is_shown() -> None:
    half = MODEL.through(lambda x: x / 2).through(lambda x: x + 0.1)
    assert half.surrogate is not None
    torch.testing.assert_close(half.surrogate()(X), OTHER((X + 0.1) / 2))
    torch.testing.assert_close(OTHER(X), linear_classifier(seed=1)(X))


def test_its_passes_are_told_aside() -> None:
    asked, aside = list[Tensor](), list[Tensor]()
    watched = MODEL.watched(lambda x, _: asked.append(x), lambda x, _: aside.append(x)).through(lambda x: x / 2)
    assert watched.surrogate is not None
    watched.surrogate()(X)
    assert (len(asked), len(aside)) == (0, 1)
    torch.testing.assert_close(aside[0], X / 2)
    watched(X)
    assert (len(asked), len(aside)) == (1, 1)


def test_who_offers_none_goes_on_offering_none() -> None:
    changed = linear_classifier().watched(lambda x, _: None, lambda x, _: None).through(lambda x: x)
    assert changed.surrogate is None
    assert "surrogate" not in changed.offers
    assert "surrogate" in MODEL.offers


def test_a_meter_counts_them_as_work_and_not_as_images() -> None:
    seen: list[float] = []
    meter = Meter(expected=8, report=seen.append)
    watched = MODEL.watched(meter, meter.aside)
    watched(X)
    assert watched.surrogate is not None
    watched.surrogate()(X)
    assert (meter.images, meter.others) == (2, 2)
    assert seen == [0.25, 0.5]
