"""make bench: what the methods cost, as ratios within one run against raw passes and against peers.

Seconds are of this machine; ratios carry over. Each figure is the best of several interleaved rounds, so that a passing
disturbance hits both sides alike; of methods that take long, there are two. Raw passes are those that the method itself
sends through the model, in batches of the same size, with a way back wherever it takes one: the network called as torch
does it, or where full batches take no way back, as the app does. What is done once (to warm up, to write down what a
network does) is left out. DeepLIFT counts as Captum does it, image and baseline there and back, though ours takes no
way back for the baseline. LRP and XRAI consist of more than passes, and are held against more of their work too: LRP by
z+ hands back to parts that a pass does not make, XRAI cuts the picture into regions. Libraries get the plain network.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from skimage.segmentation import felzenszwalb
from torch import Tensor, nn

from core.classifier import FULL, Classifier
from core.memory import keep_freed_memory
from core.params import Params
from core.threads import one_blas_thread, usable_cores
from core.values import Case, Floats, Goal
from dashboard.components.explaining.choice import PRESETS
from dashboard.services.comparing import Finished, Request, Subject, coarse_answer, compared
from dashboard.services.jobs import Cancel, always
from evaluation.agreement import consensus, rank_matrix
from explainers import EXPLAINERS, explain
from explainers.metrics import MEASURES, assess
from explainers.metrics._assess import FLOOR_DRAWS, central_blob
from explainers.xrai import SCALES, SMALLEST
from imaging.bundled import bundled_cases, load_bundled
from imaging.geometry import geometry_of, to_model
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS, perturb, perturb_batch
from perturbations.pgd import PgdParams
from tests.attack_peers import attack_peers, quietly
from tests.peers import SETTINGS, explainer_peers, forward_peers, measure_peers, rectified
from tests.zplus import network_of_parts

ROUNDS = 4
SHORT, LONG = 4, 100  # images; up to the first there are more rounds, from the other on two
RECTIFIED = ("guided_backprop", "guided_grad_cam", "deep_lift", "lrp")  # Captum has these for ReLU only
STEPS = 10


def best_of(*tasks: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Seconds of each task: the best of some rounds, the first of which warms up where there are more."""
    seconds = []
    for _ in range(rounds):
        row = []
        for task in tasks:
            start = time.perf_counter()
            task()
            row.append(time.perf_counter() - start)
        seconds.append(row)
    return np.min(seconds, axis=0).tolist()


def rounds_of(passes: int) -> int:
    """Fewer for what takes longer."""
    if passes <= SHORT:
        return 4 * ROUNDS
    return 2 * ROUNDS if passes < LONG else 2


def there_and_back(network: nn.Module, x: Tensor, score: Callable[[Tensor], Tensor]) -> None:
    """One pass of x through the layers of network, and back, as torch does it."""
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        torch.autograd.grad(score(network(x)).sum(), x)


def raw_passes(model: Classifier, run: Callable[[Classifier], object], x: Tensor) -> tuple[Callable[[], None], int]:
    """The passes of run(model) and nothing else, on copies of x (1, C, h, w); and how many images they take."""
    passes: list[tuple[int, bool]] = []

    def seen(images: Tensor) -> Tensor:
        passes.append((len(images), torch.is_grad_enabled()))
        return images

    run(model.through(seen))
    copies = x.repeat(max(size for size, _ in passes), 1, 1, 1)

    def again() -> None:
        for size, back in passes:
            if back:
                there_and_back(model.network, copies[:size], lambda logits: logits[:, 0])
            else:
                with torch.no_grad():
                    (model if size == FULL else model.network)(copies[:size])

    return again, sum(size for size, _ in passes)


def with_more(key: str, model: Classifier, x: Tensor, raw: Callable[[], None]) -> dict[str, Callable[[], None]]:
    """{name: raw passes and more of what the method can't do without, in layers of torch and by libraries}."""
    if key == "lrp":
        parts = network_of_parts(model, x)

        def passes() -> None:
            with torch.no_grad():
                for _ in range(2):  # for the values, and for what is missing from the logit
                    model.network(x)
            there_and_back(parts, x, lambda logits: logits[:, 0])

        return {"passes there, and of parts there and back": passes}
    if key == "xrai":
        picture = (2 * (x - x.min()) / (x.max() - x.min()) - 1)[0].permute(1, 2, 0).numpy()
        smallest = round(SMALLEST * picture[..., 0].size)

        def segmented(scale: float) -> object:
            return felzenszwalb(picture, scale, min_size=smallest, channel_axis=2)

        def passes_and_segmentation() -> None:
            raw()
            with ThreadPoolExecutor(torch.get_num_threads()) as at_once:
                list(at_once.map(segmented, SCALES))

        return {"raw passes and segmentation": passes_and_segmentation}
    return {}


def row(name: str, seconds: float, against: str, reference: float) -> None:
    """One line: a method, its time, and how many times that is of the reference."""
    sys.stdout.write(f"{name:<44}{seconds * 1000:9.1f} ms   {seconds / reference:6.2f} x {against}\n")


def forward_passes(model: Classifier, pixels: Floats) -> None:
    """Passes without a way back, at the sizes of a batch that a prediction and methods that hide parts take."""
    for batch in (1, 16):
        x = torch.from_numpy(pixels[None]).repeat(batch, 1, 1, 1)
        libraries = forward_peers(model, x)

        def ours(x: Tensor = x) -> Tensor:
            with torch.no_grad():
                return model(x)

        seconds, *theirs = best_of(ours, *libraries.values(), rounds=2 * ROUNDS)
        row(f"Forward pass, batch {batch}", seconds, "itself", seconds)
        for name, taken in zip(libraries, theirs, strict=True):
            row(f"  {name}", taken, "ours", seconds)


def quick_look(model: Classifier, pixels: Floats) -> None:
    """What the page of explanations computes for the preset that it opens with: the maps, and how they agree."""

    def ours() -> None:
        heats = [explain(key, model, pixels, 0).heat for key in PRESETS["Quick look"]]
        rank_matrix(heats, model.card.input.visible)
        consensus(heats, model.card.input.visible)

    (seconds,) = best_of(ours)
    row("Quick look", seconds, "half a second", 0.5)


def maps(model: Classifier, pixels: Floats) -> None:
    """The explainers, against their passes and against libraries at equal settings."""
    x, with_relu = torch.from_numpy(pixels[None]), rectified(model)
    peers, of_relu = explainer_peers(model, x), explainer_peers(with_relu, x)
    for method in EXPLAINERS:
        params = method.params(**SETTINGS.get(method.key, {}))
        libraries = {} if method.key in RECTIFIED else peers.get(method.key, {})

        def made(asked: Classifier, key: str = method.key, params: Params = params) -> object:
            return explain(key, asked, pixels, 0, params)

        raw, images = raw_passes(model, made, x)
        rounds = rounds_of(images)
        more = with_more(method.key, model, x, raw)
        seconds, passing, *others = best_of(
            lambda made=made: made(model), raw, *more.values(), *map(quietly, libraries.values()), rounds=rounds
        )
        row(f"{method.name}, {images} images", seconds, "raw passes", passing)
        for name, taken in zip(more, others, strict=False):
            row("  against more of its work", seconds, name, taken)
        theirs = others[len(more) :]
        if method.key in RECTIFIED:
            libraries = of_relu[method.key]
            seconds, *theirs = best_of(
                lambda made=made: made(with_relu), *map(quietly, libraries.values()), rounds=rounds
            )
            row("  with ReLU in place of ReLU6", seconds, "itself", seconds)
        for name, taken in zip(libraries, theirs, strict=True):
            row(f"  {name}", taken, "ours", seconds)


def measures(model: Classifier, pixels: Floats) -> None:
    """The measures of a map, its random maps and a blob, against libraries that take the same of all these; for
    max-sensitivity, which costs no pass for random maps and the blob, of the map alone."""
    attribution = explain("saliency", model, pixels, 0)
    shape = pixels.shape[1:]
    random = [torch.rand(shape) for _ in range(FLOOR_DRAWS)]
    heats = [torch.from_numpy(attribution.heat), *random, central_blob(shape[0])]
    for key, libraries in measure_peers(model, torch.from_numpy(pixels[None]), heats).items():

        def ours(key: str = key) -> object:
            return assess(key, model, pixels, attribution)

        rounds = 2 * ROUNDS if key == "max_sensitivity" else 2  # the others take seconds
        seconds, *theirs = best_of(ours, *map(quietly, libraries.values()), rounds=rounds)
        row(f"{MEASURES[key].name} of a map and its floor", seconds, "itself", seconds)
        for name, taken in zip(libraries, theirs, strict=True):
            row(f"  {name}", taken, "ours", seconds)


def steps_of_pgd(model: Classifier, pixels: Floats, goal: Goal) -> None:
    """PGD at two sizes of a batch against as many raw passes, and against libraries at equal settings: alone, and until
    the model has said whether it worked. Ours and foolbox's have looked at their result already; ART's has too, but
    keeps what it saw to itself."""
    params = PgdParams(epsilon=1.0, steps=STEPS)
    for batch in (1, 16):
        images = np.repeat(pixels[None], batch, axis=0)
        x, libraries = torch.from_numpy(images), attack_peers(model, images, goal, params)

        def raw_steps(x: Tensor = x) -> None:
            for _ in range(STEPS):
                there_and_back(model.network, x, goal.loss)

        def found(images: Floats = images) -> Floats:
            return perturb_batch("pgd", model, images, goal, params)

        def ours(images: Floats = images) -> None:
            asked = model.recalling()
            asked.predict_batch(perturb_batch("pgd", asked, images, goal, params))

        raw, alone, whole, look, *theirs = best_of(
            raw_steps,
            found,
            ours,
            lambda images=images: model.predict_batch(images),
            *map(quietly, libraries.values()),
            rounds=2 * ROUNDS if batch == 1 else ROUNDS,
        )
        row(f"{STEPS} forward and backward passes, batch {batch}", raw, "itself", raw)
        row(f"PGD, {STEPS} steps, batch {batch}", alone, "raw passes", raw)
        row("  and what the model says of its result", whole, "raw passes", raw)
        for name, taken in zip(libraries, theirs, strict=True):
            row(f"  {name}", taken, "ours", alone)
            if name != "foolbox":
                row(f"  {name}, and what the model says of its result", taken + look, "ours", whole)


def move_of_epsilon(model: Classifier, case: Case, pixels: Floats) -> None:
    """What the app computes when epsilon is moved, with the methods that it opens with, until it shows an answer after
    few steps, and from there to the answer itself; against forward and backward passes."""
    explaining, search = EXPLAINERS["grad_cam"], PERTURBATIONS["pgd"]
    refined = Request(
        subject=Subject.of(case),
        model=model.card.key,
        point=next(iter(model.card.operating_points)),
        anyway=True,
        target=0,
        explainer=explaining.key,
        explainer_params=explaining.params(),
        perturbation=search.key,
        perturbation_params=search.params(),
        direction=None,
        seed=0,
    )
    x, cancel = torch.from_numpy(pixels[None]), Cancel(always)

    def answer() -> Finished:
        return compared(refined, case, [], lambda share: None, cancel, own=model)

    seen = answer().comparison.clean
    assert coarse_answer(refined, case, model, seen, lambda share: None, cancel), (
        "the app opens with methods that take more steps"
    )
    both, first, second = best_of(
        lambda: there_and_back(model.network, x, lambda logits: logits[:, 0]),
        lambda: coarse_answer(refined, case, model, seen, lambda share: None, cancel),
        answer,
    )
    row("A move of epsilon, until the first answer", first, "forward and backward", both)
    row("  and from there to the refined one", second, "forward and backward", both)


def main() -> None:
    """Benchmark the chest model."""
    one_blas_thread()
    keep_freed_memory()
    torch.set_num_threads(usable_cores())
    model = load_classifier("cxr_pneumonia")
    case = load_bundled(next(case.key for case in bundled_cases() if case.modality == "cxr"))
    pixels = to_model(case.pixels, geometry_of(case.pixels, model.card.input), model.card.input.channels)
    goal = Goal.against(model.predict(pixels), 0)

    steps_of_pgd(model, pixels, goal)
    move_of_epsilon(model, case, pixels)
    x = torch.from_numpy(pixels[None])
    forward, both = best_of(lambda: model.predict(pixels), lambda: there_and_back(model.network, x, goal.loss))
    row("Prediction", forward, "itself", forward)
    row("Forward and backward pass", both, "prediction", forward)
    forward_passes(model, pixels)
    quick_look(model, pixels)
    maps(model, pixels)
    measures(model, pixels)
    for method in PERTURBATIONS:
        passes = method.passes(method.params(), (1, *pixels.shape[1:]))
        (seconds,) = best_of(lambda method=method: perturb(method.key, model, pixels, goal), rounds=rounds_of(passes))
        row(method.name, seconds, "forward and backward", both)


if __name__ == "__main__":
    main()
