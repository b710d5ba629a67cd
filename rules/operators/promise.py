"""`promise`: the customer commits to paying."""

from rules.call import Call, Hit, Part
from rules.conditions import call_date
from rules.operators.base import Operator, Outcome
from rules.promises import find_promises


class Promise(Operator):
    """Found where the customer promises to pay, with or without a date and an amount."""

    def find(self, call: Call, part: Part) -> Outcome:
        """Every promise in the part."""
        made = find_promises(call.transcript, call_date(call.facts))
        own = call.said_by(part.speaker)
        hits = [Hit(promise.utterance, *promise.span) for promise in made if promise.utterance in own]
        hits = [hit for hit in hits if part.covers(hit)]
        return Outcome(bool(hits), tuple(hits))
