"""The commands of the command line: options and a loaded model -> the summary that is printed."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from core.classifier import Classifier
from core.errors import InputError, ParameterError, SecondLookError
from core.files import writing_into
from core.progress import Report
from core.values import Attribution, Case, Floats, Mask, ModelCard, Prediction
from defenses import DEFENSES, CertifyParams, certify, defend
from evaluation import summary
from evaluation.benchmark import robustness
from evaluation.cautions import (
    case_cautions,
    control_cautions,
    map_cautions,
    perturbation_cautions,
    prediction_cautions,
)
from evaluation.control import controlled
from evaluation.coverage import conformal_of
from evaluation.defended import measure_defenses
from evaluation.detect import measure_detectors
from evaluation.flags import params_of
from evaluation.goals import goal_of
from evaluation.kept import keep
from evaluation.localize import Localization, cheap_methods, localize
from evaluation.localized import localizations_of, write_localizations
from evaluation.marked import marked_pictures
from evaluation.pictures import write_comparison, write_images, write_maps
from evaluation.regions import Place, findings_of, mask_of
from evaluation.session import Fitted, compare_case, fitted, target_of
from evaluation.split import sampled
from evaluation.suitability import admit
from evaluation.summary import Summary
from evaluation.survival import survival
from evaluation.universal import flip_rates, universal_changes
from explainers import EXPLAINERS, explain
from explainers.metrics import MEASURES, assess
from imaging.bundled import bundled_cases, load_bundled
from imaging.limits import MAX_BYTES, check_bytes
from imaging.read import read_case
from model_zoo.data import examples, read_rows
from model_zoo.tasks import load_task
from model_zoo.universal import LEVELS, write_universal
from perturbations import PERTURBATIONS, perturb
from perturbations.universal import UniversalParams

Options: TypeAlias = argparse.Namespace
Marked: TypeAlias = tuple[Place, Mask]  # and as a mask (h, w) in the frame of the model

KNOWN, VALIDATED = 256, 128  # pictures that detectors compare with, and on which their thresholds are set


def predict_command(options: Options, model: Classifier) -> Summary:
    """predict FILE --model KEY"""
    case = read(options)
    doubts = admit(case, model, anyway=options.anyway)
    prediction = model.predict(fitted(case, model.card).pixels)
    certain = None if options.coverage is None else _certain(prediction, model.card, options.coverage)
    cautions = [
        *doubts,
        *(
            caution
            for target in range(len(prediction.labels))
            for caution in (
                *case_cautions(case, model.card, prediction, target),
                *prediction_cautions(prediction, target),
            )
        ),
    ]
    return summary.of_prediction(case, model, prediction, dict.fromkeys(cautions), certain)


def explain_command(options: Options, model: Classifier) -> Summary:
    """explain FILE --model KEY --explainer KEY"""
    case, target = read(options), target_of(model.card, options.target)
    doubts = admit(case, model, anyway=options.anyway)
    fit = fitted(case, model.card)
    pixels, marked = fit.pixels, _marked(options, case, fit, model)
    prediction = model.predict(pixels)
    params = params_of(EXPLAINERS[options.explainer], options)
    attribution = explain(options.explainer, model, pixels, target, params, seed=options.seed, report=progress_bar())
    cautions = (
        *doubts,
        *case_cautions(case, model.card, prediction, target),
        *prediction_cautions(prediction, target),
        *map_cautions({"image": attribution}),
    )
    made = summary.of_attribution(case, model, prediction, attribution, cautions)
    if options.assess or options.finding is not None:
        made["trial"] = _assessed(options, model, pixels, attribution, findings_of(case), marked)
    return _with_pictures(made, options.out, lambda out: write_maps(out, {"image": (pixels, attribution)}))


def _assessed(
    options: Options,
    model: Classifier,
    pixels: Floats,
    attribution: Attribution,
    findings: Sequence[str],
    marked: Marked | None,
) -> Summary:
    """What every measure says that can serve model and case; findings are marked on the case."""
    place, mask = marked or (None, None)
    offers = model.offers | (set() if mask is None else {"region"})
    unmet = {measure.key: why for measure in MEASURES if (why := measure.unmet(offers))}
    found = []
    for measure in MEASURES:
        try:
            if measure.key not in unmet:
                report = progress_bar()
                made = assess(measure.key, model, pixels, attribution, region=mask, seed=options.seed, report=report)
                found.append(made)
        except SecondLookError as error:
            unmet[measure.key] = error.why
    return summary.of_assessments(attribution, found, unmet, place, marked=options.finding in {None, *findings})


def _marked(options: Options, case: Case, fit: Fitted, model: Classifier) -> Marked | None:
    """Where the finding lies, as the user says or as the case does where the model sees that."""
    for place in findings_of(case) if options.finding is None else [options.finding]:
        mask = mask_of(place, case, fit.geometry, model.card.input)
        if mask is not None and (options.finding is not None or (mask & model.card.input.visible).any()):
            model.check_region(mask)
            return place, mask
    return None


def perturb_command(options: Options, model: Classifier) -> Summary:
    """perturb FILE --model KEY --perturbation KEY"""
    case, target = read(options), target_of(model.card, options.target)
    doubts = admit(case, model, anyway=options.anyway)
    pixels = fitted(case, model.card).pixels
    before = model.predict(pixels)
    goal = goal_of(options.perturbation, before, target, options.direction)
    params = params_of(PERTURBATIONS[options.perturbation], options)
    perturbation = perturb(options.perturbation, model, pixels, goal, params, seed=options.seed, report=progress_bar())
    control = controlled(model, perturbation)
    predictions = {
        "clean": before,
        "perturbed": model.predict(perturbation.perturbed),
        "control": model.predict(control.perturbed),
    }
    cautions = (
        *doubts,
        *case_cautions(case, model.card, before, target),
        *prediction_cautions(before, target),
        *perturbation_cautions(perturbation),
        *control_cautions(perturbation, control, before, predictions["control"]),
    )
    made = summary.of_perturbation(case, model, perturbation, control, predictions, cautions)
    return _with_pictures(made, options.out, lambda out: write_images(out, perturbation, control, model.card.key))


def compare_command(options: Options, model: Classifier) -> Summary:
    """compare FILE --model KEY --explainer KEY --perturbation KEY"""
    case, bare, defense = read(options), model, None
    also: dict[str, Any] = {}
    for flag, what in (("outside", "region"), ("unaware", "defense")):
        if getattr(options, flag) and getattr(options, what) is None:
            raise ParameterError(f"--{flag}", f"says nothing without --{what}", f"Give --{what}, or leave it out.")
    if options.region is not None:
        also["where"] = {"region": options.region, "outside": options.outside}
    if options.defense is not None:
        defense = DEFENSES[options.defense]
        params = params_of(defense, options)
        model = defend(options.defense, bare, params, seed=options.seed)
        also["defense"] = {"key": defense.key, "params": params.as_dict(), "known": not options.unaware}
    comparison = compare_case(
        case,
        model,
        anyway=options.anyway,
        defense=defense,
        attacked=bare if defense and options.unaware else None,
        target=target_of(model.card, options.target),
        explainer=options.explainer,
        explainer_params=params_of(EXPLAINERS[options.explainer], options),
        perturbation=options.perturbation,
        perturbation_params=params_of(PERTURBATIONS[options.perturbation], options),
        direction=options.direction,
        attack_region=options.region,
        attack_outside=options.outside,
        seed=options.seed,
        report=progress_bar(),
    )
    saved = survival(model, comparison.perturbation, case, fitted(case, model.card).geometry)
    made = summary.of_comparison(case, model, comparison, saved, also)
    return _with_pictures(made, options.out, lambda out: write_comparison(out, comparison, model.card.key))


def benchmark_command(options: Options, model: Classifier) -> Summary:
    """benchmark --model KEY --data FOLDER --perturbation KEY"""
    task = dataclasses.replace(load_task(model.card.key), input=model.card.input)
    rows = [row for row in read_rows(options.data, task, held_out=True) if row.split == "test"]
    if options.limit is not None and options.limit < len(rows):
        drawn = np.random.default_rng(options.seed).choice(len(rows), options.limit, replace=False)
        rows = [rows[i] for i in sorted(drawn)]
    test = examples(rows, "test", task)
    params = params_of(PERTURBATIONS[options.perturbation], options)
    target = target_of(model.card, task.finding)
    outcomes = robustness(
        model,
        test.images,
        test.targets[:, 0] == 1,
        test.groups,
        options.perturbation,
        params,
        target=target,
        seed=options.seed,
        report=progress_bar(),
    )
    settings = {
        "seed": options.seed,
        "images": len(rows),
        "groups": len(set(test.groups)),
        "perturbation": {"key": options.perturbation, "params": params.as_dict()},
    }
    return summary.of_benchmark(model, target, settings, outcomes)


def localize_command(options: Options, model: Classifier) -> Summary:
    """localize --model KEY --data FOLDER"""
    task = dataclasses.replace(load_task(model.card.key), input=model.card.input)
    methods = options.methods or cheap_methods(model)
    if options.out is not None:
        localizations_of(model.card, options.out)  # a damaged file is named now, and not after an hour
    found: list[Localization] = []
    for marked in marked_pictures(task, options.data, options.limit):
        found.append(localize(model, marked, methods, seed=options.seed, report=progress_bar()))
        if options.out is not None:
            write_localizations(model.card, found, options.out)
    return summary.of_localizations(model, found, options.seed)


def certify_command(options: Options, model: Classifier) -> Summary:
    """certify FILE --model KEY"""
    case, target = read(options), target_of(model.card, options.target)
    doubts = admit(case, model, anyway=options.anyway)
    params = CertifyParams(**{spec.name: getattr(options, spec.name) for spec in CertifyParams.specs()})
    pixels = fitted(case, model.card).pixels
    found = certify(model, pixels, target, params, seed=options.seed, report=progress_bar())
    return summary.of_certificate(case, model, target, found, params, options.seed, doubts)


def defend_command(options: Options, model: Classifier) -> Summary:
    """defend --model KEY --data FOLDER --perturbation KEY"""
    test = sampled(options.data, model.card, options.limit, held_out=True)
    params = params_of(PERTURBATIONS[options.perturbation], options)
    found = measure_defenses(
        model, test, options.perturbation, params, methods=options.methods, seed=options.seed, report=progress_bar()
    )
    if options.out is not None:
        keep(model, found, options.out)
    return summary.of_defenses(model, found)


def detect_command(options: Options, model: Classifier) -> Summary:
    """detect --model KEY --data FOLDER"""
    known = sampled(options.data, model.card, KNOWN, "train")
    validation = sampled(options.data, model.card, VALIDATED, "val")
    test = sampled(options.data, model.card, options.limit)
    found = measure_detectors(
        model,
        known.images,
        validation.images,
        test,
        methods=options.methods,
        seed=options.seed,
        report=progress_bar(),
    )
    if options.out is not None:
        keep(model, found, options.out)
    return summary.of_detectors(model, found)


def universal_command(options: Options, model: Classifier) -> Summary:
    """universal --model KEY --data FOLDER"""
    params = UniversalParams(epsilon=options.epsilon)
    validation = sampled(options.data, model.card, options.limit, "val")
    test = sampled(options.data, model.card, options.tested)
    changes = universal_changes(model, validation.images, options.epsilon, seed=options.seed, report=progress_bar())
    changes = np.rint(changes * LEVELS).astype(np.float32) / np.float32(LEVELS)  # as they are kept
    flips = flip_rates(model, test, changes, seed=options.seed, report=progress_bar())
    made = summary.of_universal(model, flips, {**params.as_dict(), "images": len(validation.images)}, options.seed)
    if options.out is not None:
        write_universal(model.card, changes, made, options.out)
    return made


COMMANDS: Mapping[str, Callable[[Options, Classifier], Summary]] = {
    "predict": predict_command,
    "explain": explain_command,
    "perturb": perturb_command,
    "compare": compare_command,
    "benchmark": benchmark_command,
    "certify": certify_command,
    "defend": defend_command,
    "detect": detect_command,
    "localize": localize_command,
    "universal": universal_command,
}


def read(options: Options) -> Case:
    """The case that FILE names: a file, or else a bundled case. Raises InputError and its kinds."""
    path = Path(options.file)
    bundled = [case.key for case in bundled_cases()]
    if options.file in bundled and not path.exists():
        return load_bundled(options.file)
    try:
        check_bytes(path.stat().st_size)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        known = f"Give the path of an image, or a bundled case: {', '.join(bundled)}."
        raise InputError(f"File {path}", f"can't be opened ({error.strerror})", known) from None
    return read_case(data, frame=options.frame, modality=options.modality)


def _certain(prediction: Prediction, card: ModelCard, coverage: float) -> dict[str, Any]:
    """What predict says at a coverage; raises ParameterError where the model can't promise it."""
    conformal = conformal_of(card)
    if conformal is None:
        raise ParameterError("Coverage", f"there are no validation results of {card.key}", "Leave out --coverage.")
    if coverage > conformal.highest_coverage:
        highest = f"{conformal.highest_coverage:.3f} for {card.key}, not {coverage:g}"
        raise ParameterError("Coverage", f"must be at most {highest}", "Choose e.g. 0.9.")
    return {"coverage": coverage, "answer": conformal.answer(float(prediction.probabilities[0]), coverage)}


def progress_bar() -> Report | None:
    """A report that keeps one line of stderr up to date; None where nobody watches it."""
    if not sys.stderr.isatty():
        return None

    def report(share: float) -> None:
        sys.stderr.write(f"\r{share:4.0%} " if share < 1 else "\r     \r")
        sys.stderr.flush()

    return report


def _with_pictures(made: Summary, out: Path | None, write: Callable[[Path], Summary]) -> Summary:
    if out is None:
        return made
    with writing_into(out):
        return {**made, "pictures": write(out)}
