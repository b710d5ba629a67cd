"""`answered`: a question and the other side's answer to it."""

from typing import TYPE_CHECKING

from pydantic import Field

from rules.call import Call, Hit, Part
from rules.operators.base import Operator, Outcome

if TYPE_CHECKING:
    from rules.operators import Find


class Answered(Operator):
    """Found when the question is followed, within so many turns, by the answer named, or by any where none is."""

    question: "Find"
    answer: "Find | None" = None
    within_turns: int = Field(2, ge=1)

    def find(self, call: Call, part: Part) -> Outcome:
        """The first question that was answered."""
        answered = self._pairs(call, part)
        return answered if isinstance(answered, Outcome) else Outcome(bool(answered), next(iter(answered), ()))

    def moments(self, call: Call, part: Part) -> Outcome:
        """The answers: what was said along with a question came before it was answered."""
        answered = self._pairs(call, part)
        if isinstance(answered, Outcome):
            return answered
        return Outcome(bool(answered), tuple(dict.fromkeys(answer for _, answer in answered)))

    def _pairs(self, call: Call, part: Part) -> list[tuple[Hit, Hit]] | Outcome:
        """Every question that was answered, with its first answer; or why that cannot be told."""
        asked = self.question.operator.find(call, part)
        answers = self._answers(call, part)
        if asked.found is None or answers.found is None:
            return Outcome(None, (), asked.why or answers.why)
        firsts = (
            (question, next((answer for answer in answers.hits if self._answers_to(call, question, answer)), None))
            for question in asked.hits
        )
        return [(question, answer) for question, answer in firsts if answer]

    def _answers(self, call: Call, part: Part) -> Outcome:
        everyone = Part(part.utterances, None, part.after, part.before)
        if self.answer:
            return self.answer.operator.find(call, everyone)
        said = enumerate(call.transcript.utterances)
        return Outcome(
            True, tuple(Hit(at, 0, len(one.text)) for at, one in said if one.text.strip() and at in part.utterances)
        )

    def _answers_to(self, call: Call, question: Hit, answer: Hit) -> bool:
        apart = call.turn(answer) - call.turn(question)
        speakers = {call.transcript.utterances[hit.utterance].speaker for hit in (question, answer)}
        return 0 < apart <= self.within_turns and len(speakers) == 2

    def children(self) -> tuple["Find", ...]:
        """Question and answer."""
        return (self.question, self.answer) if self.answer else (self.question,)
