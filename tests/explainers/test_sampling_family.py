"""Methods that only ask the model for scores: known answers, and agreement with Captum and SHAP at equal settings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import KernelShap, LimeBase
from torch import Tensor

from core.classifier import Classifier
from core.values import Floats
from explainers import EXPLAINERS, explain
from explainers._baselines import BASELINES, baseline_image
from explainers._superpixels import superpixels
from explainers.kernel_shap import shapley_values, weighted_coalitions
from explainers.lime import PENALTY, kernel, sampled
from tests.toys import linear_classifier, small_cnn_classifier

TARGET = 1
PIECEWISE = ("lime", "kernel_shap")


@pytest.fixture(params=[1, 3])
def model(request: pytest.FixtureRequest) -> Classifier:
    return small_cnn_classifier(request.param, labels=2, seed=5)


@pytest.fixture
def x(model: Classifier) -> Tensor:
    return torch.rand(1, model.card.input.channels, 32, 32, generator=torch.Generator().manual_seed(7))


def ours(key: str, model: Classifier, x: Tensor, target: int = TARGET, seed: int = 0, **values: object) -> Floats:
    return explain(key, model, x[0].numpy(), target, EXPLAINERS[key].params(**values), seed=seed).heat


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def contributions(model: Classifier, x: Tensor, baseline: Tensor) -> Tensor:
    """(h, w): what each pixel of x adds to the logit of a linear model."""
    return (model.network.weight[0] * (x - baseline)[0]).sum(0).double()


# Superpixels


def cut(x: Tensor, count: int) -> Tensor:
    """The pieces of a picture that can be seen up to its corners."""
    return superpixels(x, count, torch.ones(x.shape[2:], dtype=torch.bool))


@pytest.mark.parametrize("channels", [1, 3])
def test_superpixels_are_connected_numbered_and_follow_an_edge(channels: int) -> None:
    from scipy.ndimage import label

    x = torch.full((1, channels, 64, 64), 0.2)
    x[:, :, :, 27:] = 0.8
    pieces = cut(x, 16)
    assert pieces.unique().tolist() == list(range(int(pieces.max()) + 1))
    assert 12 <= len(pieces.unique()) <= 20
    for piece in pieces.unique():
        assert label((pieces == piece).numpy())[1] == 1
        bright = (x[0, 0][pieces == piece] > 0.5).double().mean()
        assert min(bright, 1 - bright) < 0.05


@pytest.mark.parametrize("key", PIECEWISE)
def test_a_piece_has_one_value(key: str, model: Classifier, x: Tensor) -> None:
    heat, pieces = torch.from_numpy(ours(key, model, x, superpixels=20, samples=64)), cut(x, 20)
    assert all(heat[pieces == piece].unique().numel() == 1 for piece in pieces.unique())
    assert heat.unique().numel() > 4


# Occlusion


@pytest.mark.parametrize("fill", BASELINES)
def test_occlusion_by_hand_where_the_last_squares_reach_beyond_the_edge(
    model: Classifier, x: Tensor, fill: str
) -> None:
    """Squares of 5 pixels that move by 2 over 32: the last ones begin at 28."""
    baseline, total, count = baseline_image(fill, x), torch.zeros(32, 32), torch.zeros(32, 32)
    for top, left in itertools.product(range(0, 29, 2), repeat=2):
        square = slice(top, top + 5), slice(left, left + 5)
        covered = x.clone()
        covered[:, :, *square] = baseline[:, :, *square]
        total[square] += (model(x) - model(covered))[0, TARGET]
        count[square] += 1
    heat = ours("occlusion", model, x, window=15.0, fill=fill)
    np.testing.assert_allclose(heat, total / count, atol=1e-6)


# RISE


def rise_of_linear(model: Classifier, x: Tensor, patches: int) -> Tensor:
    """What RISE gives on average, worked out for a linear model: (h, w).

    Pixels of a mask vary together as far as they share patches: along each axis, the products of what the patches
    weigh in both pixels, averaged over how far the mask may be moved; times 1/4, the variance of a patch.
    """
    side = x.shape[2]
    width = math.ceil(side / patches)
    places = (torch.arange((patches + 1) * width, dtype=torch.float64) + 0.5) / width - 0.5
    near = (1 - (places.clamp(0, patches)[:, None] - torch.arange(patches + 1)).abs()).clamp(min=0)
    shared = torch.stack([near[move : move + side] @ near[move : move + side].T for move in range(width)]).mean(0)
    return 0.5 * shared @ contributions(model, x, torch.zeros_like(x)) @ shared


@pytest.mark.parametrize("patches", [4, 5])
def test_rise_of_a_linear_model_comes_to_what_can_be_worked_out(patches: int) -> None:
    model, x = linear_classifier(), torch.rand(1, 1, 16, 16, generator=seeded())
    heat = torch.from_numpy(ours("rise", model, x, target=0, masks=8192, patches=patches, fill="black")).double()
    expected = rise_of_linear(model, x, patches)
    assert torch.corrcoef(torch.stack([heat.flatten(), expected.flatten()]))[0, 1] > 0.98
    assert (heat - expected).square().mean().sqrt() < 0.2 * expected.square().mean().sqrt()


def test_few_masks_miss_it_by_chance_only() -> None:
    """The mean over many seeds is what can be worked out: the estimate has no bias, even of few masks."""
    model, x = linear_classifier(), torch.rand(1, 1, 16, 16, generator=seeded())
    heats = np.stack([ours("rise", model, x, 0, seed, masks=16, patches=4, fill="black") for seed in range(400)])
    error = (heats.mean(0) - rise_of_linear(model, x, 4).numpy()) / (heats.std(0) / math.sqrt(len(heats)))
    assert abs(error).max() < 5
    assert error.std() < 1.5


# LIME


def one_by_one(coalitions: Tensor) -> Any:
    """As Captum takes its samples."""

    def generate(*_: object, **__: object) -> Iterator[Tensor]:
        yield from coalitions.long().split(1)

    return generate


def test_lime_is_that_of_captum(model: Classifier, x: Tensor) -> None:
    """With the same samples, weights and penalty."""
    pieces, baseline = cut(x, 20), baseline_image("blurred", x)
    coalitions = sampled(128, int(pieces.max()) + 1, seeded(3))
    theirs = LimeBase(
        lambda z: model(z)[:, TARGET],
        SkLearnRidge(alpha=PENALTY),
        similarity_func=lambda _x, _z, coalition, **_: kernel(coalition.bool()),
        perturb_func=one_by_one(coalitions),
        perturb_interpretable_space=True,
        from_interp_rep_transform=lambda coalition, x, **_: torch.where(coalition[0, pieces].bool(), x, baseline),
        to_interp_rep_transform=None,
    ).attribute(x, n_samples=len(coalitions), perturbations_per_eval=16)
    heat = ours("lime", model, x, seed=3, superpixels=20, samples=128)
    np.testing.assert_allclose(heat, theirs.flatten()[pieces], rtol=1e-3, atol=1e-5)


def test_the_kernel_of_lime_by_hand() -> None:
    coalitions = torch.tensor([[True] * 4, [True, False, False, False], [False] * 4])
    expected = [1, math.sqrt(math.exp(-((0.5 / 0.25) ** 2))), math.sqrt(math.exp(-((1 / 0.25) ** 2)))]
    np.testing.assert_allclose(kernel(coalitions), expected)


def test_lime_of_a_linear_model_finds_what_each_piece_adds() -> None:
    model, x = linear_classifier(), torch.rand(1, 1, 16, 16, generator=seeded())
    pieces = cut(x, 12)
    parts = torch.zeros(int(pieces.max()) + 1, dtype=torch.float64)
    parts.index_add_(0, pieces.flatten(), contributions(model, x, torch.zeros_like(x)).flatten())
    heat = ours("lime", model, x, target=0, superpixels=12, samples=4096, fill="black")
    np.testing.assert_allclose(heat, parts[pieces], atol=0.03 * float(parts.abs().max()))


# KernelSHAP


def test_kernel_shap_of_few_pieces_is_the_shapley_value(model: Classifier, x: Tensor) -> None:
    """Averaged over all orders in which the pieces may join."""
    pieces, baseline = cut(x, 6), baseline_image("mean", x)
    areas = pieces.flatten().bincount()
    count = len(areas)
    assert 4 <= count <= 7
    subsets = torch.tensor(list(itertools.product([False, True], repeat=count)))
    logits = model(torch.where(subsets[:, pieces][:, None], x, baseline))[:, TARGET].double()
    worth = dict(zip(map(tuple, subsets.tolist()), logits.tolist(), strict=True))
    values, orders = np.zeros(count), list(itertools.permutations(range(count)))
    for order in orders:
        seen = [False] * count
        for piece in order:
            before = worth[tuple(seen)]
            seen[piece] = True
            values[piece] += (worth[tuple(seen)] - before) / len(orders)
    heat = ours("kernel_shap", model, x, superpixels=6, samples=128, baseline="mean")
    np.testing.assert_allclose(heat, (torch.from_numpy(values) / areas)[pieces], rtol=1e-4, atol=1e-8)


def test_kernel_shap_of_many_pieces_is_that_of_captum(model: Classifier, x: Tensor) -> None:
    """With the same samples; Captum gives the two ends a large weight where ours have to fit."""
    pieces, baseline = cut(x, 20), baseline_image("blurred", x)
    areas = pieces.flatten().bincount()
    coalitions, weights = weighted_coalitions(len(areas), 254, seeded(3))
    assert (weights == 1).all()
    ends = torch.tensor([[True], [False]]).expand(2, len(areas))
    captum = KernelShap(lambda z: model(z)[:, TARGET])
    captum.perturb_func = one_by_one(torch.cat([ends, coalitions]))
    theirs = captum.attribute(
        x, baseline, feature_mask=pieces[None, None], n_samples=256, perturbations_per_eval=16, return_input_shape=False
    )
    heat = ours("kernel_shap", model, x, seed=3, superpixels=20, samples=256)
    np.testing.assert_allclose(heat * areas[pieces].numpy(), theirs.flatten()[pieces], rtol=1e-3, atol=1e-4)


def test_samples_come_in_opposite_pairs_of_sizes_that_follow_the_kernel() -> None:
    coalitions, _ = weighted_coalitions(12, 20_000, seeded())  # of 4094 + 2 that there are
    assert len(coalitions) == 4094
    coalitions, _ = weighted_coalitions(20, 20_000, seeded())
    assert torch.equal(coalitions[0::2], ~coalitions[1::2])
    found = coalitions.sum(1).bincount(minlength=21).double() / len(coalitions)
    size = torch.arange(1, 20, dtype=torch.float64)
    expected = 1 / (size * (20 - size))
    assert found[0] == found[20] == 0
    np.testing.assert_allclose(found[1:20], expected / expected.sum(), atol=0.01)


def test_what_samples_leave_open_is_shared_evenly() -> None:
    """One sample says that the first two of four pieces gain 3 of 4; an odd number of samples is allowed."""
    values = shapley_values(
        torch.tensor([[1.0, 1, 0, 0]]).double(), torch.ones(1).double(), torch.tensor([3.0]).double(), torch.tensor(4.0)
    )
    np.testing.assert_allclose(values, [1.5, 1.5, 0.5, 0.5])
    assert len(weighted_coalitions(20, 17, seeded())[0]) == 17


def test_kernel_shap_of_a_linear_model_is_what_each_piece_adds() -> None:
    model, x = linear_classifier(), torch.rand(1, 1, 16, 16, generator=seeded())
    pieces = cut(x, 20)
    areas = pieces.flatten().bincount()
    parts = torch.zeros(len(areas), dtype=torch.float64)
    parts.index_add_(0, pieces.flatten(), contributions(model, x, torch.zeros_like(x)).flatten())
    heat = ours("kernel_shap", model, x, target=0, superpixels=20, samples=128, baseline="black")
    np.testing.assert_allclose(heat, (parts / areas)[pieces], atol=1e-5)


# SHAP partition


def owen(model: Classifier, x: Tensor, baseline: Tensor, box: tuple[slice, slice], seen: Tensor) -> Tensor:
    """(h, w): what is shared out within the box when seen (h, w) is seen already, by the definition: a half joins
    before and after the other with equal chance."""
    joined = seen.clone()
    joined[box] = True
    rows, columns = (side.stop - side.start for side in box)
    if rows == columns == 1:
        before, after = model(torch.where(torch.stack([seen, joined])[:, None], x, baseline))[:, 0].double()
        return (after - before) * (joined & ~seen)
    longer = 0 if rows >= columns else 1
    middle = (box[longer].start + box[longer].stop) // 2
    first, second = (
        (part, box[1]) if longer == 0 else (box[0], part)
        for part in (slice(box[longer].start, middle), slice(middle, box[longer].stop))
    )
    total = torch.zeros(seen.shape, dtype=torch.float64)
    for own, other in ((first, second), (second, first)):
        later = seen.clone()
        later[other] = True
        total += (owen(model, x, baseline, own, seen) + owen(model, x, baseline, own, later)) / 2
    return total


@pytest.mark.parametrize("channels", [1, 3])
def test_partition_is_the_owen_value(channels: int) -> None:
    """All 16 pixels are told apart by 2 * (16 ** 2 - 1) / 3 pictures."""
    model, x = small_cnn_classifier(channels, size=4, seed=5), torch.rand(1, channels, 4, 4, generator=seeded())
    heat = ours("shap_partition", model, x, target=0, evaluations=170, baseline="mean")
    nothing = torch.zeros(4, 4, dtype=torch.bool)
    expected = owen(model, x, baseline_image("mean", x), (slice(0, 4), slice(0, 4)), nothing)
    assert expected.std() > 1e-3
    np.testing.assert_allclose(heat, expected, atol=1e-6)


def test_partition_of_a_linear_model_is_what_each_pixel_adds() -> None:
    model, x = linear_classifier(size=4), torch.rand(1, 1, 4, 4, generator=seeded())
    heat = ours("shap_partition", model, x, target=0, evaluations=170, baseline="black")
    np.testing.assert_allclose(heat, contributions(model, x, torch.zeros_like(x)), atol=1e-6)


@pytest.mark.parametrize("evaluations", [16, 17, 100])
def test_partition_spends_what_it_may_and_no_more(evaluations: int) -> None:
    method, sizes = EXPLAINERS["shap_partition"], []
    watched = small_cnn_classifier().watched(lambda x, logits: sizes.append(len(x)))
    params = method.params(evaluations=evaluations)
    method.function(watched, torch.rand(1, 1, 32, 32, generator=seeded()), 0, params, seeded())
    assert sum(sizes) == 2 + evaluations // 2 * 2


@pytest.mark.parametrize("evaluations", [100, 500])
def test_partition_is_that_of_shap_called_as_documented(model: Classifier, evaluations: int) -> None:
    """With its own masker of images, which also takes channels apart, but only within a pixel."""
    x = torch.rand(1, model.card.input.channels, 32, 32, generator=seeded())
    heat = ours("shap_partition", model, x, evaluations=evaluations, baseline="mean")
    import shap  # quietly, once ours has

    picture, baseline = (each[0].permute(1, 2, 0).numpy() for each in (x, baseline_image("mean", x)))

    def logits(pictures: Floats) -> Floats:
        values: Floats = model(torch.from_numpy(pictures).permute(0, 3, 1, 2).float())[:, TARGET].numpy()
        return values

    explainer = shap.PartitionExplainer(logits, shap.maskers.Image(baseline))
    theirs = explainer(picture[None], max_evals=evaluations + 2, batch_size=16, silent=True).values[0].sum(2)
    np.testing.assert_allclose(heat, theirs, atol=1e-6)


def test_a_part_that_moves_nothing_gets_nothing() -> None:
    """The lower half shows what the baseline shows."""
    model, x = linear_classifier(), torch.rand(1, 1, 16, 16, generator=seeded())
    x[:, :, 8:] = 0
    heat = ours("shap_partition", model, x, target=0, baseline="black")
    assert abs(heat[8:]).max() < 1e-7
    assert len(np.unique(heat[:8])) > 12


# Both


@pytest.mark.parametrize("key", ["kernel_shap", "shap_partition"])
@pytest.mark.parametrize("kind", BASELINES)
def test_values_add_up_to_the_difference_of_the_logits(key: str, kind: str, model: Classifier, x: Tensor) -> None:
    params = EXPLAINERS[key].params(baseline=kind)
    result = explain(key, model, x[0].numpy(), TARGET, params)
    difference = model(x)[0, TARGET] - model(baseline_image(kind, x))[0, TARGET]
    assert result.residual == pytest.approx(0, abs=1e-5)
    assert float(result.heat.sum()) == pytest.approx(float(difference), abs=1e-5)
    assert abs(difference) > 1e-3
