"""The parts of the lessons."""

from dashboard.components.lessons.answers import Answers
from dashboard.components.lessons.overview import overview
from dashboard.components.lessons.place import QUIZ, Place, asked_for
from dashboard.components.lessons.scene import scene
from dashboard.components.lessons.text import onward, question, step_text

__all__ = ["QUIZ", "Answers", "Place", "asked_for", "onward", "overview", "question", "scene", "step_text"]
