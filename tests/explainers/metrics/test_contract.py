"""What every measure promises, asked of each entry of the registry."""

from __future__ import annotations

import dataclasses
import math
import threading
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.classifier import Classifier
from core.errors import Cancelled, InputError, ParameterError, UnknownName, Unsupported
from core.values import Assessment, Attribution, Floats, Mask
from explainers import EXPLAINERS, explain
from explainers._randomized import with_random_labels, with_random_weights
from explainers.metrics import FREE_DRAWS, MEASURES, Measured, Question, assess, rank_correlation
from explainers.metrics._assess import FLOOR_DRAWS
from tests.declared import explains_itself
from tests.explainers.test_contract import any_value, assert_untouched, picture
from tests.toys import linear_classifier, small_cnn_classifier

KEYS = [measure.key for measure in MEASURES]
PLACES = {"pointing_game", "mass_inside", "iou", "localization_auc"}
UNSIGNED = {"sparseness", "edge_similarity", "pointing_game"}  # look at the size of heat, or here miss either way
RANDOM = {"infidelity", "max_sensitivity", "randomization", "road"}  # whatever the map
FEWER = {"randomization"}  # small networks have fewer layers than stages
LARGEST_BATCH = 16

every_measure = pytest.mark.parametrize("key", KEYS)
made_once = pytest.mark.parametrize("key", [m.key for m in MEASURES if not m.maps(m.params())])
asking_the_model = pytest.mark.parametrize("key", sorted(set(KEYS) - PLACES - {"sparseness", "edge_similarity"}))


def beside(other: Classifier, model: Classifier) -> Classifier:
    """The model, with the network of another as the one that learned random labels."""
    return dataclasses.replace(model, random_labels=lambda: other)


def toy(channels: int = 1, **settings: int) -> Classifier:
    """A small network whose logit falls where a random picture is blurred, and another that learned something else."""
    model, other = (small_cnn_classifier(channels, seed=seed, **settings) for seed in (2, 3))
    return beside(other, model)


def region_of(size: int) -> Mask:
    region = np.zeros((size, size), np.bool_)
    region[size // 4 : size // 2, size // 4 : size // 2] = True
    return region


def made(model: Classifier, **settings: Any) -> tuple[Floats, Attribution]:
    """A random picture, and its integrated gradients."""
    spec = model.card.input
    pixels = picture(spec.channels, spec.size)
    return pixels, explain("integrated_gradients", model, pixels, settings.pop("target", 0), **settings)


def assessed(key: str, model: Classifier, **settings: Any) -> Assessment:
    pixels, attribution = made(model)
    return assess(key, model, pixels, attribution, region=region_of(model.card.input.size), **settings)


@every_measure
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("labels", [1, 2])
def test_an_assessment_is_whole(key: str, channels: int, labels: int) -> None:
    model, measure = toy(channels, labels=labels), MEASURES[key]
    pixels, attribution = made(model, target=labels - 1)
    found = assess(key, model, pixels, attribution, region=region_of(32))
    assert (found.measure, found.params) == (key, measure.params().as_dict())
    for score in (found.score, found.random, found.center):
        assert math.isfinite(score.value)
        assert (score.unit, score.better) == (measure.unit, measure.better)
    assert bool(found.curve) == bool(found.random_curve) == (measure.axes is not None)
    assert [x for x, _ in found.curve] == sorted({x for x, _ in found.curve})
    assert np.isfinite(found.curve).all()


@every_measure
def test_a_map_that_is_the_same_everywhere_has_no_score(key: str) -> None:
    model = toy()
    pixels, attribution = made(model)
    for value in (0.0, 1.0):
        flat = dataclasses.replace(attribution, heat=np.full((32, 32), value, np.float32))
        found = assess(key, model, pixels, flat, region=region_of(32))
        assert math.isnan(found.score.value)
        assert math.isfinite(found.random.value)


@every_measure
def test_passes_and_maps_are_those_declared(key: str) -> None:
    measure, sizes, maps = MEASURES[key], list[int](), 0
    model = toy().watched(lambda x, logits: sizes.append(len(x)))

    def again(_model: Classifier, images: Tensor) -> Tensor:
        nonlocal maps
        maps += len(images)
        return torch.rand(len(images), 32, 32)

    x, everywhere = torch.from_numpy(picture())[None], torch.ones(32, 32, dtype=torch.bool)
    question = Question(model, x, 0, torch.rand(32, 32), everywhere, torch.from_numpy(region_of(32)), again)
    params = measure.params()
    measure.function(question, params, torch.Generator())
    assert sum(sizes) == measure.passes(params, (1, 32, 32))
    assert max(sizes, default=0) <= LARGEST_BATCH
    assert maps <= measure.maps(params) if key in FEWER else maps == measure.maps(params)
    assert bool(maps) == bool(measure.maps(params))


@every_measure
def test_progress_rises_to_one(key: str) -> None:
    seen = list[float]()
    assessed(key, toy(), report=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert seen.count(1.0) <= 2


@asking_the_model
def test_cancel_stops_it_at_the_next_pass_and_leaves_the_model_usable(key: str) -> None:
    model = toy()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    whole = assessed(key, model)
    cancel, seen = threading.Event(), list[float]()

    def report(share: float) -> None:
        seen.append(share)
        cancel.set()

    with pytest.raises(Cancelled):
        assessed(key, model, report=report, cancel=cancel)
    assert len(seen) == 1
    assert_untouched(model, before)
    assert assessed(key, model) == whole


@every_measure
def test_the_seed_decides(key: str) -> None:
    model = toy()
    first, again, other = (assessed(key, model, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert (first.score == other.score) == (key not in RANDOM)


def expected_floor(key: str, area: float, start: float, end: float) -> tuple[float, float]:
    """(score, tolerance) of a random map, where it is known; start, end: logits of the picture and the blurred one."""
    known = {
        "pointing_game": (area, 0.25),
        "mass_inside": (area, 0.02),
        "iou": (area / (2 - area), 0.03),
        "localization_auc": (0.5, 0.03),
        "sparseness": (1 / 3, 0.01),
        "edge_similarity": (0, 0.02),
        "randomization": (0, 0.1),
        "random_labels": (0, 0.1),
        "max_sensitivity": (math.sqrt(1 / 2), 0.1),  # E (a - b)**2 / E a**2 = (1/6) / (1/3), and the largest of 8
        "deletion": ((start + end) / 2, 0.6),
        "insertion": ((start + end) / 2, 0.6),
    }
    return known.get(key, (math.nan, 0))


@every_measure
def test_the_floor_is_that_of_a_map_that_knows_nothing(key: str) -> None:
    model = beside(linear_classifier(size=32, seed=1), linear_classifier(size=32))
    found = assessed(key, model)
    start, end = (assessed("deletion", model).curve[index][1] for index in (0, -1))
    value, tolerance = expected_floor(key, float(region_of(32).mean()), start, end)
    if math.isnan(value):
        assert key in {"infidelity", "road"}
    else:
        assert found.random.value == pytest.approx(value, abs=tolerance)
    known = {"max_sensitivity": 0, "randomization": 1, "random_labels": 1}
    assert known.get(key, found.center.value) == pytest.approx(found.center.value)


@every_measure
def test_the_score_of_the_blob_is_that_of_a_blob(key: str) -> None:
    """A map that is the central blob has the center's score, but for what happens when it is made again."""
    model = toy()
    pixels, attribution = made(model)
    across = (np.arange(32) + 0.5) / 32 - 0.5
    blob = np.exp(-(across[:, None] ** 2 + across**2) / (2 * 0.25**2)).astype(np.float32)
    found = assess(key, model, pixels, dataclasses.replace(attribution, heat=blob), region=region_of(32))
    if not MEASURES[key].maps(MEASURES[key].params()):
        assert found.score.value == pytest.approx(found.center.value, abs=1e-5)
    assert found.center.value != pytest.approx(found.random.value, abs=1e-3)


@every_measure
def test_the_floor_is_made_of_several_random_maps_and_of_the_best_that_is_not_rare(key: str) -> None:
    result = assessed(key, toy())
    assert result.random.n == (FREE_DRAWS if key in PLACES | {"sparseness", "edge_similarity"} else FLOOR_DRAWS)
    better = 1 if MEASURES[key].better == "higher" else -1
    if MEASURES[key].better == "nearer 0":
        assert abs(result.random_best) < 0.01
    if key in {"deletion", "insertion", "infidelity", "road", *PLACES}:
        assert better * result.random_best > better * result.random.value


@made_once
def test_a_map_that_counts_by_magnitude_is_assessed_by_it(key: str) -> None:
    """Counterfactuals tell darker from brighter by their sign: without it, the score is that of a map without sign."""
    model = toy()
    pixels, attribution = made(model)
    signed = dataclasses.replace(attribution, method="counterfactual", params={"steps": 40})
    unsigned = dataclasses.replace(signed, heat=np.abs(signed.heat))
    as_evidence = dataclasses.replace(unsigned, method="integrated_gradients", params=attribution.params)
    scores = [
        assess(key, model, pixels, each, region=region_of(32)).score.value for each in (signed, unsigned, as_evidence)
    ]
    assert scores == [scores[0]] * 3
    with_sign = assess(key, model, pixels, attribution, region=region_of(32)).score.value
    assert (with_sign == scores[0]) == (key in UNSIGNED), "this picture could not tell the two apart"


@made_once
def test_evidence_against_is_expected_to_raise_the_score_where_it_goes(key: str) -> None:
    model = toy()
    pixels, attribution = made(model)
    heat = attribution.heat.clip(min=0)
    against, for_it = (
        dataclasses.replace(attribution, method="grad_cam", params={"evidence": evidence}, heat=heat)
        for evidence in ("against", "for")
    )
    turned = dataclasses.replace(attribution, heat=-heat)
    measure = MEASURES[key]
    asks_the_score = measure.passes(measure.params(), (1, 32, 32)) > 0
    scores = [assess(key, model, pixels, each, region=region_of(32)).score.value for each in (against, for_it, turned)]
    assert scores[0] == scores[2 if asks_the_score else 1]


@pytest.mark.parametrize("key", sorted({*KEYS} - {"random_labels"}))  # of such a network as well, see below
def test_a_contrast_is_assessed_as_the_difference_of_two_logits(key: str) -> None:
    both, difference = linear_classifier(labels=2), linear_classifier()
    weight, bias = both.network.weight.data, both.network.bias.data
    difference.network.weight.data, difference.network.bias.data = weight[:1] - weight[1:], bias[:1] - bias[1:]
    found, wanted = (
        assess(key, model, *made(model, **given), region=region_of(16))
        for model, given in ((both, {"against": 1}), (difference, {}))
    )
    if key != "randomization":  # the two networks draw other weights
        assert found.score.value == pytest.approx(wanted.score.value, abs=1e-4)
    assert found.random.value == pytest.approx(wanted.random.value, abs=1e-4)


def test_networks_of_random_weights_are_asked_for_the_same_contrast() -> None:
    model = toy(labels=2)
    pixels, attribution = made(model, against=1)
    found = assess("randomization", model, pixels, attribution, seed=3)
    seed = int(torch.randint(2**31, (1,), generator=torch.Generator().manual_seed(3)))
    for layers, value in found.curve[1:]:
        _, other = made(with_random_weights(model, int(layers), seed), against=1)
        assert value == pytest.approx(rank_correlation(np.abs(attribution.heat), np.abs(other.heat)))


def test_a_network_of_random_labels_is_asked_for_the_same_contrast() -> None:
    """Both ways round: of the two maps, each of which keeps one side of the evidence, the one that is more alike."""
    model = toy(labels=2)
    pixels = picture(1, 32)
    attribution, *others = (
        explain("grad_cam", asked, pixels, 0, against=1)
        for asked in (model, with_random_labels(model), with_random_labels(model, exchanged=True))
    )
    alike = [rank_correlation(attribution.heat, other.heat) for other in others]
    assert alike[0] != pytest.approx(alike[1])
    assert assess("random_labels", model, pixels, attribution).score.value == pytest.approx(max(alike))


@every_measure
def test_a_map_kept_in_a_region_is_assessed_within(key: str) -> None:
    """What the map would have been outside plays no part, and the floors are kept there too."""
    model, kept = toy(), np.zeros((32, 32), np.bool_)
    kept[4:20, 4:20] = True
    pixels, attribution = made(model, region=kept)
    found = assess(key, model, pixels, attribution, region=region_of(32))
    assert math.isfinite(found.score.value)
    if key in PLACES - {"pointing_game", "localization_auc"}:
        share = region_of(32).sum() / kept.sum()
        assert found.random.value == pytest.approx(share if key == "mass_inside" else share / (2 - share), abs=0.03)
    if key == "sparseness":
        assert found.random.value == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("key", sorted(PLACES))
def test_a_case_without_a_marked_finding_is_refused(key: str) -> None:
    model = toy()
    with pytest.raises(Unsupported, match="needs a marked finding that the model sees, which this case does not have"):
        assess(key, model, *made(model))
    assert (
        MEASURES[key].unmet(model.offers) == "needs a marked finding that the model sees, which this case does not have"
    )
    assert MEASURES[key].unmet(model.offers | {"region"}) is None


def test_a_model_whose_layers_cannot_be_reached_is_refused() -> None:
    model = toy()
    scripted = dataclasses.replace(model, card=dataclasses.replace(model.card, format="torchscript"))
    with pytest.raises(Unsupported, match="needs layers that can be looked into"):
        assess("randomization", scripted, *made(model))


def test_other_wrong_requests_are_refused() -> None:
    model = toy()
    pixels, attribution = made(model)
    with pytest.raises(UnknownName, match=r"Choose one of: .*deletion"):
        assess("deletions", model, pixels, attribution)
    with pytest.raises(ParameterError, match="must be DeletionParams"):
        assess("deletion", model, pixels, attribution, MEASURES["insertion"].params())
    with pytest.raises(InputError, match="Region"):
        assess("iou", model, pixels, attribution, region=np.ones((4, 4), np.bool_))
    with pytest.raises(InputError, match="Region"):
        assess("iou", model, pixels, attribution, region=np.zeros((32, 32), np.bool_))
    with pytest.raises(InputError, match=r"Map: must be \(32, 32\), not \(32, 31\)"):
        assess("sparseness", model, pixels, dataclasses.replace(attribution, heat=attribution.heat[:, 1:]))


@pytest.mark.thorough
@every_measure
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_all_legal_parameters_work(key: str, data: st.DataObject) -> None:
    kind, model = MEASURES[key].params, toy(size=12)
    params = kind(**{spec.name: data.draw(any_value(spec), spec.name) for spec in kind.specs()})
    pixels, attribution = made(model)
    found = assess(key, model, pixels, attribution, params, region=region_of(12))
    assert not math.isinf(found.score.value)


@every_measure
def test_the_model_the_picture_and_the_map_stay_as_they_were(key: str) -> None:
    model = toy()
    pixels, attribution = made(model)
    heat, before = attribution.heat.copy(), {name: v.clone() for name, v in model.network.state_dict().items()}
    assess(key, model, pixels, attribution, region=region_of(32))
    assert np.array_equal(pixels, picture())
    assert np.array_equal(attribution.heat, heat)
    assert_untouched(model, before)


@pytest.mark.parametrize("explainer", [method.key for method in EXPLAINERS])
def test_a_map_is_made_again_as_it_was_made(explainer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same parameters and seed: for the same model and image it is the same map."""
    model, pixels, repeated = toy(3), picture(3), list[Floats]()
    attribution = explain(explainer, model, pixels, 0, seed=5)

    def once(question: Question, params: Any, rng: torch.Generator) -> Measured:
        repeated.append(question.again(question.model, question.x)[0].numpy())
        return Measured(0.0)

    replaced = dataclasses.replace(MEASURES["max_sensitivity"], function=once)
    monkeypatch.setitem(MEASURES._methods, "max_sensitivity", replaced)
    assess("max_sensitivity", model, pixels, attribution)
    assert np.array_equal(repeated[0], attribution.heat)


@every_measure
def test_the_text_and_the_parameters_explain_themselves(key: str) -> None:
    explains_itself(MEASURES[key])
