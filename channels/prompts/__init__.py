"""Prompts: the files that switchboards play to callers, one for each line and language, in the formats they read."""

from channels.prompts.channel import Prompt, PromptChannel, build
from channels.prompts.formats import silent
from channels.prompts.speech import SpeechError
from channels.providers.prompts import Format, PromptSettings

__all__ = ["Format", "Prompt", "PromptChannel", "PromptSettings", "SpeechError", "build", "silent"]
