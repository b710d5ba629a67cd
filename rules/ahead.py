"""Many short calls read in one pass: most of what reading a short one takes is the same however short it is."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from asr.transcript import Transcript
from rules.call import GIVEN
from rules.pack import Pack, asked_by
from rules.speech import join
from rules.text import Text

#: Characters of a call that is short, and of what is read in one pass. Of calls of 170 characters each then takes a
#: quarter of the time; beyond, nothing more is saved.
SHORT, AT_ONCE = 1000, 6000


def read_ahead(packs: Iterable[Pack], transcripts: Iterable[Transcript]) -> tuple[Pack, ...]:
    """The packs, having read the short ones of these transcripts: they judge those sooner, and all others as ever."""
    chosen, batches = tuple(packs), [*_batches(transcripts)]
    whose = asked_by(chosen)
    ahead = {id(matcher): matcher.ahead(batches, whose) for pack in chosen for matcher in pack.matchers}
    return tuple(replace(pack, matchers=tuple(ahead[id(matcher)] for matcher in pack.matchers)) for pack in chosen)


def _batches(transcripts: Iterable[Transcript]) -> Iterator[tuple[list[Text], bool]]:
    """The texts of those that are short, together with others written alike."""
    waiting: dict[bool, list[Text]] = {True: [], False: []}
    for one in transcripts:
        if sum(len(said.text) for said in one.utterances) <= SHORT:
            by_ear, text = one.engine != GIVEN, join(one).text
            if sum(len(other.chars) for other in waiting[by_ear]) + len(text.chars) > AT_ONCE:
                yield waiting[by_ear], by_ear
                waiting[by_ear] = []
            waiting[by_ear].append(text)
    yield from ((texts, by_ear) for by_ear, texts in waiting.items() if texts)
