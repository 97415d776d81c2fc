"""Rectangles on a case and the pixels of the model that they stand for."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.values import Case, Floats, Geometry, InputSpec
from evaluation.compare import compare
from evaluation.recipe import recipe
from evaluation.regions import BORDER, border, findings_of, mask_of, rectangle_of, region_of
from evaluation.session import compare_case
from evaluation.similarity import explanation_change
from imaging.bundled import load_bundled
from perturbations import PERTURBATIONS
from perturbations.pgd import PgdParams
from tests.evaluation.results import attribution
from tests.toys import linear_classifier, small_cnn_classifier, with_all_aids

WHOLE = Geometry((400, 200), (0, 0, 400, 200), 8)
CROPPED = Geometry((100, 300), (10, 100, 90, 180), 8)  # 80 x 80 of the case, 10 of its pixels for each of the model's


def picture(channels: int = 1, size: int = 32) -> Floats:
    return np.random.default_rng(0).uniform(0.1, 0.9, (channels, size, size)).astype(np.float32)


def upper_left(size: int = 32) -> np.ndarray:
    mask = np.zeros((size, size), dtype=np.bool_)
    mask[: size // 2, : size // 4] = True
    return mask


def test_what_is_marked_is_a_finding_or_anatomy() -> None:
    keys = ("chest-phantom-1", "chest-phantom-2", "mole-phantom-1", "retina-phantom-1", "retina-phantom-2")
    found = [findings_of(load_bundled(key)) for key in keys]
    assert found == [[], ["opacity"], ["lesion"], [], ["lesions"]]


@pytest.mark.parametrize(
    ("rectangle", "geometry", "rows", "columns"),
    [
        ((0, 0, 1, 1), WHOLE, slice(0, 8), slice(0, 8)),
        ((0.25, 0.5, 0.75, 1), WHOLE, slice(4, 8), slice(2, 6)),
        ((0.26, 0.51, 0.7, 0.99), WHOLE, slice(4, 8), slice(2, 6)),  # the nearest edges of pixels
        ((0.4, 0.4, 0.401, 0.401), WHOLE, slice(3, 4), slice(3, 4)),  # never less than a pixel
        ((0.999, 0.999, 1, 1), WHOLE, slice(7, 8), slice(7, 8)),
        ((0, 0, 1, 1), CROPPED, slice(0, 8), slice(0, 8)),
        ((120 / 300, 0.3, 150 / 300, 0.5), CROPPED, slice(2, 4), slice(2, 5)),
        ((0, 0, 110 / 300, 0.2), CROPPED, slice(0, 1), slice(0, 1)),  # as far as the model sees it
    ],
)
def test_known_rectangles(
    rectangle: tuple[float, float, float, float], geometry: Geometry, rows: slice, columns: slice
) -> None:
    expected = np.zeros((8, 8), dtype=np.bool_)
    expected[rows, columns] = True
    np.testing.assert_array_equal(region_of(rectangle, geometry), expected)


@pytest.mark.parametrize(
    "rectangle", [(0.0, 0.0, 0.3, 1.0), (0.7, 0.0, 1.0, 1.0), (0.4, 0.0, 0.5, 0.09), (0.4, 0.95, 0.5, 1.0)]
)
def test_outside_what_the_model_sees(rectangle: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="outside the part of the picture that the model sees"):
        region_of(rectangle, CROPPED)


@pytest.mark.parametrize(
    "rectangle", [(0.5, 0, 0.5, 1), (0.6, 0, 0.4, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, math.nan, 1, 1)]
)
def test_no_rectangle(rectangle: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="no rectangle within the picture"):
        region_of(rectangle, WHOLE)


@given(st.tuples(*4 * [st.floats(0, 1)]), st.integers(1, 3000), st.integers(1, 3000), st.data())
def test_a_region_survives_the_way_to_a_rectangle_and_back(
    edges: tuple[float, float, float, float], height: int, width: int, data: st.DataObject
) -> None:
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    box = (top, left, data.draw(st.integers(top + 1, height)), data.draw(st.integers(left + 1, width)))
    geometry = Geometry((height, width), box, 224)
    (x0, x1), (y0, y1) = sorted(edges[:2]), sorted(edges[2:])
    if x0 == x1 or y0 == y1:
        return
    try:
        region = region_of((x0, y0, x1, y1), geometry)
    except InputError:
        return
    assert region is not None
    np.testing.assert_array_equal(region_of(rectangle_of(region, geometry), geometry), region)


@pytest.mark.parametrize("key", [method.key for method in PERTURBATIONS])
def test_the_control_stays_in_the_region_and_has_the_size_of_the_perturbation(key: str) -> None:
    model, pixels, region = with_all_aids(small_cnn_classifier()), picture(), upper_left()
    made = compare(model, pixels, target=0, explainer="saliency", perturbation=key, attack_region=region)
    for change in (made.perturbation, made.control):
        assert change.region is region
        assert np.array_equal(change.perturbed[:, ~region], pixels[:, ~region])
    assert not [caution for caution in made.cautions if "not of the same size" in caution.reason]
    assert not np.array_equal(made.control.perturbed, pixels) or np.array_equal(made.perturbation.perturbed, pixels)


def test_maps_are_compared_in_their_region_only() -> None:
    """Two maps that agree outside, as they do by construction, and have nothing in common inside."""
    region = upper_left(64)
    first, second = (
        dataclasses.replace(
            attribution((np.random.default_rng(seed).standard_normal((64, 64)) * region).astype(np.float32)),
            region=region,
            signed=True,
        )
        for seed in (0, 1)
    )
    scores = explanation_change(first, second, None)
    assert scores["rank_correlation"].value == pytest.approx(0, abs=0.1)
    assert scores["top_overlap"].value == pytest.approx(0.1, abs=0.08)
    assert abs(scores["map_ssim"].value) < 0.3
    same = explanation_change(first, first, None)
    for name in ("rank_correlation", "top_overlap", "map_ssim"):
        assert same[name].value == pytest.approx(1)


def test_a_map_that_is_even_in_its_region_has_no_order_and_no_center() -> None:
    region = upper_left(64)
    even = dataclasses.replace(attribution(region.astype(np.float32)), region=region)
    assert all(math.isnan(score.value) for score in explanation_change(even, even, None).values())


def test_a_case_hands_its_rectangles_on_and_its_recipe_gives_them_back() -> None:
    model = small_cnn_classifier()
    case = Case("0" * 16, "case", "cxr", np.random.default_rng(0).random((64, 128, 1), dtype=np.float32))
    attacked, explained = (0.0, 0.0, 0.5, 0.25), (0.25, 0.25, 0.75, 0.75)
    made = compare_case(
        case,
        model,
        target=0,
        explainer="saliency",
        perturbation="pgd",
        perturbation_params=PgdParams(epsilon=4),
        attack_region=attacked,
        explain_region=explained,
    )
    changed = (made.perturbation.perturbed != made.perturbation.clean)[0]
    assert changed[:8, :16].any()
    assert not changed[8:].any()
    assert not changed[:, 16:].any()
    for view in (made.clean, made.perturbed, made.controlled):
        assert view.attribution.heat[8:24, 8:24].any()
        assert np.count_nonzero(view.attribution.heat) == np.count_nonzero(view.attribution.heat[8:24, 8:24])
    again = recipe(case, model, attribution=made.clean.attribution, perturbation=made.perturbation)
    assert again["perturbation"]["region"] == pytest.approx(list(attacked))
    assert again["explainer"]["region"] == pytest.approx(list(explained))


def test_regions_are_refused_before_anything_is_computed() -> None:
    passes: list[int] = []
    model = small_cnn_classifier().watched(lambda x, logits: passes.append(len(x)))
    for region in ({"attack_region": np.zeros((32, 32), np.bool_)}, {"explain_region": np.ones((8, 8), np.bool_)}):
        with pytest.raises(InputError, match="Region"):
            compare(model, picture(), target=0, explainer="saliency", perturbation="pgd", **region)
    assert not passes


def test_a_failure_within_a_region_says_so() -> None:
    model = linear_classifier(size=32)
    made = compare(
        model,
        picture(),
        target=0,
        explainer="saliency",
        perturbation="pgd",
        perturbation_params=PgdParams(epsilon=0.05),
        attack_region=upper_left(),
    )
    assert not made.flipped
    assert "Only the marked region could change (12 % of the picture the model sees)." in {
        caution.reason for caution in made.cautions
    }


def halved(size: int = 64) -> Case:
    """A case with a region in its left half."""
    left = np.zeros((size, size), dtype=np.bool_)
    left[:, : size // 2] = True
    return Case("0" * 16, "halved", "cxr", np.full((size, size, 1), 0.5, dtype=np.float32), regions={"left": left})


def test_a_part_by_name_and_all_but_it() -> None:
    case, geometry, spec = halved(), Geometry((64, 64), (0, 0, 64, 64), 32), InputSpec("cxr", 1, 32, "squash")
    left = np.zeros((32, 32), dtype=np.bool_)
    left[:, :16] = True
    np.testing.assert_array_equal(mask_of("left", case, geometry, spec), left)
    np.testing.assert_array_equal(mask_of("left", case, geometry, spec, outside=True), ~left)
    np.testing.assert_array_equal(mask_of((0, 0, 0.5, 1), case, geometry, spec, outside=True), ~left)
    assert mask_of(None, case, geometry, spec, outside=True) is None
    with pytest.raises(InputError, match=r"'lungs': is not marked on this case. Choose one of: left, border."):
        mask_of("lungs", case, geometry, spec)


def test_the_border_is_the_outermost_tenth_of_what_the_model_sees() -> None:
    square = border(InputSpec("cxr", 1, 40, "squash"))
    inner = np.zeros((40, 40), dtype=np.bool_)
    inner[4:-4, 4:-4] = True
    np.testing.assert_array_equal(square, ~inner)
    spec = InputSpec("fundus", 3, 100, "fov")
    ring, radius = border(spec), np.hypot(*np.indices((100, 100)) - 49.5)
    assert not (ring & ~spec.visible).any()
    assert ring[spec.visible & (radius > 41)].all()
    assert not ring[radius < 37].any()


@pytest.mark.parametrize("place", ["left", BORDER, (0.0, 0.0, 0.5, 1.0)])
@pytest.mark.parametrize("outside", [False, True])
def test_an_attack_keeps_to_its_place(place: tuple[float, float, float, float] | str, outside: bool) -> None:
    model, case = small_cnn_classifier(), halved()
    made = compare_case(
        case,
        model,
        anyway=True,
        target=0,
        explainer="saliency",
        perturbation="fgsm",
        attack_region=place,
        attack_outside=outside,
    )
    allowed = mask_of(place, case, Geometry((64, 64), (0, 0, 64, 64), 32), model.card.input, outside=outside)
    assert allowed is not None
    changed = (made.perturbation.perturbed != made.perturbation.clean).any(axis=0)
    assert changed.any()
    assert not (changed & ~allowed).any()
