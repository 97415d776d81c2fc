"""A card to fill in, for models from elsewhere: every field with what it means; as it stands it can be read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from core.values import MODALITIES, DataSource, Format, InputSpec, ModelCard
from model_zoo.cards import SOURCES, toml
from model_zoo.formats import SUFFIXES

MEANINGS: Mapping[str, str] = {
    "key": "Letters, digits, - and _. In the folder of models this file is called like it: my_model.toml.",
    "name": "How the model is called in lists.",
    "summary": "What it does, in one or two sentences.",
    "labels": "The findings, in the order of the outputs of the network.",
    "temperature": "What logits are divided by before they become probabilities; 1.0 where nothing was calibrated.",
    "architecture": "",
    "weights": "A file name that ends as the format wants. In the folder of models the file lies beside this card.",
    "sha256": "64 hexadecimal digits that the file must have (sha256sum prints them), or nothing.",
    "license": "The license of the weights.",
    "test_split": "What the results below were measured on, or: none.",
    "intended_use": "What the model is for.",
    "limits": "Where its answers can't be trusted, a sentence each.",
    "role": "Yours is foreign.",
    "format": "timm (safetensors), onnx, or, in the folder of models only, torchscript or export (.pt2).",
    "source": f"Where the weights are fetched from, in the folder of models only: {SOURCES}; or nothing.",
    "head": "independent: a sigmoid for each output; exclusive: a softmax over all of them. The network itself must "
    "end with the logits.",
    "hidden": "Positions, from 0, of outputs that have no label; with the labels they are all outputs.",
    "operating_points": "By name, the first being the default: the probability from which each label is flagged.",
    "input.modality": f"One of {', '.join(MODALITIES)}.",
    "input.channels": "1 for gray pictures, 3 for color.",
    "input.size": "Pixels on each side of the square that the network takes.",
    "input.fit": "squash: the whole picture; fov: a fundus photograph cropped to its field of view.",
    "input.mean": "Pixels x in [0, 1] become (x - mean) / std: one number, or one for each plane.",
    "input.std": "",
    "input.planes": "Channels of the network; a gray picture is repeated to 3 where it takes 3.",
    "training.name": "The data it was trained on; repeat the block for more.",
    "training.images": "How many, 0 where it is not known.",
    "training.license": "The license of the data.",
    "training.link": "Where they are described.",
}
ARCHITECTURES: Mapping[Format, tuple[str, str]] = {
    "timm": ("densenet121", "The name of the timm model that the weights belong to."),
    "onnx": ("resnet18", "What the network is; for information only, the file holds all of it."),
}
RESULTS = """\
# What its authors report, if anything: the name of the measure, then value, interval and number of pictures.
# [results.auroc]
# value = 0.93
# interval = [0.91, 0.95]
# n = 1000
"""
WIDTH = 100
LEFT_OUT = {"twin", "scope", "results", "training", "input"}  # the last three are tables of their own


def card_template(form: Format) -> str:
    """The text of a card for weights of this format, with a comment for each field."""
    card = _example(form)
    lines = ["# The card of a model, for Second Look. Replace what stands here, and leave no field out.", ""]
    points = dict(card.operating_points)
    for field in fields(ModelCard):
        if field.name not in {*LEFT_OUT, "operating_points"}:
            meaning = ARCHITECTURES[form][1] if field.name == "architecture" else MEANINGS[field.name]
            lines += _explained(field.name, getattr(card, field.name), meaning)
    lines += ["", *_comment(MEANINGS["operating_points"]), "[operating_points]"]
    lines += [f"{name} = {toml(values)}" for name, values in points.items()]
    for heading, table in (("[input]", card.input), ("[[training]]", card.training[0])):
        lines += ["", heading]
        for field in fields(table):
            meaning = MEANINGS[f"{heading.strip('[]')}.{field.name}"]
            lines += _explained(field.name, getattr(table, field.name), meaning)
    return "\n".join([*lines, "", RESULTS])


def _explained(name: str, value: Any, meaning: str) -> Iterator[str]:
    yield from _comment(meaning)
    yield f"{name} = {toml(value)}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


def _example(form: Format) -> ModelCard:
    return ModelCard(
        key="my_model",
        name="My model",
        summary="A classifier of frontal chest X-rays with two findings.",
        input=InputSpec("cxr", 1, 224, "squash"),
        labels=("pneumonia", "effusion"),
        operating_points={"balanced": (0.5, 0.5)},
        temperature=1.0,
        architecture=ARCHITECTURES[form][0],
        weights=f"my_model{SUFFIXES[form]}",
        sha256="",
        license="that of the weights",
        training=(DataSource("the data it was trained on", 0, "theirs", "https://example.org"),),
        results={},
        test_split="none",
        intended_use="Research and education. Not for diagnosis.",
        limits=("Say here what it was not trained on.",),
        role="foreign",
        format=form,
    )
