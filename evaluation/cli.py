"""The command line: what the app does, from the same parameters, as text or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import SecondLookError
from core.registry import Method
from core.values import MODALITIES
from defenses import DEFENSES, CertifyParams
from evaluation.commands import COMMANDS, progress_bar
from evaluation.flags import add_flags, listing
from evaluation.localize import CHEAP
from evaluation.regions import BORDER, Place
from evaluation.text import text_of
from evaluation.words import NOTICE
from explainers import EXPLAINERS
from model_zoo.cards import cards
from model_zoo.loading import load_classifier
from perturbations import PERTURBATIONS

EXPLAINER, PERTURBATION = "grad_cam", "pgd"
LARGEST = 2**32
HELP = {
    "predict": "what a model says",
    "explain": "what its score depends on",
    "perturb": "what a perturbation does to its answer, beside equal noise",
    "compare": "prediction and map before and after a perturbation, beside equal noise",
    "benchmark": "accuracy on a labeled test split, clean, perturbed and under equal noise",
    "certify": "how large a change is proven not to turn the answer under noise",
    "defend": "what each defense is worth against an attacker who does not know it and one who does",
    "detect": "how many attacks each detector catches, and how often it is wrong, also against one who knows it",
    "localize": "whether maps point at the finding on outlined pictures, beside maps that know nothing",
    "universal": "compute changes that mislead the model on many pictures, and what they do to others",
}
PARTS = {
    "predict": ("file", "coverage"),
    "explain": ("file", "seed", "result", "explainer", "trial"),
    "perturb": ("file", "seed", "result", "goal", "perturbation"),
    "compare": ("file", "seed", "result", "goal", "region", "explainer", "perturbation", "defense"),
    "benchmark": ("folder", "seed", "perturbation"),
    "certify": ("file", "seed", "target", "votes"),
    "defend": ("sample", "seed", "perturbation"),
    "detect": ("sample", "seed"),
    "localize": ("outlined", "seed"),
    "universal": ("pictures", "seed"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 2 after one sentence on stderr. argparse exits with 2 by itself."""
    try:
        options = _parser(arguments).parse_args(arguments)
        model = load_classifier(options.model, progress_bar())
        if options.point is not None:
            model = model.at(options.point)
        made = COMMANDS[options.command](options, model)
    except SecondLookError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nCanceled.\n")
        return 130
    sys.stdout.write(f"{json.dumps(made, allow_nan=False)}\n" if options.json else text_of(made, model.card))
    return 0


def _parser(arguments: Sequence[str] | None) -> argparse.ArgumentParser:
    """The parser with the flags of the methods that these arguments choose."""
    chosen, _ = _chooser().parse_known_args(arguments)
    parser = argparse.ArgumentParser(
        prog="python -m evaluation",
        description="Predict, explain, perturb and compare one image; benchmark or localize on many.",
        epilog=NOTICE,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, parts in PARTS.items():
        methods: list[Method] = []
        if "explainer" in parts:
            methods.append(EXPLAINERS[chosen.explainer])
        if "perturbation" in parts:
            methods.append(PERTURBATIONS[chosen.perturbation])
        if "defense" in parts and chosen.defense is not None:
            methods.append(DEFENSES[chosen.defense])
        made = commands.add_parser(
            command,
            help=HELP[command],
            description=f"{HELP[command].capitalize()}.",
            epilog=_epilog(parts),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for part in (*parts, "every"):
            for name, settings in _arguments(part).items():
                made.add_argument(name, **settings)
        add_flags(made, methods)
    return parser


def _chooser() -> argparse.ArgumentParser:
    chooser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    chooser.add_argument("--explainer", default=EXPLAINER)
    chooser.add_argument("--perturbation", default=PERTURBATION)
    chooser.add_argument("--defense")
    return chooser


def _arguments(part: str) -> Mapping[str, dict[str, Any]]:
    """Names and settings of the arguments that the commands with this part take."""
    models = ", ".join(card.key for card in cards())
    table: dict[str, dict[str, dict[str, Any]]] = {
        "file": {
            "file": {"metavar": "FILE", "help": "an image, or the name of a bundled case"},
            "--frame": {"type": _whole(0), "default": 0, "metavar": "N", "help": "frame of a multi-frame file, from 0"},
            "--modality": {
                "choices": tuple(MODALITIES),
                "help": "what it shows; default: told by its header or colors",
            },
            "--anyway": {"action": "store_true", "help": "go on though the image is not one for the model"},
        },
        "coverage": {
            "--coverage": {
                "type": float,
                "metavar": "SHARE",
                "help": "also say what is certain enough for this share of images, e.g. 0.9, or that it can't be told",
            }
        },
        "folder": {
            "--data": {
                "required": True,
                "type": Path,
                "metavar": "DIR",
                "help": "folder with labels.csv and its pictures",
            },
            "--limit": {"type": _whole(1), "metavar": "N", "help": "draw this many pictures of the test split"},
        },
        "sample": {
            "--data": {"required": True, "type": Path, "metavar": "DIR", "help": "folder with labels.csv and pictures"},
            "--limit": {"type": _whole(2), "default": 32, "metavar": "N", "help": "test pictures; default 32"},
            "--methods": {
                "type": lambda text: text.split(","),
                "metavar": "KEY,KEY",
                "help": "defenses or detectors; default: all that can serve the model",
            },
            "--out": {"type": Path, "metavar": "DIR", "help": "write the result of each picture here, as MODEL.json"},
        },
        "pictures": {
            "--data": {"required": True, "type": Path, "metavar": "DIR", "help": "folder with labels.csv and pictures"},
            "--epsilon": {
                "type": float,
                "default": 2.0,
                "metavar": "LEVELS",
                "help": "largest change (/255); default 2",
            },
            "--limit": {"type": _whole(2), "default": 96, "metavar": "N", "help": "validation pictures; default 96"},
            "--tested": {"type": _whole(2), "default": 200, "metavar": "N", "help": "test pictures; default 200"},
            "--out": {"type": Path, "metavar": "DIR", "help": "write the changes here, as MODEL.safetensors and .json"},
        },
        "outlined": {
            "--data": {
                "type": Path,
                "metavar": "DIR",
                "help": "folder with outlined pictures, see evaluation/marked.py; default: drawn ones only",
            },
            "--limit": {
                "type": _whole(1),
                "default": 32,
                "metavar": "N",
                "help": "pictures of each set; default 32",
            },
            "--methods": {
                "type": lambda text: text.split(","),
                "metavar": "KEY,KEY",
                "help": f"explainers; default: all that cost at most {CHEAP} passes",
            },
            "--out": {"type": Path, "metavar": "DIR", "help": "write the scores of each picture here, as MODEL.json"},
        },
        "seed": {
            "--seed": {"type": _whole(0), "default": 0, "metavar": "N", "help": "of all random choices; default 0"}
        },
        "target": {"--target": {"metavar": "LABEL", "help": "label of the model; default its first"}},
        "votes": {
            f"--{spec.name}": {
                "type": type(spec.default),
                "default": spec.default,
                "metavar": "VALUE",
                "help": f"{spec.help} Default {spec.default}{spec.unit}.",
            }
            for spec in CertifyParams.specs()
        },
        "result": {
            "--target": {"metavar": "LABEL", "help": "label of the model; default its first"},
            "--out": {"type": Path, "metavar": "DIR", "help": "write pictures here, in the frame of the model"},
        },
        "goal": {"--direction": {"choices": ("hide", "induce"), "help": "default: flip the decision as it stands"}},
        "region": {
            "--region": {
                "type": _place,
                "metavar": "PLACE",
                "help": "perturb only here: x0,y0,x1,y1 in shares of width and height from the upper left corner, the "
                f"name of a region of a bundled case, or {BORDER}",
            },
            "--outside": {"action": "store_true", "help": "perturb all but that region"},
        },
        "trial": {
            "--assess": {
                "action": "store_true",
                "help": "also say what measures say of the map, beside random maps and a central blob",
            },
            "--finding": {
                "type": _place,
                "metavar": "PLACE",
                "help": "where the finding lies, for measures of place: x0,y0,x1,y1 in shares of width and height from "
                "the upper left corner, or the name of a region of a bundled case; default: what is marked on the "
                "case. Implies --assess",
            },
        },
        "defense": {
            "--defense": {"metavar": "KEY", "help": "what stands before the model, see below; default: nothing"},
            "--unaware": {"action": "store_true", "help": "the attacker does not know the defense"},
        },
        "explainer": {
            "--explainer": {"default": EXPLAINER, "metavar": "KEY", "help": f"see below; default {EXPLAINER}"}
        },
        "perturbation": {
            "--perturbation": {"default": PERTURBATION, "metavar": "KEY", "help": f"see below; default {PERTURBATION}"}
        },
        "every": {
            "--model": {"required": True, "metavar": "KEY", "help": f"one of: {models}"},
            "--point": {"metavar": "NAME", "help": "operating point of the model; default its first"},
            "--json": {"action": "store_true", "help": "print one JSON object"},
        },
    }
    return table[part]


def _epilog(parts: Sequence[str]) -> str:
    paragraphs = []
    if "explainer" in parts:
        paragraphs.append(f"explainers and their parameters:\n{listing(EXPLAINERS)}")
    if "perturbation" in parts:
        paragraphs.append(f"perturbations and their parameters:\n{listing(PERTURBATIONS)}")
    if "defense" in parts:
        paragraphs.append(f"defenses and their parameters:\n{listing(DEFENSES)}")
    if paragraphs:
        paragraphs.append("Choose a method and ask for --help to see the flags of its parameters.")
    return "\n\n".join([*paragraphs, NOTICE])


def _place(text: str) -> Place:
    """argparse type: four numbers between commas, or a name."""
    if "," not in text:
        return text
    try:
        x0, y0, x1, y1 = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be four numbers like 0.2,0.1,0.5,0.4, not {text!r}") from None
    return x0, y0, x1, y1


def _whole(least: int) -> Callable[[str], int]:
    """argparse type: a whole number from least up to what a seed can hold."""

    def parse(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() else -1
        if not least <= value < LARGEST:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} on, not {text!r}")
        return value

    return parse
