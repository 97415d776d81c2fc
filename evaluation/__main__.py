"""python -m evaluation: see evaluation.cli."""

import sys

from core.memory import keep_freed_memory
from evaluation.cli import main

keep_freed_memory()
sys.exit(main())
