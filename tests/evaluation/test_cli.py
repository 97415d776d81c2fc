"""The command line: one JSON object, the numbers of compare_case(), pictures, and one sentence for every mistake."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.classifier import Classifier
from core.errors import Unsupported
from core.values import Assessment
from evaluation import cli, commands, coverage
from evaluation.flags import add_flags, params_of
from evaluation.regions import in_model_frame
from evaluation.session import compare_case, fitted
from evaluation.verdicts import verdict
from explainers import EXPLAINERS, explain
from explainers.metrics import MEASURES, assess
from imaging.bundled import bundled_cases, load_bundled
from imaging.limits import MAX_BYTES
from model_zoo.evidence import Evidence, Outputs
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS
from perturbations.pgd import PgdParams
from tests.toys import small_cnn_classifier

CASE = "chest-phantom-2"
EFFECT = {
    *(
        "probability_after",
        "logit_after",
        "flipped",
        "reached",
        "linf_255",
        "rms_255",
        "l2",
        "changed",
        "ssim",
        "queries",
    ),
}
CHANGE = {*EFFECT, "target", "goal", "threshold", "probability_before", "logit_before", "control"}
FRAME = {"case", "model", "cautions", "recipe", "notice"}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Classifier:
    model = small_cnn_classifier()
    model = dataclasses.replace(model, card=dataclasses.replace(model.card, key="cxr_pneumonia", labels=("pneumonia",)))
    monkeypatch.setattr(cli, "load_classifier", lambda *_: model)
    return model


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.main([*arguments, "--model", "toy", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    made: dict[str, Any] = json.loads(printed.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert made["notice"] == "Research and education only. Not for diagnosis."
    return made


def test_predict(toy: Classifier, capsys: pytest.CaptureFixture[str]) -> None:
    made = run(capsys, "predict", CASE)
    assert set(made) == {*FRAME, "predictions"}
    (row,) = made["predictions"]
    assert set(row) == {"label", "probability", "threshold", "flagged", "logit"}
    assert made["case"]["id"] == load_bundled(CASE).id
    assert made["recipe"] == {
        "case": made["case"]["id"],
        "model": "cxr_pneumonia",
        "weights_sha256": "0" * 64,
        "point": "balanced",
    }


def test_an_operating_point(
    toy: Classifier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {"balanced": (0.5,), "screening": (0.001,)}
    two = dataclasses.replace(toy, card=dataclasses.replace(toy.card, operating_points=points))
    monkeypatch.setattr(cli, "load_classifier", lambda *_: two)
    made = run(capsys, "predict", CASE, "--point", "screening")
    assert made["predictions"][0]["threshold"] == pytest.approx(0.001)
    assert made["recipe"]["point"] == "screening"
    assert cli.main(["predict", CASE, "--model", "toy", "--point", "other"]) == 2
    assert "Choose one of: balanced, screening" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["predict", "explain", "perturb", "compare"])
def test_out_of_scope_is_refused_unless_anyway(
    toy: Classifier, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert cli.main([command, "retina-phantom-1", "--model", "toy", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "The model was made for chest X-rays, not for fundus photographs." in printed.err
    assert "--anyway" in printed.err
    assert printed.err.count("\n") == 1
    made = run(capsys, command, "retina-phantom-1", "--anyway")
    reasons = [caution["reason"] for caution in made["cautions"] if caution["about"] == "prediction"]
    assert reasons.count("The model was made for chest X-rays, not for fundus photographs.") == 1


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation results of the toy: 99 images with the finding and 99 without, all with logit 0."""
    logits, truth = np.zeros(198), np.arange(198) < 99
    measured = Outputs(logits, truth, np.arange(198), ("made",) * 198)
    monkeypatch.setattr(coverage, "evidence_of", lambda key: Evidence("", {"validation": measured}, shift=0.0))


def test_coverage(
    toy: Classifier, evidence: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(bias: float) -> tuple[str, str]:
        model = small_cnn_classifier()
        model.network.head.weight.zero_()
        model.network.head.bias.fill_(bias)
        monkeypatch.setattr(cli, "load_classifier", lambda *_: model)
        made = run(capsys, "predict", CASE, "--coverage", "0.9")["certain"]
        assert made["coverage"] == 0.9
        assert cli.main(["predict", CASE, "--coverage", "0.9", "--model", "toy"]) == 0
        (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("At "))
        return made["answer"], line

    assert answers(0.0) == ("unsure", "At 90 % coverage: can't tell")
    assert answers(1.0) == ("present", "At 90 % coverage: flagged")
    assert answers(-1.0) == ("absent", "At 90 % coverage: not flagged")


@pytest.mark.parametrize(("given", "sentence"), [("0.995", "must be at most 0.990"), ("0", "is not between 0 and 1")])
def test_coverage_that_cannot_be_promised(
    toy: Classifier, evidence: None, capsys: pytest.CaptureFixture[str], given: str, sentence: str
) -> None:
    assert cli.main(["predict", CASE, "--coverage", given, "--model", "toy"]) == 2
    assert sentence in capsys.readouterr().err


def test_coverage_of_a_model_without_validation_results(
    toy: Classifier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "evidence_of", lambda key: None)
    assert cli.main(["predict", CASE, "--coverage", "0.9", "--model", "toy"]) == 2
    assert "there are no validation results of cxr_pneumonia" in capsys.readouterr().err


def test_explain(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = run(
        capsys, "explain", CASE, "--explainer", "integrated_gradients", "--max_steps", "16", "--out", str(tmp_path)
    )
    assert set(made) == {*FRAME, "target", "probability", "threshold", "flagged", "map", "pictures"}
    assert made["recipe"]["explainer"]["params"]["max_steps"] == 16
    assert made["map"]["completeness_gap"] is not None
    assert [path.name for path in tmp_path.iterdir()] == ["map_image.png"]
    assert made["pictures"]["map_image"]["cells"] is None


def fails(key: str, *_: object, **__: object) -> Assessment:
    raise Unsupported(MEASURES[key].name, "can't", "Choose another.")


def test_explain_puts_the_map_to_the_test(
    toy: Classifier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("explain", CASE, "--explainer", "saliency")
    trial = run(capsys, *asked, "--assess")["trial"]
    assert {*trial["measures"], *trial["unmet"]} == {measure.key for measure in MEASURES}
    assert "mass_inside" in trial["measures"]
    assert trial["place"] == "opacity"
    assert trial["verdict"].endswith("No score proves that a map shows the true reason.")
    fit = fitted(load_bundled(CASE), toy.card)
    made = explain("saliency", toy, fit.pixels, 0)
    region = in_model_frame(load_bundled(CASE).regions["opacity"], fit.geometry)
    inside = assess("mass_inside", toy, fit.pixels, made, region=region)
    told = trial["measures"]["mass_inside"]
    assert told["score"]["value"] == pytest.approx(inside.score.value)
    assert told["random"]["value"] == pytest.approx(inside.random.value)
    assert told["verdict"] == verdict(inside)

    elsewhere = run(capsys, *asked, "--finding", "0,0,0.5,0.5")["trial"]
    assert elsewhere["place"] == [0, 0, 0.5, 0.5]
    assert f" of {len(trial['measures']) - 4} measures" in elsewhere["verdict"]  # it may be drawn to suit the map
    assert f" of {len(trial['measures'])} measures" in trial["verdict"]
    assert elsewhere["measures"]["mass_inside"]["score"]["value"] != told["score"]["value"]
    with monkeypatch.context() as patched:
        patched.setattr(commands, "explain", None)  # nothing is computed before this is known
        assert cli.main([*asked, "--finding", "nothing", "--model", "toy"]) == 2
        assert "is not marked on this case" in capsys.readouterr().err
    with monkeypatch.context() as patched:
        patched.setattr(commands, "assess", fails)
        trial = run(capsys, *asked, "--assess")["trial"]
    assert trial["unmet"]["deletion"] == "can't"
    assert not trial["measures"]
    assert cli.main([*asked, "--assess", "--model", "toy"]) == 0
    printed = capsys.readouterr().out
    assert "hold the map against: opacity" in printed
    assert f"random_labels: {trial['unmet']['random_labels']}" in printed


def test_a_map_that_was_enlarged_says_so(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flags = ("explain", CASE, "--model", "toy", "--explainer", "grad_cam", "--out", str(tmp_path))
    assert run(capsys, *flags[:2], *flags[4:])["pictures"]["map_image"]["cells"] == [8, 8]
    assert cli.main(list(flags)) == 0
    assert "; 8 x 8 map, smoothly enlarged)" in capsys.readouterr().out


def test_perturb(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = run(capsys, "perturb", CASE, "--perturbation", "jpeg", "--severity", "4", "--out", str(tmp_path))
    assert set(made) == {*FRAME, *CHANGE, "pictures"}
    assert set(made["control"]) == {*EFFECT, "caption", "seed"}
    assert made["control"]["rms_255"] == pytest.approx(made["rms_255"], rel=0.001)
    factor = made["pictures"]["perturbation"]["factor"]
    assert {path.name for path in tmp_path.iterdir()} == {
        *("clean.png", "perturbed.png", "control.png", f"perturbation_x{factor}.png")
    }
    with Image.open(tmp_path / "clean.png") as picture:
        assert (picture.mode, picture.size) == ("L", (32, 32))


def test_perturb_has_the_cautions_of_compare(
    toy: Classifier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction = toy.predict(fitted(load_bundled(CASE), toy.card).pixels)
    at_threshold = dataclasses.replace(toy.card, operating_points={"balanced": (float(prediction.probabilities[0]),)})
    fragile = dataclasses.replace(toy, card=at_threshold)
    monkeypatch.setattr(cli, "load_classifier", lambda *_: fragile)
    flags = (CASE, "--perturbation", "uniform_noise", "--epsilon", "16")
    compared, perturbed = (
        {caution["reason"] for caution in run(capsys, command, *flags)["cautions"] if caution["about"] == "control"}
        for command in ("compare", "perturb")
    )
    assert perturbed == compared
    assert "flips the decision too" in " ".join(perturbed)


def test_compare_says_what_the_app_computes(
    toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    flags = ("--explainer", "smoothgrad", "--samples", "4", "--epsilon", "2.55", "--seed", "3", "--direction", "hide")
    made = run(capsys, "compare", CASE, *flags, "--out", str(tmp_path))
    told = {"sentence", "technical", "saved", "threat", "explanation_change", "maps", "pictures"}
    assert set(made) == {*FRAME, *CHANGE, *told}
    assert made["saved"]["float"]["reached"] == made["reached"]["float"]
    assert made["saved"]["jpeg_95"]["reached"] == made["reached"]["jpeg"]
    assert (made["threat"]["violation"], made["threat"]["queries"]) == ("integrity", made["queries"])
    expected = compare_case(
        load_bundled(CASE),
        toy,
        target=0,
        explainer="smoothgrad",
        explainer_params=EXPLAINERS["smoothgrad"].params.parse({"samples": "4"}),
        perturbation="pgd",
        perturbation_params=PgdParams(epsilon=2.55),
        direction="hide",
        seed=3,
    )
    assert made["linf_255"] == expected.perturbation.norms.linf_255
    assert made["ssim"] == expected.perturbation.norms.ssim
    assert made["flipped"] == expected.flipped
    assert made["probability_after"] == expected.perturbed.prediction.probabilities[0]
    assert made["explanation_change"] == {name: score.value for name, score in expected.explanation_change.items()}
    assert made["control"]["explanation_change"] == {name: s.value for name, s in expected.control_change.items()}
    assert len(made["cautions"]) == len(expected.cautions)
    ranges = [made["pictures"][f"map_{name}"]["range"] for name in ("clean", "perturbed", "control")]
    assert ranges[0] == ranges[1] == ranges[2]
    assert len(list(tmp_path.iterdir())) == 7


def test_compare_within_a_region(toy: Classifier, capsys: pytest.CaptureFixture[str]) -> None:
    made = run(capsys, "compare", CASE, "--region", "0.5,0,1,0.5")
    assert made["changed"] <= 0.25
    assert made["control"]["changed"] <= 0.25
    assert made["recipe"]["perturbation"]["region"] == pytest.approx([0.5, 0, 1, 0.5])
    assert "region" not in made["recipe"]["explainer"]


def test_compare_outside_a_part_behind_a_defense_the_attacker_does_not_know(
    toy: Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    where, behind = ("--region", "lungs", "--outside"), ("--defense", "bit_depth", "--bits", "3", "--unaware")
    made = run(capsys, "compare", CASE, *where, *behind)
    assert made["recipe"]["where"] == {"region": "lungs", "outside": True}
    assert made["recipe"]["defense"] == {"key": "bit_depth", "params": {"bits": 3}, "known": False}
    assert "region" not in made["recipe"]["perturbation"]
    assert any("did not know of the defense" in caution["reason"] for caution in made["cautions"])
    assert made["changed"] < 0.7


def test_certify(toy: Classifier, capsys: pytest.CaptureFixture[str]) -> None:
    made = run(capsys, "certify", CASE, "--votes", "40", "--sigma", "4")
    found = made["certificate"]
    assert (found["votes"], made["recipe"]["certify"]["sigma"]) == (40, 4)
    assert found["agreeing"] <= 40
    assert (found["flagged"] is None) == (found["radius"] == 0)
    assert cli.main(["certify", CASE, "--model", "toy", "--votes", "40", "--sigma", "4"]) == 0
    assert f"\n{found['sentence']}\n" in capsys.readouterr().out


@pytest.mark.parametrize(("flag", "what"), [("outside", "region"), ("unaware", "defense")])
def test_a_flag_without_what_it_speaks_of(
    toy: Classifier, capsys: pytest.CaptureFixture[str], flag: str, what: str
) -> None:
    assert cli.main(["compare", CASE, "--model", "toy", f"--{flag}"]) == 2
    assert f"--{flag}: says nothing without --{what}" in capsys.readouterr().err


def test_undefined_is_null(
    toy: Classifier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nothing = small_cnn_classifier()
    with_nothing.network.head.weight.zero_()
    monkeypatch.setattr(cli, "load_classifier", lambda *_: with_nothing)
    made = run(capsys, "compare", CASE)
    assert set(made["explanation_change"].values()) == {None}
    assert "shows no evidence at all" in " ".join(caution["reason"] for caution in made["cautions"])


def test_a_file_is_named_by_its_pixels_alone(
    toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "Doe_Jane_1970.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)).save(path)
    made = run(capsys, "compare", str(path), "--modality", "cxr", "--out", str(tmp_path / "out"))
    assert "Doe" not in json.dumps(made)
    assert len(made["case"]["id"]) == 16


@pytest.mark.parametrize("command", ["predict", "explain", "perturb", "compare"])
def test_text(toy: Classifier, capsys: pytest.CaptureFixture[str], command: str, tmp_path: Path) -> None:
    out = [] if command == "predict" else ["--out", str(tmp_path)]
    assert cli.main([command, CASE, "--model", "toy", *out]) == 0
    text = capsys.readouterr().out
    assert "pneumonia" in text
    assert text.endswith("Not for diagnosis.\n")


def test_benchmark(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with (tmp_path / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "label", "group", "split", "source", "licence"))
        for i in range(12):
            Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(tmp_path / f"{i}.png")
            split = ("train", "val", "test")[min(i // 2, 2)]
            writer.writerow((f"{i}.png", ("normal", "pneumonia")[i % 2], i, split, "made", "CC0"))
    flags = ("benchmark", "--data", str(tmp_path), "--epsilon", "2.55", "--steps", "5")
    made = run(capsys, *flags)
    assert set(made["rows"]) == {"clean", "perturbed", "perturbed_8bit", "perturbed_jpeg", "control"}
    assert set(made["rows"]["clean"]) == {"accuracy", "auroc", "confidence"}
    assert set(made["rows"]["clean"]["accuracy"]) == {"value", "better", "interval", "n"}
    assert [made["rows"]["clean"][name]["better"] for name in ("accuracy", "auroc")] == ["higher", "higher"]
    assert made["rows"]["clean"]["accuracy"]["n"] == made["recipe"]["images"] == 8
    assert made["rows"]["perturbed"]["accuracy"]["value"] <= made["rows"]["clean"]["accuracy"]["value"]
    assert run(capsys, *flags, "--limit", "3")["recipe"]["images"] == 3
    assert cli.main([*flags, "--model", "toy"]) == 0
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.parametrize("split", ["test", None])
@pytest.mark.parametrize("label", ["normal", "pneumonia"])
def test_benchmark_on_pictures_that_were_all_held_out(
    toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path, split: str | None, label: str
) -> None:
    Image.new("L", (32, 32), 90).save(tmp_path / "0.png")
    Image.new("L", (32, 32), 150).save(tmp_path / "1.png")
    lines = [f"0.png,{label},0,made,CC0", "1.png,pneumonia,1,made,CC0"]
    header = "file,label,group,source,licence"
    if split:
        header, lines = f"{header},split", [f"{line},{split}" for line in lines]
    (tmp_path / "labels.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    made = run(capsys, "benchmark", "--data", str(tmp_path), "--perturbation", "jpeg")
    assert made["recipe"]["images"] == made["recipe"]["groups"] == 2
    assert (made["rows"]["clean"]["auroc"]["value"] is None) == (label == "pneumonia")


def test_benchmark_needs_a_test_split(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Image.new("L", (32, 32)).save(tmp_path / "0.png")
    (tmp_path / "labels.csv").write_text(
        "file,label,group,split,source,licence\n0.png,normal,0,train,made,CC0\n", encoding="utf-8"
    )
    assert cli.main(["benchmark", "--data", str(tmp_path), "--model", "toy"]) == 2
    assert "has no picture in split test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["predict", "nowhere.png"], "can't be opened (No such file or directory)"),
        (["predict", "."], "can't be opened (Is a directory)"),
        (["compare", CASE, "--explainer", "guess"], "Choose one of: counterfactual"),
        (["compare", CASE, "--perturbation", "guess"], "exposure, eyelash_shadow"),
        (["compare", CASE, "--epsilon", "99"], "must be between 0 and 16/255, not 99"),
        (["compare", CASE, "--pgd.steps", "many"], "must be of type int, not 'many'"),
        (["compare", CASE, "--target", "fracture"], "Choose: pneumonia"),
        (["compare", CASE, "--region", "0.5,0.5,0.2,1"], "0.5, 0.5, 0.2, 1 is no rectangle within the picture"),
        (["explain", CASE, "--out", "/dev/null/there"], "can't be written to"),
        (["benchmark", "--data", "nowhere"], "does not exist"),
    ],
)
def test_mistakes(toy: Classifier, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    assert cli.main([*arguments, "--model", "toy", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert printed.err.count("\n") == 1


def test_unknown_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["predict", CASE, "--model", "oracle"]) == 2
    assert "Choose one of" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", CASE, "--severity", "4"],  # of another perturbation
        ["compare", CASE, "--eps", "1"],
        ["compare", CASE, "--seed", "-1"],
        ["compare", CASE, "--region", "0.5,0.5,1"],
        ["predict", CASE, "--frame", "x"],
        ["compare"],
    ],
)
def test_wrong_usage(toy: Classifier, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, "--model", "toy"])
    assert stop.value.code == 2
    assert capsys.readouterr().out == ""


def test_a_large_file_is_not_even_read(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert cli.main(["predict", str(path), "--model", "toy"]) == 2
    assert "64 MB" in capsys.readouterr().err


def test_no_picture_in_the_file(toy: Classifier, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    assert cli.main(["predict", str(path), "--model", "toy"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("key", [method.key for method in PERTURBATIONS])
def test_every_pair_of_methods_has_its_flags(key: str) -> None:
    for explainer in EXPLAINERS:
        chosen = (explainer, PERTURBATIONS[key])
        parser = argparse.ArgumentParser()
        add_flags(parser, chosen)
        for method in chosen:
            values = [f"--{method.key}.{spec.name}={spec.default}" for spec in method.params.specs()]
            assert params_of(method, parser.parse_args(values)) == method.params()


@pytest.mark.parametrize("command", ["predict", "explain", "perturb", "compare", "benchmark"])
def test_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert "Not for diagnosis" in capsys.readouterr().out


@pytest.mark.parametrize("key", ["cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr"])
def test_with_the_real_model(capsys: pytest.CaptureFixture[str], key: str) -> None:
    model = load_classifier(key)
    case = next(case for case in bundled_cases() if case.modality == model.card.input.modality)
    flags = ("--epsilon", "2.55", "--steps", "10", "--anyway", "--json")
    assert cli.main(["compare", case.key, "--model", key, *flags]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["flipped"]
    assert made["recipe"]["weights_sha256"] == model.card.sha256
    assert made["linf_255"] == pytest.approx(2.55, abs=1e-3)
    assert abs(made["control"]["logit_after"] - made["logit_before"]) < abs(made["logit_after"] - made["logit_before"])
