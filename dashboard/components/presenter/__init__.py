"""The keys of presenter mode."""

from dashboard.components.presenter.presenter import presenter

__all__ = ["presenter"]
