"""Certificates against the formula of Cohen et al., an exact interval, and a linear model whose radius is known."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, norm

from core.errors import Cancelled, InputError, ParameterError
from core.values import Floats
from defenses import CertifyParams, certify
from defenses._certify import least_share
from tests.toys import Linear, linear_classifier, small_cnn_classifier


def at_distance(distance: float) -> Floats:
    """A picture at this l2 distance from the decision border of linear_classifier(), on the side that is flagged."""
    network = linear_classifier().network
    assert isinstance(network, Linear)
    weight = network.weight[0].detach()
    return (0.5 + distance * weight / weight.norm()).numpy()


@pytest.mark.parametrize(("agreeing", "votes"), [(0, 10), (1, 10), (600, 1000), (999, 1000), (1000, 1000)])
@pytest.mark.parametrize("doubt", [0.001, 0.05])
def test_the_share_is_that_of_clopper_and_pearson(agreeing: int, votes: int, doubt: float) -> None:
    exact = binomtest(agreeing, votes, alternative="greater").proportion_ci(1 - doubt, method="exact").low
    assert least_share(agreeing, votes, doubt) == pytest.approx(exact, abs=1e-12)


def test_votes_that_all_agree_prove_as_much_as_their_number_allows() -> None:
    params = CertifyParams(sigma=4, first=10, votes=1000)
    found = certify(linear_classifier(), at_distance(1.0), params=params)
    assert (found.flagged, found.agreeing, found.votes) == (True, 1000, 1000)
    assert found.share == pytest.approx(0.001 ** (1 / 1000))
    assert found.radius == pytest.approx(4 / 255 * norm.ppf(0.001 ** (1 / 1000)))
    assert found.level == pytest.approx(255 * found.radius / 16)


def test_the_radius_is_below_the_distance_of_the_border_and_near_it_with_many_votes() -> None:
    """The model under noise is flagged with probability Phi(distance / sigma), so the formula gives the distance."""
    distance, params = 0.05, CertifyParams(sigma=8, first=100, votes=20000)
    found = certify(linear_classifier(), at_distance(distance), params=params)
    assert found.flagged
    assert 0.9 * distance < found.radius < distance
    assert found.radius == pytest.approx(8 / 255 * norm.ppf(found.share))


def test_the_other_side_is_certified_as_not_flagged() -> None:
    found = certify(linear_classifier(), at_distance(-0.1))
    assert found.flagged is False
    assert found.radius > 0


def test_on_the_border_it_abstains() -> None:
    found = certify(linear_classifier(), at_distance(0.0))
    assert (found.flagged, found.radius, found.level) == (None, 0, 0)
    assert found.share <= 0.5
    assert found.votes == 1000


def test_the_seed_decides_and_progress_rises_to_one() -> None:
    pixels, seen = at_distance(0.03), list[float]()
    first, again, other = (
        certify(linear_classifier(), pixels, seed=seed, report=seen.append if seed == 2 else None) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert seen[-2] < 1


def test_cancel_and_mistakes() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        certify(small_cnn_classifier(), np.zeros((1, 32, 32), np.float32), cancel=cancel)
    with pytest.raises(InputError, match="takes"):
        certify(small_cnn_classifier(), np.zeros((1, 8, 8), np.float32))
    with pytest.raises(ParameterError, match="labels 0 to 0, not 1"):
        certify(small_cnn_classifier(), np.zeros((1, 32, 32), np.float32), 1)
    with pytest.raises(ParameterError, match="11 of 10"):
        least_share(11, 10, 0.1)


def test_the_network_is_left_as_it_was() -> None:
    model = linear_classifier()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    certify(model, at_distance(0.1), params=CertifyParams(votes=50))
    assert all(torch.equal(value, before[name]) for name, value in model.network.state_dict().items())
