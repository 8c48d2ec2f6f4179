"""A project with a tool that sends letters: it may not be done twice, and writes down what it did."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from command_line import CommandLine, new_project

__all__ = ["broken", "new_post_office", "post", "send"]

POST = """
import asyncio

async def send(text, *, context):
    with (context.project / "post.txt").open("a") as post:
        post.write(f"begun {text}\\n")
    while "slow" in text and not (context.project / "wake").exists():
        await asyncio.sleep(0.02)
    with (context.project / "post.txt").open("a") as post:
        post.write(f"sent {text}\\n")
    return {"sent": text}
"""
SEND_TOOL = {
    "name": "post.send",
    "description": "Send a letter, which nobody can take back.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "annotations": {"readOnlyHint": False, "idempotentHint": False},
    "run": {"python": "post:send"},
}


def new_post_office(folder: Path) -> CommandLine:
    """The shop of the other tests, with `post.send`: a letter that says `slow` waits until there is a file `wake`."""
    made = new_project(folder)
    registry = json.loads((folder / "tools.json").read_text(encoding="utf-8"))
    registry["tools"].append(SEND_TOOL)
    (folder / "tools.json").write_text(json.dumps(registry), encoding="utf-8")
    (folder / "post.py").write_text(POST, encoding="utf-8")
    return made


def send(text: str, step: str = "send", **more: Any) -> dict[str, Any]:
    """A step that sends a letter."""
    return {"id": step, "tool": "post.send", "arguments": {"text": text}, **more}


def broken(*needs: str) -> Mapping[str, Any]:
    """A step that always fails."""
    return {"id": "broken", "tool": "shop.break", "arguments": {"message": "no paper"}, "needs": list(needs)}


def post(office: CommandLine, text: str) -> list[str]:
    """What happened to letters with this text, in order."""
    file = office.project / "post.txt"
    return [line for line in file.read_text().splitlines() if text in line] if file.exists() else []
