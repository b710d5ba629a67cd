"""`answered`: a question and the other side's answer to it."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from rules.call import Call, Hit, Part
from rules.operators.base import Outcome
from rules.operators.trails import Trail, Trails

if TYPE_CHECKING:
    from rules.operators import Find


class Answered(Trail):
    """Found when the question is followed, within so many turns, by the answer named, or by any where none is."""

    question: "Find"
    answer: "Find | None" = None
    within_turns: int = Field(2, ge=1)

    def trails(self, call: Call, part: Part) -> Trails:
        """Every question that was answered, with its first answer."""
        asked = self.question.operator.find(call, part)
        if asked.found is False:
            return Trails()
        answers = self._answers(call, part)
        if asked.found is None or answers.found is None:
            return Trails(why=asked.why or answers.why)
        return Trails(tuple(self._answered(call, asked.hits, sorted(answers.hits, key=call.turn))))

    def _answered(self, call: Call, asked: Sequence[Hit], answers: Sequence[Hit]) -> Iterator[tuple[Hit, Hit]]:
        said, turns = call.transcript.utterances, [call.turn(answer) for answer in answers]
        for question in asked:
            turn, speaker = call.turn(question), said[question.utterance].speaker
            near = answers[bisect_right(turns, turn) : bisect_right(turns, turn + self.within_turns)]
            yield from [(question, one) for one in near if said[one.utterance].speaker != speaker][:1]

    def _answers(self, call: Call, part: Part) -> Outcome:
        everyone = Part(part.utterances, None, part.after, part.before)
        if self.answer:
            return self.answer.operator.find(call, everyone)
        return Outcome(True, tuple(hit for hit in call.conversation.spoken if hit.utterance in part.utterances))

    def children(self) -> tuple["Find", ...]:
        """Question and answer."""
        return (self.question, self.answer) if self.answer else (self.question,)
