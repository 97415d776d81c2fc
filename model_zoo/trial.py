"""Tries out an uploaded model in a process of its own: a hostile file may hold that up or bring it down, nothing else.

What passes is then loaded by the process that asked: the trial keeps out what breaks, not what only pretends to behave.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import torch

from core.errors import Cancelled
from core.progress import Report
from core.values import ModelCard
from model_zoo.cards import read_card
from model_zoo.checks import Line, Verdict, check_lines

SECONDS = 120.0
MEMORY, MEMORY_PER_BYTE = 3 * 2**30, 6  # bytes of data: torch itself, and copies of the weights
USUAL_LINES = 11
POLL_SECONDS = 0.1
ROOT = Path(__file__).resolve().parent.parent


def try_out(card: ModelCard, path: Path, report: Report, cancel: threading.Event) -> Verdict:
    """The verdict of check_lines on weights at path, which lie beside their card; raises Cancelled."""
    log = path.with_suffix(".lines")
    command = [sys.executable, "-m", "model_zoo.trial", str(path.with_suffix(".toml")), str(path)]
    end = time.monotonic() + SECONDS
    with (
        log.open("wb") as sink,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.DEVNULL) as child,
    ):
        try:
            while child.poll() is None and time.monotonic() < end:
                if cancel.is_set():
                    raise Cancelled
                report(min(0.95, log.read_bytes().count(b"\n") / USUAL_LINES))
                cancel.wait(POLL_SECONDS)
            timely = child.poll() is not None
        finally:
            child.kill()
    whole = [line for line in log.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    lines = [Line(outcome, _plain(sentence, card, path)) for outcome, sentence in map(json.loads, whole)]
    if child.returncode != 0:
        why = "the process that ran it broke down" if timely else f"it takes more than {SECONDS:g} seconds"
        lines.append(Line("failed", f"The check was not finished: {why}. Export a smaller or simpler network."))
    return Verdict(tuple(lines))


def _plain(sentence: str, card: ModelCard, path: Path) -> str:
    """Without the names that we gave."""
    return sentence.replace(str(path), "the file").replace(path.name, "the file").replace(card.key, "your model")


def main(card_path: str, path: str) -> None:
    """The child: each line of the verdict as a JSON list."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not every system has or grants such a limit
        import resource

        most = MEMORY + MEMORY_PER_BYTE * Path(path).stat().st_size
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    torch.set_num_threads(1)
    for line in check_lines(read_card(Path(card_path)), Path(path)):
        sys.stdout.write(json.dumps([line.outcome, line.sentence]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
