"""A scripted chat model as the text tools are given it, and texts to ask it about."""

from pathlib import Path

from scripted_openai import ScriptedOpenAI

from brain.egress import Egress
from brain.language_models import ChatEndpoint, OpenAIChat
from brain.tool_registry.context import ToolContext

__all__ = ["BERGEN", "KEY", "RAIN", "context_of"]

KEY = "sk-scripted-0123456789"
RAIN = (
    "Seattle has a reputation for rain. It gets 950 mm a year, less than New York. The rain falls on 150 days, mostly "
    "in November. Residents seldom carry umbrellas."
)
BERGEN = "Bergen gets 2,250 mm of rain a year. It rains on 239 days. Residents seldom carry umbrellas."


def context_of(server: ScriptedOpenAI, project: Path, context_tokens: int) -> ToolContext:
    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("gpt-scripted", KEY, server.base_url, context_tokens)

    model = OpenAIChat("gpt-scripted", context_tokens, endpoint)
    return ToolContext(project, Egress(), model, secret=str, report=lambda *_: None)
