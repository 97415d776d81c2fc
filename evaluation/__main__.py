"""python -m evaluation: see evaluation.cli."""

import sys

import torch

from core.memory import keep_freed_memory
from core.threads import one_blas_thread, usable_cores
from evaluation.cli import main

torch.set_num_threads(min(torch.get_num_threads(), usable_cores()))
one_blas_thread()
keep_freed_memory()
sys.exit(main())
