"""The chat model and the embedder that the settings name, what they cost, and who pays for a question."""

from brain.language_models.accounts import Account
from brain.language_models.chat import LARGE_CONTEXT, ChatEndpoint, ChatModel, Completion, Hear, StructuredCompletion
from brain.language_models.embedders import DIMENSIONS, Embedder, OpenAIEmbedder, WordLlamaEmbedder
from brain.language_models.metering import MeteredChat
from brain.language_models.notices import Tell
from brain.language_models.openai_chat import OpenAIChat
from brain.language_models.prices import FREE, Price

__all__ = [
    "DIMENSIONS",
    "FREE",
    "LARGE_CONTEXT",
    "Account",
    "ChatEndpoint",
    "ChatModel",
    "Completion",
    "Embedder",
    "Hear",
    "MeteredChat",
    "OpenAIChat",
    "OpenAIEmbedder",
    "Price",
    "StructuredCompletion",
    "Tell",
    "WordLlamaEmbedder",
]
