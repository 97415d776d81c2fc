"""Process-wide set-up for computing: as many threads as cores are free, all of them torch's, and memory that is not
handed back at once."""

from __future__ import annotations

from core.memory import keep_freed_memory
from core.threads import one_blas_thread, usable_cores

RESERVED_CORES = 1  # for the server, and the browser of a local user


def prepare() -> None:
    """Call once in each thread that computes, before its first tensor."""
    import torch  # takes seconds, and the frame of the app imports this module

    torch.set_num_threads(max(1, usable_cores() - RESERVED_CORES))
    one_blas_thread()
    keep_freed_memory()
