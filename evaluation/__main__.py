"""python -m evaluation: see evaluation.cli."""

import sys

from core.memory import keep_freed_memory
from core.threads import one_blas_thread
from evaluation.cli import main

one_blas_thread()
keep_freed_memory()
sys.exit(main())
