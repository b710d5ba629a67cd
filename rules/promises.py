"""Promises to pay: what the customer commits to, how much, by when and on what condition.

A promise needs a commitment. 明天还不了, 尽量 and 再说 are none; 我想还 is a wish; 能不能晚点还 asks. It need not be
said by one side alone: 那周五还三千行吗, 行 is a promise, and 礼拜五吧 is one where the collector had asked when.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from asr.transcript import Transcript
from rules.owed import Debt
from rules.plans import Promise
from rules.talk import Talk
from rules.topics import Topics

#: To read days by when the day of the call is not known; what comes of it is not shown.
_ANY_DAY = date(2000, 1, 1)


def find_promises(transcript: Transcript, call_date: date | None) -> list[Promise]:
    """Every promise in the order it was made, plans read back by their days; the last is what the call ends on.

    `call_date` is the day of the call, against which 明天 and 下周五 are read; where it is not known, the promised day
    is not either. An agent's restatement (好的, 星期五还五千元, 是吗) counts when it follows the customer's promise.
    """
    return _dated(_talk(transcript, call_date or _ANY_DAY).pledges.made, call_date)


def find_withdrawn(transcript: Transcript, call_date: date | None) -> list[Promise]:
    """The promises that the customer took back before the call was over, so that none stood; as `find_promises`."""
    return _dated(_talk(transcript, call_date or _ANY_DAY).pledges.withdrawn, call_date)


def _dated(promises: Sequence[Promise], call_date: date | None) -> list[Promise]:
    return [promise if call_date else replace(promise, date=None) for promise in promises]


@lru_cache(maxsize=1)  # whoever judges a call asks for what was promised, for what was withdrawn, and once more
def _talk(transcript: Transcript, today: date) -> Talk:
    talk = Talk(today, Topics(today), Debt(today))
    for at, said in enumerate(transcript.utterances):
        if said.speaker == "agent":
            talk.agent(at, said.text)
        else:
            talk.customer(at, said.text)
    return talk
