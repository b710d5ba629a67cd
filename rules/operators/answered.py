"""`answered`: a question and the other side's answer to it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from asr.transcript import Speaker
from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome
from rules.operators.trails import Trail, Trails
from rules.phonetics import by_sound
from rules.text import normalise

if TYPE_CHECKING:
    from rules.operators import Find

#: Characters that may stand before a surname in what finds it, and are none: 我姓王, 请问是王先生吗.
_BEFORE_NAMES = "喂你您好请问找一下叫是不我姓的"


class Answered(Trail):
    """Found when the question is followed, within so many turns, by the answer named, or by any where none is."""

    question: "Find"
    answer: "Find | None" = None
    within_turns: int = Field(2, ge=1)
    names: "Find | None" = None  #: names of people: who is asked for or answers must sound as the first one in the call
    shown: "Find | None" = None  #: where it came about with an answer, that one is shown rather than the first

    def trails(self, call: Call, part: Part) -> Trails:
        """Every question that was answered, with its first answer."""
        asked = self.question.operator.find(call, part)
        if asked.found is False:
            return Trails()
        answers = self._answers(call, part)
        if asked.found is None or answers.found is None:
            return Trails(why=asked.why or answers.why)
        trails = self._answered(call, asked.hits, sorted(answers.hits, key=call.turn))
        surnames = [_surname(call, name) for name in self._hits(call, part, self.names)]
        shown = {call.turn(hit) for hit in self._hits(call, part, self.shown)}
        kept = trails if not surnames else _of_the_first(call, trails, surnames)
        return Trails(tuple(sorted(kept, key=lambda trail: call.turn(trail[-1]) not in shown)))

    def _answered(self, call: Call, asked: Sequence[Hit], answers: Sequence[Hit]) -> Iterator[tuple[Hit, Hit]]:
        said, turns = call.transcript.utterances, [call.turn(answer) for answer in answers]
        for question in asked:
            turn, speaker = call.turn(question), said[question.utterance].speaker
            near = answers[bisect_right(turns, turn) : bisect_right(turns, turn + self.within_turns)]
            yield from [(question, one) for one in near if said[one.utterance].speaker != speaker][:1]

    def _hits(self, call: Call, part: Part, find: "Find | None") -> list[Hit]:
        found = find.operator.moments(call, _everyone(part)).hits if find else ()
        return sorted(found, key=lambda hit: hit.begins)

    def _answers(self, call: Call, part: Part) -> Outcome:
        if self.answer:
            return self.answer.operator.find(call, _everyone(part))
        return Outcome(True, tuple(hit for hit in call.conversation.spoken if hit.utterance in part.utterances))

    def children(self) -> tuple["Find", ...]:
        """All that is looked for."""
        return tuple(find for find in (self.question, self.answer, self.names, self.shown) if find)

    def asked(self, speaker: Speaker | None) -> Iterator[tuple[Operator, Speaker | None]]:
        """The question is the speaker's. All else anyone may say."""
        yield self, speaker
        yield from self.question.operator.asked(speaker)
        for find in self.children()[1:]:
            yield from find.operator.asked(None)


def _everyone(part: Part) -> Part:
    return Part(part.utterances, None, part.after, part.before)


def _of_the_first(
    call: Call, trails: Iterable[tuple[Hit, Hit]], surnames: Sequence[tuple[int, str]]
) -> Iterator[tuple[Hit, Hit]]:
    """Those in whose turns the last name, if there is one, has the surname of the first in the call."""
    first, last = surnames[0][1], dict(surnames)
    for question, answer in trails:
        if last.get(call.turn(answer), last.get(call.turn(question), first)) == first:
            yield question, answer


def _surname(call: Call, name: Hit) -> tuple[int, str]:
    """The turn of a name and its surname by sound: a recogniser writes 许洋 and 徐阳 in one call."""
    said = normalise(call.transcript.utterances[name.utterance].text[name.start : name.end]).chars
    return call.turn(name), by_sound(said.lstrip(_BEFORE_NAMES)[:1])
