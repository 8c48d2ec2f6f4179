"""The one place that wires the parts together: `Brain` for people, `Core` for code that is async already.

What each needs is loaded when it is asked for: to look at the services takes none of the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain.session.brain import Brain
    from brain.session.core import Core
    from brain.session.order import Order, as_budget, as_deadline
    from brain.session.run import Run

__all__ = ["Brain", "Core", "Order", "Run", "as_budget", "as_deadline"]

_HOMES = {
    "Brain": "brain",
    "Core": "core",
    "Order": "order",
    "Run": "run",
    "as_budget": "order",
    "as_deadline": "order",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'brain.session' has no attribute {name!r}")
    return getattr(import_module(f"brain.session.{_HOMES[name]}"), name)
