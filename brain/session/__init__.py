"""The one place that wires the parts together: `Brain` for people, `Core` for code that is async already."""

from brain.session.brain import Brain
from brain.session.core import Core
from brain.session.run import Run
from brain.session.runner import Order

__all__ = ["Brain", "Core", "Order", "Run"]
