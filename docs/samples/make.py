"""Speaks the samples of this folder again, with the program's own code: ``make samples``. Needs espeak-ng."""

import asyncio
from pathlib import Path

from channels.prompts.formats import encoded
from channels.prompts.sound import finished
from channels.prompts.speech import Speaker
from channels.providers.prompts import Format
from messages.speech import to_speech

FOLDER = Path(__file__).parent
TEXTS = {
    "sv": "Våra datorer är avstängda. Ring 112 om det är fara för liv.",
    "en": "Our computers are shut down. Call 112 if lives are in danger.",
}


async def main() -> None:
    """Write a prompt in each language as a switchboard would get it."""
    for language, text in TEXTS.items():
        spoken = await Speaker({}).say(to_speech(text, language), language)
        (FOLDER / f"prompt-{language}.wav").write_bytes(encoded(finished(spoken, Format.WAV.rate), Format.WAV))


if __name__ == "__main__":
    asyncio.run(main())
