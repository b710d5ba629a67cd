"""Personal information in text: ID cards, bank cards, phone numbers and addresses, found and masked for display.

Numbers are found as they are written or read out (一三八零零一三八…), also with pauses or marks between the digits.
A mask keeps every position, so spans and seconds that point into the text stay right.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

import numpy as np
import numpy.typing as npt

from asr.transcript import Transcript
from rules.finding import Finding
from rules.text import fold

Kind = Literal["id_card", "bank_card", "phone", "landline", "address"]

_CHINESE = "零〇一二两三四五六七八九幺"
_READ_OUT = str.maketrans(_CHINESE, "0012234567891")
_DIGIT = f"0-9{_CHINESE}"
#: Between the digits of a number whoever says it. Marks and fillers may also stand between several numbers.
_PAUSE = r"\s\-—–·"
_FILLER = "啊嗯呃哦"
_MARK = f",，、.．。…?？!！/(){_FILLER}"
#: Digits with little between them. Possessive: tried digit by digit, a long row takes a minute.
_RUN = re.compile(rf"[{_DIGIT}](?:[{_PAUSE}{_MARK}]{{0,4}}+[{_DIGIT}]){{9,}}+x?")
#: Digits, however few.
_SPOKEN = re.compile(rf"[{_DIGIT}](?:[{_PAUSE}{_MARK}]{{0,4}}+[{_DIGIT}])*+")
#: What has no mark in it.
_PART = re.compile(rf"[{_DIGIT}](?:[{_PAUSE}]{{0,3}}[{_DIGIT}])*+x?")
#: 1,380,000 and 138.50, which no one dictates, and addresses of computers.
_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_SUM = re.compile(
    rf"(?<![0-9])(?<![0-9][,.，、])(?:\d{{1,3}}(?:,\d{{3}}){{1,3}}(?:\.\d\d)?|\d{{1,6}}\.\d\d|{_BYTE}(?:\.{_BYTE}){{3}})"
    r"(?![,.]?\d)"
)
#: A run's last digits, which are a sum when a unit follows: 500元, and 13800138000元, but no ID number.
_LAST = re.compile(rf"(?:(?<![0-9])[0-9]{{1,12}}|(?<![{_CHINESE}])[{_CHINESE}]{{1,12}})$")
_MONEY = re.compile(r"\s?(?:元(?![旦宵月])|块)")
#: What a number is when this stands right before it; these are no one's personal number.
_OF_A_THING = re.compile(
    r"(?:(?:订单|流水|合同|快递|运单|批次)(?:编?号|号码)|(?<!名)单编?号|案件?编?号|(?<![员职民])工号"
    r"|(?<![证卡机话人])(?<!证件)编[号码])[是为:：\s]{0,3}[a-z]{0,4}$"
)
#: Right before it, this tells that what follows is one number, however it is divided.
_ONE = re.compile(r"(?:电话|手机|座机|微信|号码|卡号|证号|身份证|银行卡|信用卡)[是为就的呢啊哦嗯:：，,。\s]{0,4}$")
_PHONE = re.compile(r"1[3-9]\d{9}")
#: 010 and 02x have eight digits after them, other area codes seven or eight.
_LANDLINE = re.compile(r"(?:010|02\d)[2-8]\d{7}|0[3-9]\d{2}[2-8]\d{6,7}")
_CALLED = re.compile(f"(?=({_PHONE.pattern}|{_LANDLINE.pattern}))")

_COUNT = rf"[{_DIGIT}十百]++"
_DASH = "[-—杠]"
_PLACE = "(?:镇|乡|街道|村|路|大街|街|巷|弄|胡同|小区|花园|公寓|大厦|新村)"
#: Between utterances too, which may end in marks.
_APART = r"[\s，,。、]"
#: 3-2-501, which is building, entrance and room, but no 20-300 people.
_ROOM = rf"[{_DIGIT}]{{3,4}}(?![{_DIGIT}十百千万元块个人户天米])"
_DASHED = rf"[{_DIGIT}]{{1,2}}(?:{_DASH}[{_DIGIT}]{{1,2}}){{0,2}}{_DASH}{_ROOM}"
_ADDRESS = re.compile(
    r"(?:[\u4e00-\u9fa5]{2,7}?(?:省|自治区))?(?:[\u4e00-\u9fa5]{2,7}?[市州盟])?(?:[\u4e00-\u9fa5]{1,7}?[区县旗])?"
    rf"(?P<exact>(?P<place>[\u4e00-\u9fa5]{{1,10}}?{_PLACE}[\u4e00-\u9fa5]{{0,2}}?)(?P<apart>{_APART}{{0,2}})"
    rf"(?P<door>{_DASHED}|{_COUNT}(?:{_DASH}{_COUNT}){{0,2}}(?:弄|号楼|号院|号|栋|幢|座|组)"
    rf"(?:{_COUNT}(?:单元|号楼|弄|栋|幢|座|层|楼|室|号|房)|{_APART}{{1,2}}{_COUNT}(?:单元|号楼|栋|幢|座|层|楼|室|房))*"
    rf"(?:(?<=[元楼栋幢座]){_ROOM})?))"
)

#: What every address has: asked first, for looking for addresses takes its time.
_DOOR = re.compile(
    rf"[镇乡道村路街巷弄同区园寓厦][\u4e00-\u9fa5]{{0,2}}{_APART}{{0,2}}{_COUNT}(?:[弄号栋幢座组]|{_DASH})"
)

#: A door that may as well be a day of the month, at a place that has no name, or with what is to be done that day.
_DAY = re.compile("(?:[12]?[0-9]|3[01]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])号")
_ANYWHERE = re.compile(
    rf"(?:(?:[我你他她咱]们?|[这那][个条]?|[在回本全]){_PLACE}"
    rf"|{_PLACE}(?:[上里下边中口到等得要]|[这那]边|[里上下]面|[上下本这每]个?月))$"
)
_TO_DO = re.compile(
    "[发给付交存汇结领拿收才再打]|还(?!是)|转(?![角弯])|就(?!是)|到账|到期|处理|截止|一定|肯定"
    "|[之以]?[前后](?![面门院边])|左右|那天|[上下中]午|[早晚]上"
)
#: Whoever says this tells an address.
_LIVES = re.compile("住|[家址]在|地址|户口|户籍|门牌|[搬寄送]到")

#: Digits of the shortest and the longest.
_FEWEST_DIGITS, _MOST_DIGITS = 11, 19

#: How many digits repeat a part of a number for sure, and how many utterances after it they are looked for.
_ECHO, _REPLIES = 4, 2

#: What is believed rather when groups of digits could be several of these comes last.
_SUREST: tuple[Kind, ...] = ("bank_card", "landline", "phone", "id_card")

#: Digits left readable at either end; of an address nothing is.
_SHOWN: dict[Kind, tuple[int, int]] = {"id_card": (3, 4), "bank_card": (4, 4), "phone": (3, 4), "landline": (3, 2)}


@dataclass(frozen=True, slots=True)
class Pii:
    """One piece of personal information."""

    kind: Kind
    start: int  #: characters of the text, end exclusive
    end: int


def find_pii(text: str) -> list[Pii]:
    """Every piece of personal information in `text`, in order, without overlaps."""
    folded = fold(text)
    numbers = [*_numbers(folded)] if _RUN.search(folded) else []
    addresses = _addresses(folded, numbers) if _DOOR.search(folded) else ()
    return sorted([*numbers, *addresses], key=lambda pii: pii.start)


def mask(text: str) -> str:
    """The text with `*` for personal information, as long as before."""
    return _masked(text, find_pii(text))


def mask_transcript(transcript: Transcript) -> Transcript:
    """The transcript with every text masked. A number read out over several utterances is found in all of them.

    Also where the other one says 嗯 in between, or repeats the digits: what each speaker says is read in one go, and
    what the other one repeats of a number is masked as well.
    """
    texts = [one.text for one in transcript.utterances]
    shown = [*texts]
    for speaker in {one.speaker for one in transcript.utterances}:
        own = [place for place, one in enumerate(transcript.utterances) if one.speaker == speaker]
        said = " ".join(texts[place] for place in own)
        if not _may_hold(said):  # as most: a search shows a thousand utterances
            continue
        found = find_pii(said)
        masked, begin = _masked(said, found), 0
        for place in own:
            text = texts[place]
            # By itself as well: the number of an order just before may lend its innocence to a phone number.
            shown[place] = _either(shown[place], _either(masked[begin : begin + len(text)], mask(text)))
            begin += len(text) + 1
        for place, echo in _echoes(texts, own, found):
            shown[place] = _starred(shown[place], echo)
    utterances = zip(transcript.utterances, shown, strict=True)
    return replace(transcript, utterances=tuple(replace(one, text=text) for one, text in utterances))


def _echoes(texts: Sequence[str], own: Sequence[int], found: Iterable[Pii]) -> Iterator[tuple[int, set[int]]]:
    """What others repeat of what is masked in the numbers found with one who says these of the texts, by text."""
    said, mine = fold(" ".join(texts[place] for place in own)), frozenset(own)
    begins = [*accumulate((len(texts[place]) + 1 for place in own), initial=0)]
    near = defaultdict[int, dict[_Secret, int]](dict)
    for pii in found:
        if pii.kind == "address":
            continue
        secret = _Secret.of(said, pii)
        first, last = (own[bisect_right(begins, at) - 1] for at in (pii.start, pii.end - 1))
        for place in {*range(first + 1, min(last + 1 + _REPLIES, len(texts)))} - mine:
            fewest = 2 if place < last else _ECHO
            near[place][secret] = min(fewest, near[place].get(secret, fewest))
    for place, secrets in near.items():
        yield place, _echo(texts[place], secrets)


@dataclass(frozen=True, slots=True)
class _Secret:
    """The digits of a number, some of which are masked."""

    digits: str
    hidden: frozenset[int]

    @classmethod
    def of(cls, text: str, pii: Pii) -> "_Secret":
        places = _places(text, pii.start, pii.end)
        return cls(_read(text, places), frozenset(map(places.index, _hidden(text, pii))))

    def parts(self, fewest: int) -> set[tuple[str, int]]:
        """Every so many of the digits in a row, or more up to an echo, with which of them is masked."""
        return {
            (self.digits[place - step : place - step + size], step)
            for size in range(fewest, _ECHO + 1)
            for place in self.hidden
            for step in range(size)
            if 0 <= place - step <= len(self.digits) - size
        }


def _echo(text: str, secrets: Mapping[_Secret, int]) -> set[int]:
    """Where a text repeats something masked of these numbers, each in so many digits or more.

    The text is read once for all of them: number by number, two long lists read to each other take minutes.
    """
    found, hidden, whole = set[int](), Counter[tuple[str, int]](), dict[str, _Secret]()
    for run in _SPOKEN.finditer(folded := fold(text)):
        places = _places(folded, *run.span())
        told, size = _read(folded, places), min(len(places), _ECHO)
        if size < 2 or _MONEY.match(folded, run.end()):
            continue
        if not whole:
            whole = {secret.digits: secret for secret in secrets}
            hidden.update(part for secret, fewest in secrets.items() for part in secret.parts(fewest))
        own = Counter[tuple[str, int]]()
        for digits in _told_whole(told, whole):  # which is masked by itself
            own.update(whole[digits].parts(secrets[whole[digits]]))
        for at in range(len(told) - size + 1):
            for step in range(size):
                part = told[at : at + size], step
                if hidden.get(part, 0) > own.get(part, 0):
                    found.add(places[at + step])
    return found


def _told_whole(told: str, numbers: Collection[str]) -> set[str]:
    """Which of these numbers are told in full."""
    sizes = {*map(len, numbers)} if len(told) >= _FEWEST_DIGITS else ()
    return {part for size in sizes for at in range(len(told) - size + 1) if (part := told[at : at + size]) in numbers}


def _hidden(text: str, pii: Pii) -> list[int]:
    """The places of a text that are masked for what was found in it."""
    if pii.kind == "address":
        return [*range(pii.start, pii.end)]
    places = _places(text, pii.start, pii.end)
    first, last = _SHOWN[pii.kind]
    return places[first : len(places) - last]


def _places(text: str, start: int, end: int) -> list[int]:
    """Where there are digits in what is made of digits, pauses and marks."""
    return [at for at in range(start, end) if text[at].isalnum() and text[at] not in _FILLER]


def _read(text: str, places: Iterable[int]) -> str:
    """The digits at these places, as they are written."""
    return "".join(text[at] for at in places).translate(_READ_OUT)


def _masked(text: str, found: Iterable[Pii]) -> str:
    """The text with `*` for what was found in it."""
    return _starred(text, [at for pii in found for at in _hidden(text, pii)])


def _starred(text: str, hidden: Collection[int]) -> str:
    """The text with `*` in these places."""
    if not hidden:  # as most: a search shows a thousand utterances
        return text
    chars = list(text)
    for at in hidden:
        chars[at] = "*"
    return "".join(chars)


def _may_hold(text: str) -> bool:
    """Whether a text or any part of it may hold something."""
    folded = fold(text)
    return bool(_RUN.search(folded) or _DOOR.search(folded))


def _either(one: str, other: str) -> str:
    """A text as far as both of its maskings show it."""
    if one == other:
        return one
    return "".join("*" if "*" in pair else pair[0] for pair in zip(one, other, strict=True))


def mask_finding(finding: Finding, masked: Transcript) -> Finding:
    """The finding with its quotes as they read in `masked`, the masked transcript of the same call."""
    message, evidence = finding.message, []
    for one in finding.evidence:
        quote = masked.utterances[one.utterance].text[slice(*one.span)]
        message = message.replace(f"“{one.quote}”", f"“{quote}”")
        evidence.append(replace(one, quote=quote))
    return replace(finding, message=message, evidence=tuple(evidence))


def _addresses(folded: str, numbers: list[Pii]) -> Iterator[Pii]:
    """The addresses that have none of these numbers in them."""
    starts = [pii.start for pii in numbers]
    for match in _ADDRESS.finditer(folded):
        start, end = match.span("exact")
        before = bisect_left(starts, end)
        if (before == 0 or numbers[before - 1].end <= start) and _is_address(match):
            yield Pii("address", start, end)


def _is_address(match: re.Match[str]) -> bool:
    """Whether a place and a door are an address, and no place and a day of the month: 我们村15号发低保."""
    day, anywhere = _DAY.fullmatch(match["door"]), _ANYWHERE.search(match["place"])
    if match["apart"].strip():
        return not (day or anywhere)
    lives = _LIVES.search(match.string, max(match.start() - 4, 0), match.end("place"))
    if lives and not match["apart"]:
        return True
    return not (day and (anywhere or _TO_DO.match(match.string, match.end())))


def _numbers(folded: str) -> Iterator[Pii]:
    """The personal numbers in a text."""
    plain = _SUM.sub(lambda amount: "#" * len(amount[0]), folded)
    for run in _RUN.finditer(plain):
        start, end = run.span()
        before = plain[max(start - 12, 0) : start]
        told = bool(_ONE.search(before))
        amount = _LAST.search(plain, start, end) if _MONEY.match(plain, end) else None
        if amount and (amount.start() > start or not told):  # a phone number is no sum
            end = amount.start()
        parts = [part.span() for part in _PART.finditer(plain, start, end)]
        places = [_places(plain, *part) for part in parts]
        yield from _in_parts(plain, places[1:] if _OF_A_THING.search(before) else places, told)


def _in_parts(plain: str, places: list[list[int]], told: bool) -> Iterator[Pii]:
    """The numbers in parts of a run, one or several to each or one divided into several: 138，0013，8000."""
    said = [_read(plain, part) for part in places]
    at = 0
    while at < len(said):
        size, kind = _dictated(said[at : at + _MOST_DIGITS], told)
        if kind:
            yield Pii(kind, places[at][0], places[at + size - 1][-1] + 1)
        else:
            yield from _in_a_row(said[at], places[at])
        at += size


def _dictated(said: list[str], told: bool) -> tuple[int, Kind | None]:
    """How many of these parts the first number is divided into, and what it is."""
    if kind := _kind(said[0]):
        return 1, kind
    found = [
        (size, kind)
        for size, length in enumerate(accumulate(map(len, said)), 1)
        if size > 1 and _FEWEST_DIGITS <= length <= _MOST_DIGITS and (kind := _divided(said[:size], told))
    ]
    return max(found, key=lambda one: (_SUREST.index(one[1]), one[0]), default=(1, None))


def _divided(groups: list[str], told: bool) -> Kind | None:
    """What a number is that is said in these groups, unless they may as well be a list of sums: 1300，2000，500."""
    digits = "".join(groups)
    kind = _kind(digits)
    first, *rest = map(len, groups)
    match kind:
        case None:
            sure = False
        case "id_card":
            sure = len(digits) == 18 and (digits[-1] == "x" or _is_birthday(digits[6:14]))
        case "bank_card":
            sure = digits.startswith("62") or (first > 3 and digits[0] > "2" and bool(_cards(digits, len(digits))))
        case "landline":
            sure = first > 2
        case _:
            usual = (first in (3, 7) and all(size % 2 == 0 for size in rest)) or {first, *rest} == {1}
            sure = usual or any(group[0] == "0" != group for group in groups)
    if not (sure or told) or any(map(_PHONE.fullmatch, groups)):  # 尾号1234，13800138000
        return None
    return kind


def _in_a_row(digits: str, places: list[int]) -> Iterator[Pii]:
    """What surely is a number in several of them in a row: rather what ends at a pause."""
    sure = _sure(digits) if len(digits) >= _FEWEST_DIGITS else {}
    end = 0
    for first in sorted(set[int]().union(*sure.values())):
        if first >= end:
            ends = [first + size for size, found in sure.items() if first in found]
            end = min(ends, key=lambda end: end < len(digits) and places[end] == places[end - 1] + 1)
            kind = _kind(digits[first:end])
            assert kind
            yield Pii(kind, places[first], places[end - 1] + 1)


def _sure(digits: str) -> dict[int, set[int]]:
    """Where what surely is a number may begin, by how many digits it has, the likeliest first.

    All at once: digit by digit, a long row in which there is none takes a minute.
    """
    plain = digits.rstrip("x")
    called = {match.start(): len(match[1]) for match in _CALLED.finditer(plain)}
    cards = {size: set(_cards(plain, size)) for size in (18, 19, 17, 16)}
    cards[18] = {at for at in cards[18] if not _is_birthday(plain[at + 6 : at + 14])}.union(_id_cards(digits))
    return {11: set(called), **cards, 12: {at for at, size in called.items() if size == 12}}


def _kind(digits: str) -> Kind | None:
    """What a number is. One misheard digit must not leave the rest readable, so a failed checksum saves no number."""
    match len(digits):
        case 11 | 12:
            return "phone" if _PHONE.fullmatch(digits) else "landline" if _LANDLINE.fullmatch(digits) else None
        case 15 if _is_birthday("19" + digits[6:12]):
            return "id_card"
        case 18 if digits[-1] == "x" or _is_birthday(digits[6:14]) or _id_cards(digits):
            return "id_card"
        case 15 | 16 | 17 | 18 | 19 as size if digits.isdigit():
            return "bank_card" if size > 15 or _cards(digits, size) else None
    return None


def _is_birthday(day: str) -> bool:
    """Whether the eight digits are a day: yyyymmdd."""
    return 1900 <= int(day[:4]) <= 2099 and 1 <= int(day[4:6]) <= 12 and 1 <= int(day[6:]) <= 31


def _id_cards(digits: str) -> list[int]:
    """Where 18 in a row end in the check digit that GB 11643-1999 demands (ISO 7064, MOD 11-2)."""
    if len(digits) < 18:
        return []
    written = np.frombuffer(digits.encode(), np.uint8)
    check = np.correlate(_values(digits[:-1]), 2 ** np.arange(17, 0, -1)) % 11
    found: list[int] = np.flatnonzero(np.frombuffer(b"10x98765432", np.uint8)[check] == written[17:]).tolist()
    return found


def _cards(digits: str, size: int) -> list[int]:
    """Where so many in a row end in the check digit of a card number (ISO/IEC 7812-1)."""
    if len(digits) < size:
        return []
    values, second = _values(digits), np.arange(size)[::-1] % 2
    total = np.correlate(values, 1 - second) + np.correlate(values * 2 // 10 + values * 2 % 10, second)
    found: list[int] = np.flatnonzero(total % 10 == 0).tolist()
    return found


def _values(digits: str) -> npt.NDArray[np.int64]:
    return np.frombuffer(digits.encode(), np.uint8).astype(np.int64) - ord("0")
