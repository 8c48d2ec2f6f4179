"""Runs the benchmarks named on the command line, or all, prints a table each and writes `results/<name>.json`."""

import importlib
import sys

from benchmarks.harness import Row, missed, save, show

BENCHMARKS = {
    "batch": "benchmarks.batch",
    "executor": "benchmarks.executor",
    "import": "benchmarks.start_up",
    "memory": "benchmarks.planning.remembering",
    "planning": "benchmarks.planning.measure",
    "planning-latency": "benchmarks.planning.latency",
    "resume": "benchmarks.resume",
    "scale": "benchmarks.scale",
    "tool-search": "benchmarks.tool_search",
    "widget": "benchmarks.widget",
}


def main(names: list[str]) -> int:
    """0 = all limits held, 1 = one was missed, 2 = no such benchmark."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    failures = 0
    for name in names or BENCHMARKS:
        module = importlib.import_module(BENCHMARKS[name])
        rows: list[Row] = module.measure()
        save(name, rows)
        show(name, module.__doc__, rows)
        failures += len(missed(rows))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
