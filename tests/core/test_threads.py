"""BLAS with one thread."""

from __future__ import annotations

import subprocess
import sys

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
