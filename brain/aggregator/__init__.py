"""From the results of steps to one answer that names the step each statement rests on."""

from brain.aggregator.answer import Aggregator, Answer

__all__ = ["Aggregator", "Answer"]
