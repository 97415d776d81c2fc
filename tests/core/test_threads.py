"""BLAS with one thread, and no more threads than cores."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import threads

SHOWN = """
import numpy
from core.threads import one_blas_thread
one_blas_thread()
import scipy.linalg
from threadpoolctl import threadpool_info
print([each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"])
"""


def test_libraries_that_are_there_and_those_that_come_have_one_thread() -> None:
    done = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.strip()[1:-1].split(", ")) <= {"1", ""}  # none where BLAS is the system's own


@pytest.mark.parametrize(
    ("quota", "usable"),
    [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("9900000 100000", 8), ("", 8), (None, 8)],
)
def test_no_more_cores_are_used_than_a_container_may(
    quota: str | None, usable: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(threads, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)), raising=False)
    assert threads.usable_cores() == usable
