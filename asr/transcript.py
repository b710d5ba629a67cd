"""The transcript of one call: who said what, when."""

from dataclasses import dataclass
from typing import Literal

Speaker = Literal["agent", "customer", "unknown"]

#: How the speakers were told apart: by recording channel, by voice, given with the text, or not at all.
SpeakerSource = Literal["channels", "diarised", "given", "unknown"]


#: Below this confidence 44 % of the characters were wrong on 24 development calls (0.6-0.8: 25 %, above 0.9: 4 %).
DOUBTFUL = 0.6


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech by one speaker."""

    speaker: Speaker
    text: str
    start: float | None = None  #: seconds from the start of the recording; None in a text without times
    end: float | None = None
    confidence: float | None = None  #: 0 to 1, how sure the recogniser is; None where the text was given
    voice: int | None = (
        None  #: the channel (0 left) or voice it was heard on or with, 0 or 1; None where not told apart
    )

    @property
    def doubtful(self) -> bool:
        """Whether the recogniser was so unsure that a person should listen before believing the text."""
        return self.confidence is not None and self.confidence < DOUBTFUL

    def seconds(self, span: tuple[int, int]) -> tuple[float | None, float | None]:
        """When the characters `span` (start, end exclusive) were said, taking speech as even over the utterance."""
        if self.start is None or self.end is None:
            return self.start, self.end
        pace = (self.end - self.start) / max(len(self.text), 1)
        return round(self.start + span[0] * pace, 2), round(self.start + span[1] * pace, 2)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some seconds of a call, from the start of the recording."""

    start: float
    end: float
    speaker: Speaker | None = None  #: of an overlap, who came second; of a jump, who spoke up; None for a silence
    rise: float | None = None  #: of a jump: dB above its speaker's usual level


@dataclass(frozen=True, slots=True)
class Voice:
    """How one speaker spoke, over the whole call."""

    speaker: Speaker
    seconds: float  #: of speech; both count where two speak at once
    share: float  #: of the seconds of all speakers, 0 to 1; 0 when nobody spoke
    characters_per_minute: float | None  #: while speaking, marks not counted; None when nothing was understood
    response: float | None  #: median seconds before answering the other, 0 when coming in early; None without answers
    loudness: float | None  #: usual (median) level of an utterance in dB below full scale, so negative; None if silent
    jumps: tuple[Stretch, ...]  #: utterances at least 6 dB louder than usual, in order
    interruptions: int  #: how often this speaker came in over the other, who then stopped first; "mm-hm" does not count


@dataclass(frozen=True, slots=True)
class Acoustics:
    """How the call sounded, measured on its channels whether or not the words were understood."""

    voices: tuple[Voice, ...]  #: one for each speaker, silent ones too
    silences: tuple[Stretch, ...]  #: of two seconds and more, nobody speaking, the ends of the call included
    overlaps: tuple[Stretch, ...]  #: of 0.3 seconds and more, two speaking at once; none in a mono recording


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything said in one call, in order of `start`. Never changed once made."""

    engine: str  #: what heard it: backend, model, precision and settings; "given" for text that came as text
    language: str
    duration: float | None  #: seconds of recording; None for text
    speakers: SpeakerSource
    utterances: tuple[Utterance, ...]
    acoustics: Acoustics | None = None  #: None for text
    #: 0 to 1, how sure the words are of who is the agent; None where that was told and not judged.
    speaker_confidence: float | None = None
    notes: tuple[str, ...] = ()  #: what a person should know of how this was made, in Chinese
