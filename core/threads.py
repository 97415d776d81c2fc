"""As many threads as there are cores, and all of them torch's."""

from __future__ import annotations

import os
from pathlib import Path

from threadpoolctl import threadpool_limits

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Of the control group on Linux, as containers have it: "max", or the microseconds of all cores in each period."""


def usable_cores() -> int:
    """Those that this process may use, by its affinity and by the quota of its control group; at least one. With more
    threads than that, passes wait for threads that are not running."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text("ascii").split()
    except (OSError, ValueError):  # no such group
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))


def one_blas_thread() -> None:
    """NumPy's and SciPy's threads wait busily for milliseconds after each product of theirs; a pass of torch that
    follows takes twice as long. Call once numpy is imported; libraries that come later read the environment."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    threadpool_limits(1, user_api="blas")
