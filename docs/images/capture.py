"""Draws `demo.svg` from a real run of `brain demo` in a terminal, and keeps its chart; needs tmux.

Run it in a checkout where `make demo` works: `.venv/bin/python docs/images/capture.py`.
"""  # noqa: INP001 - a program beside its pictures, not a package

import json
import shutil
import subprocess
import tempfile
import time
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLUMNS, LINES = 100, 70
LONGEST_SECONDS = 120
THEME = TerminalTheme(
    (13, 17, 23),
    (201, 209, 217),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255), (57, 197, 207),
     (177, 186, 196)],
    [(110, 118, 129), (255, 161, 152), (86, 211, 100), (227, 179, 65), (121, 192, 255), (210, 168, 255), (86, 212, 221),
     (240, 246, 252)],
)  # fmt: skip
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">{matrix}</g>
</g>
</svg>
"""
"""rich's own format without its font, which it would fetch from the network."""


def main() -> None:
    """Run the demo in a project of its own and draw what the terminal shows at the end."""
    with tempfile.TemporaryDirectory(prefix="brain-") as folder:
        project = Path(folder) / "the-brain"
        (project / "notebooks").mkdir(parents=True)
        shutil.copy(ROOT / "tools.json", project)
        shutil.copytree(ROOT / "notebooks/data", project / "notebooks/data")
        try:
            screen = capture(project)
            chart = max((project / ".brain/artifacts").glob("*/*.png"), key=lambda path: path.stat().st_mtime)
            shutil.copy(chart, HERE / "chart.png")
        finally:
            clean_up(project)
        draw(screen.replace(folder, "~"))


def capture(project: Path) -> str:
    """The screen, with its colours as escape codes, after two questions."""
    brain = ROOT / ".venv/bin/brain"
    before = f"cd {project}; {brain} ask 'Which month is the windiest?' >/dev/null 2>&1"
    script = f"{before}; clear; echo '$ brain demo'; {brain} demo; touch {project}/done; sleep {LONGEST_SECONDS}"
    tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), script)
    try:
        until = time.monotonic() + LONGEST_SECONDS
        while not (project / "done").exists() and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(0.5)
        return tmux("capture-pane", "-e", "-p", "-J")
    finally:
        tmux("kill-server")


def clean_up(project: Path) -> None:
    """Stop the services; what root's PostgreSQL keeps outside the project goes too."""
    subprocess.run([ROOT / ".venv/bin/brain", "down", "--project", project], check=True)  # noqa: S603 - ours
    if home := json.loads((project / ".brain/postgres.json").read_text())["home"]:
        shutil.rmtree(home)


def tmux(*arguments: str) -> str:
    """Talk to a tmux of our own."""
    command = ["tmux", "-L", "brain-capture", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours


def draw(screen: str) -> None:
    """Write the screen as an SVG."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(screen.rstrip()), overflow="fold")
    svg = console.export_svg(title="brain demo", theme=THEME, code_format=SVG, unique_id="demo")
    (HERE / "demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
