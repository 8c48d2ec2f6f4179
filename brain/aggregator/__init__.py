"""From the results of steps to one answer that names the step each statement rests on."""

from brain.aggregator.answer import ANSWER_PROMPT, Aggregator, Answer
from brain.aggregator.results import results_in_words

__all__ = ["ANSWER_PROMPT", "Aggregator", "Answer", "results_in_words"]
