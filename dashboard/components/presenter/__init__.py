"""The keys of a lesson."""

from dashboard.components.presenter.presenter import presenter

__all__ = ["presenter"]
