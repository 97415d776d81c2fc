"""The changes of a linear model are known, and so is how many pictures they flip."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.values import Floats
from evaluation import cli, split
from evaluation.split import Split
from evaluation.universal import flip_rates, universal_changes
from model_zoo.tasks import load_task
from model_zoo.universal import SHIPPED, universal_of
from tests.toys import Linear, linear_classifier, small_cnn_classifier

MODEL = linear_classifier(seed=1)
assert isinstance(MODEL.network, Linear)
WEIGHTS = MODEL.network.weight[0].numpy()
BEST = np.stack([-np.sign(WEIGHTS), np.sign(WEIGHTS)])
REACH = float(np.abs(WEIGHTS).sum()) / 255  # what one gray level of the best change moves the logit by


def pictures(logits: Floats) -> Floats:
    """(N, 1, 16, 16) with these logits, but for rounding."""
    along = WEIGHTS / np.square(WEIGHTS).sum()
    return (0.5 + logits[:, None, None, None] * along).astype(np.float32)


def test_the_changes_of_a_linear_model_are_the_signs_of_its_weights() -> None:
    images = pictures(np.linspace(-1, 1, 40, dtype=np.float32))
    seen: list[float] = []
    changes = universal_changes(MODEL, images, 2.0, report=seen.append)
    assert np.array_equal(changes, BEST)
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_pixels_that_the_model_does_not_see_stay() -> None:
    blind = linear_classifier(seed=1)
    assert isinstance(blind.network, Linear)
    blind.network.weight[:, :, :4] = 0
    blind.network.bias.copy_(-0.5 * blind.network.weight.sum())
    changes = universal_changes(blind, pictures(np.linspace(-1, 1, 8, dtype=np.float32)), 2.0)
    assert (changes[:, :, :4] == 0).all()
    assert (np.abs(changes[:, :, 4:]) == 1).all()


def test_a_picture_flips_when_the_change_reaches_over_its_logit() -> None:
    logits = np.array([0.5, 0.9, 1.5, 1.9, 3.0, -0.5, -1.5, -2.5], dtype=np.float32) * REACH
    test = Split(pictures(logits), logits > 0, np.arange(8))
    one, two = flip_rates(MODEL, test, BEST, epsilons=(1.0, 2.0))
    assert {way: (score.value, score.n) for way, score in one.change.items()} == {
        "hide": (pytest.approx(2 / 5), 5),
        "induce": (pytest.approx(1 / 3), 3),
    }
    assert {way: score.value for way, score in two.change.items()} == {
        "hide": pytest.approx(4 / 5),
        "induce": pytest.approx(2 / 3),
    }
    low, high = two.change["hide"].interval or (1, 0)
    assert low < 0.8 < high
    assert all(score.value == 0 for each in (one, two) for score in each.control.values())


def test_with_one_answer_only_the_other_way_has_no_rate() -> None:
    logits = np.array([0.5, 1.0], dtype=np.float32)
    (found,) = flip_rates(MODEL, Split(pictures(logits), logits > 0, np.arange(2)), BEST, epsilons=(1.0,))
    assert set(found.change) == set(found.control) == {"hide"}


def test_of_one_answer_only_the_change_against_it_is_made() -> None:
    first, again = (universal_changes(MODEL, pictures(np.linspace(0.1, 1, 20, dtype=np.float32)), 1.0) for _ in "ab")
    assert np.array_equal(first, again)
    assert np.array_equal(first[0], BEST[0])
    assert not first[1].any()


def test_a_model_that_flags_everything_gets_the_change_that_hides_all_the_same() -> None:
    card = dataclasses.replace(MODEL.card, operating_points={"usual": (0.0,)})
    images = pictures(np.linspace(-1, 1, 40, dtype=np.float32))
    changes = universal_changes(dataclasses.replace(MODEL, card=card), images, 2.0)
    assert np.array_equal(changes[0], BEST[0])
    assert not changes[1].any()


def test_the_command_writes_what_the_model_then_offers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    toy = small_cnn_classifier()
    card = dataclasses.replace(toy.card, labels=("pneumonia",))
    task = dataclasses.replace(load_task("cxr_pneumonia"), input=card.input)
    monkeypatch.setattr(cli, "load_classifier", lambda key, report: dataclasses.replace(toy, card=card))
    monkeypatch.setattr(split, "load_task", lambda key: task)
    rng = np.random.default_rng(0)
    lines = ["file,label,group,split,source,licence"]
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{('normal', 'pneumonia')[i % 2]},{i},{('train', 'val', 'test')[i // 4]},made,CC0")
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out"
    flags = ["universal", "--model", "toy", "--data", str(tmp_path), "--limit", "4", "--epsilon", "8"]
    assert cli.main([*flags, "--out", str(out), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert [row["epsilon"] for row in made["flips"]] == [1, 2, 4]
    assert (made["recipe"]["epsilon"], made["recipe"]["images"], made["recipe"]["seed"]) == (8, 4, 0)
    assert SHIPPED.record(card, out, lambda record: record["flips"]) == made["flips"]
    read = universal_of(card, out)
    assert read is not None
    assert read().shape == (2, 1, 32, 32)
    assert cli.main(flags) == 0
    assert "Share of the decisions that flip" in capsys.readouterr().out
    assert cli.main([*flags[:-1], "99"]) == 2
    assert "must be between 0 and 32/255, not 99" in capsys.readouterr().err
