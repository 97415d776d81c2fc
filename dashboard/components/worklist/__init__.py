"""The list of cases."""

from dashboard.components.worklist.worklist import step, worklist

__all__ = ["step", "worklist"]
