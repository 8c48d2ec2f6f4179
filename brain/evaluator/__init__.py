"""Scores runs, asks a model to judge answers, and evaluates suites of requests."""

from brain.evaluator.attempt import Attempt, Call, Judgement
from brain.evaluator.checks import Evaluation, Grounds, evaluate
from brain.evaluator.comparison import Change, Compared, Comparison
from brain.evaluator.expectations import Finding
from brain.evaluator.judge import JUDGE_PROMPT, Judge, Judged
from brain.evaluator.running import evaluate_suite, made_with
from brain.evaluator.suite import Case, Suite, read_suite
from brain.evaluator.suite_run import CaseResult, MadeWith, Outcome, SuiteRun

__all__ = [
    "JUDGE_PROMPT",
    "Attempt",
    "Call",
    "Case",
    "CaseResult",
    "Change",
    "Compared",
    "Comparison",
    "Evaluation",
    "Finding",
    "Grounds",
    "Judge",
    "Judged",
    "Judgement",
    "MadeWith",
    "Outcome",
    "Suite",
    "SuiteRun",
    "evaluate",
    "evaluate_suite",
    "made_with",
    "read_suite",
]
