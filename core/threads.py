"""Threads that leave the cores to torch."""

from __future__ import annotations

import os

from threadpoolctl import threadpool_limits


def one_blas_thread() -> None:
    """NumPy's and SciPy's threads wait busily for milliseconds after each product of theirs; a pass of torch that
    follows takes twice as long. Call once numpy is imported; libraries that come later read the environment."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    threadpool_limits(1, user_api="blas")
