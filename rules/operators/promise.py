"""`promise`: the customer commits to paying."""

from rules.call import Call, Hit, Part
from rules.conditions import call_date
from rules.operators.base import Operator, Outcome
from rules.promises import find_promises, find_withdrawn


class Promise(Operator):
    """Found where the customer promises to pay, with or without a date and an amount."""

    def find(self, call: Call, part: Part) -> Outcome:
        """Every promise in the part, those taken back later too: they were made."""
        day, own = call_date(call.facts), call.said_by(part.speaker)
        heard = [
            *((promise, "") for promise in find_promises(call.transcript, day)),
            *((promise, "客户随后收回") for promise in find_withdrawn(call.transcript, day)),
        ]
        hits = [Hit(one.utterance, *one.span, note=note) for one, note in heard if one.utterance in own]
        hits = sorted((hit for hit in hits if part.covers(hit)), key=lambda hit: hit.utterance)
        return Outcome(bool(hits), tuple(hits))
