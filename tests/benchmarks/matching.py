"""How fast text is matched: one automaton over a large lexicon beside others, and what judging a call costs.

    uv run --with pyahocorasick --with daachorse --with flashtext python -m tests.benchmarks.matching [--only calls]

Everything is measured side by side in one run, best of several; compare only within one table. A matcher that is not
installed is left out. Printed: build time and MB/s of UTF-8 on a lexicon of 20 000 phrases, for raw automata and for
ours (which also folds, assembles families and can listen); growth with the size of the lexicon; cost of judging a
10-minute call by all built-in packs, part by part, its growth with the length of the call, and with the number of
phrases that the packs have; what loading the packs costs in a new process.

Measured on 2026-11-22 on two cores that much other work shared, so far too high; ratios hold better. Before and after
families were grown only where all their slots are filled in one breath and all packs shared one search, one run after
the other: a 10-minute call by ear took 67.4 ms of CPU (reading 1.9, matching 37.8, promises 7.0, rules 20.8) and then
38.0 (1.6, 13.5, 4.5, 18.4); one of 40 minutes 279 and 126; 1000 characters 27 and 11 (R² 0.99).

On 2026-11-23, two processes taking turns, before and after single characters were found by a table, ways chosen once,
and what is settled not looked for further: matching by ear 12.8 and 10.0 ms, all of a 10-minute call 54 and 47 by ear,
39 and 33 as text (the machine was busy), a conversation of 170 characters by one pack 9.0 and 6.7.

Later that day, quiet: 31.7 ms by ear, 27.5 as text; of a talk of the samples' lines, before and after findings of
nothing were kept, sentences weighed once and promises read in linear time, processes taking turns, 40.9 and 33.6 ms.
"""

import argparse
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation

from asr.transcript import Transcript, Utterance
from rules import Pack, built_in_packs, check, find_promises, load_pack
from rules.call import Conversation
from rules.lexicon import Family, parse_family
from rules.matcher import Group, Matcher, Whose
from rules.pack import asked_by
from rules.phonetics import by_sound
from rules.text import normalise

SENTENCES = (
    "您好请问是张先生本人吗我是金诚资产的客服工号八零二六本次通话有录音",
    "您名下的信用卡已经逾期六十二天截至今天欠款一万二千三百元请您确认一下",
    "我最近手头比较紧能不能晚几天再还孩子上学也要用钱",
    "理解您的困难我们可以为您申请分期还款您看可以吗",
    "那行吧我这个月十五号先还三千块剩下的下个月再说",
    "好的感谢您的接听祝您生活愉快再见",
)

DATA = Path(__file__).parents[1] / "rules" / "data"

Scan = Callable[[str], object]


def best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest of several runs, in CPU time: the machine is shared."""
    fastest = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        fastest = min(fastest, time.process_time() - start)
    return fastest


def phrases(count: int, seed: int = 7) -> list[str]:
    """Invented phrases of two to six common characters."""
    chooser = random.Random(seed)
    letters = sorted(set("".join(SENTENCES))) + [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]
    made: set[str] = set()
    while len(made) < count:
        made.add("".join(chooser.choices(letters, k=chooser.randint(2, 6))))
    return sorted(made)


def text(megabytes: float, seed: int = 8) -> str:
    """Sentences of collection calls in random order."""
    chooser = random.Random(seed)
    made: list[str] = []
    size = 0
    while size < megabytes * 1_000_000:
        made.append(chooser.choice(SENTENCES))
        size += len(made[-1].encode())
    return "".join(made)


# Each builds from phrases and returns what scans a text.


def with_pyahocorasick(words: list[str]) -> Scan:
    import ahocorasick

    automaton: Any = ahocorasick.Automaton()
    for word in words:
        automaton.add_word(word, word)
    automaton.make_automaton()
    return lambda body: sum(1 for _ in automaton.iter(body))


def with_pyahocorasick_by_sound(words: list[str]) -> Scan:
    scan = with_pyahocorasick([by_sound(word) for word in words])
    return lambda body: scan(by_sound(body))


def with_ahocorasick_rs(words: list[str]) -> Scan:
    automaton = AhoCorasick(words, implementation=Implementation.ContiguousNFA)
    return lambda body: len(automaton.find_matches_as_indexes(body, overlapping=True))


def with_daachorse(words: list[str]) -> Scan:
    import daachorse

    automaton: Any = daachorse.CharwiseDoubleArrayAhoCorasick(words)
    return lambda body: len(automaton.find_overlapping(body))


def with_flashtext(words: list[str]) -> Scan:
    from flashtext import KeywordProcessor

    processor: Any = KeywordProcessor()
    # Flashtext looks for words between non-word characters: with Chinese letters as such it finds what it can.
    processor.set_non_word_boundaries(set())
    processor.add_keywords_from_list(words)
    return lambda body: len(processor.extract_keywords(body))


def with_regex(words: list[str]) -> Scan:
    pattern = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    return lambda body: sum(1 for _ in pattern.finditer(body))


def with_ours(words: list[str], *, by_ear: bool = False) -> Scan:
    matcher = Matcher({"lexicon": [parse_family(word, {}) for word in words]})
    matcher.scan(normalise("预热"), by_ear=by_ear)
    return lambda body: matcher.scan(normalise(body), by_ear=by_ear)


def with_ours_by_ear(words: list[str]) -> Scan:
    return with_ours(words, by_ear=True)


#: Name, package it needs, how it is built, share of the text it gets (the slow ones are not waited for).
MATCHERS: tuple[tuple[str, str, Callable[[list[str]], Scan], float], ...] = (
    ("pyahocorasick", "ahocorasick", with_pyahocorasick, 1.0),
    ("pyahocorasick, by sound", "ahocorasick", with_pyahocorasick_by_sound, 1.0),
    ("ahocorasick-rs", "ahocorasick_rs", with_ahocorasick_rs, 1.0),
    ("daachorse", "daachorse", with_daachorse, 1.0),
    ("flashtext", "flashtext", with_flashtext, 0.2),
    ("regex alternation", "re", with_regex, 0.01),
    ("ours: fold, scan, assemble", "rules", with_ours, 0.2),
    ("ours, by ear too", "rules", with_ours_by_ear, 0.2),
)


def compare(count: int, megabytes: float) -> None:
    words, body = phrases(count), text(megabytes)
    print(f"\n{count} phrases, {megabytes} MB of text\n{'':28s} build ms    MB/s   against pyahocorasick")
    reference = 0.0
    for name, package, build, share in MATCHERS:
        if find_spec(package) is None:
            print(f"{name:28s} not installed")
            continue
        building = best(lambda build=build: build(words), 2)  # type: ignore[misc]
        scan, part = build(words), body[: int(len(body) * share)]
        speed = len(part.encode()) / 1e6 / best(lambda scan=scan, part=part: scan(part), 3)  # type: ignore[misc]
        reference = reference or speed
        print(f"{name:28s} {building * 1000:8.1f} {speed:8.2f}   {speed / reference:.3f}")


def growth_with_lexicon(megabytes: float) -> None:
    print(f"\ngrowth with the lexicon, ours, {megabytes} MB\n phrases   ms     relative")
    body, first = text(megabytes), 0.0
    for count in (1_000, 5_000, 20_000, 80_000):
        scan = with_ours(phrases(count))
        taken = best(lambda scan=scan: scan(body), 3)  # type: ignore[misc]
        first = first or taken
        print(f"{count:8d} {taken * 1000:7.1f} {taken / first:8.2f}")


#: What recognisers make of such sentences: wrong characters that sound right.
MISHEARD = str.maketrans({"逾": "于", "期": "七", "欠": "千", "征": "正", "账": "帐", "您": "你"})


def said_in_calls() -> list[tuple[str, str]]:
    """Speaker and text: mostly the usual talk; one in ten of our sentences, those that must be found and traps."""
    lines = (line.split("\t") for line in (DATA / "seen.tsv").read_text(encoding="utf-8").splitlines())
    written = [(line[2], line[3]) for line in lines if len(line) == 4]
    talk = [("agent" if at % 2 == 0 else "customer", text) for at, text in enumerate(SENTENCES)]
    return written + talk * (9 * len(written) // len(talk))


def call(minutes: float, engine: str, seed: int = 9) -> Transcript:
    """A call of two speakers at 4.5 characters a second, put together from our sentences, one in four misheard."""
    chooser = random.Random(seed)
    lines = said_in_calls()
    said: list[Utterance] = []
    at = 0.0
    while at < minutes * 60:
        speaker, words = chooser.choice(lines)
        if engine != "given" and chooser.random() < 0.25:
            words = words.translate(MISHEARD)
        length = len(words) / 4.5
        said.append(Utterance(speaker, words, at, at + length, 0.8))  # type: ignore[arg-type]
        at += length + 0.5
    return Transcript(engine, "zh", at, "channels", tuple(said))


#: Prints the seconds of CPU it takes to load the built-in packs, and to judge the first call, which builds tables.
_START_UP = """
import time
import rules
from tests.benchmarks import matching
at = [time.process_time()]
packs = [rules.load_pack(path) for path in rules.built_in_packs()]
at.append(time.process_time())
rules.check(packs, matching.call(1, "recogniser"))
print(at[1] - at[0], time.process_time() - at[1])
"""


def cost_of_loading() -> None:
    """In a new process, as every command and worker pays it."""
    runs = [
        subprocess.run([sys.executable, "-c", _START_UP], capture_output=True, text=True, check=True) for _ in "123"
    ]
    loading, first = (min(float(run.stdout.split()[at]) for run in runs) for at in (0, 1))
    print(f"\nnew process, CPU ms: loading all packs {loading * 1000:.0f}, the first call {first * 1000:.0f}")


def each(work: Callable[[Transcript], object], calls: Sequence[Transcript], rounds: int = 3) -> float:
    """CPU ms for one of these calls: of each the fastest of several rounds, the mean of all.

    Between two looks at one call lie all the others: nothing a worker remembers of one stands in for the work.
    """
    fastest = [float("inf")] * len(calls)
    for _ in range(rounds):
        for at, one in enumerate(calls):
            fastest[at] = min(fastest[at], best(partial(work, one), 1))
    return sum(fastest) * 1000 / len(calls)


def cost_of_calls() -> None:
    packs = [load_pack(path) for path in built_in_packs()]
    print(f"\njudging a call by {len(packs)} packs, {sum(len(pack.rules) for pack in packs)} rules, CPU ms")
    print(" minutes  characters   as text   by ear   a minute, by ear")
    points = []
    for minutes in (2.5, 5, 10, 20, 40):
        taken = {}
        for engine in ("given", "recogniser"):
            calls = [call(minutes, engine, seed) for seed in range(12)]
            taken[engine] = each(lambda one: check(packs, one), calls)
        characters = sum(len(one.text) for one in calls[0].utterances)
        points.append((characters, taken["recogniser"]))
        given, ear = taken["given"], taken["recogniser"]
        print(f"{minutes:8.1f} {characters:11d} {given:9.1f} {ear:8.1f} {ear / minutes:9.2f}")
    slope, intercept, fit = line(points)
    print(f"by ear: {intercept:.1f} ms + {slope * 1000:.2f} ms per 1000 characters, R² {fit:.4f}")
    parts_of_a_call(packs)


def parts_of_a_call(packs: list[Pack]) -> None:
    """Where the time goes in a 10-minute call, and what happens when the packs know more phrases."""
    heard = [call(10, "recogniser", seed) for seed in range(12)]
    matchers = tuple({id(matcher): matcher for pack in packs for matcher in pack.matchers}.values())
    whole = each(lambda one: check(packs, one), heard)
    reading = each(Conversation, heard)
    whose = asked_by(packs)
    matching = each(partial(scanned, matchers=matchers, whose=whose), heard) - reading
    promises = each(lambda one: find_promises(one, None), heard)
    judging = whole - reading - matching - promises
    print(f"10 minutes by ear: {whole:.1f} ms = reading {reading:.1f} + matching {matching:.1f}"
          f" + promises {promises:.1f} + rules {judging:.1f}")  # fmt: skip
    print("more phrases beside those of the packs\n phrases   matching ms   relative")
    groups: dict[Group, list[Family]] = {
        f"more{at}": [parse_family(word, {})] for at, word in enumerate(phrases(50_000))
    }
    points = []
    for count in (0, 5_000, 20_000, 50_000):
        more = Matcher(dict(list(groups.items())[:count]) | {"one": [parse_family("坐牢", {})]})
        asked = {**whose, **dict.fromkeys(groups), "one": None}
        points.append((count, each(partial(scanned, matchers=(*matchers, more), whose=asked), heard) - reading))
        print(f"{count:8d} {points[-1][1]:13.1f} {points[-1][1] / points[0][1]:10.2f}")
    slope, intercept, fit = line(points)
    print(f"{intercept:.1f} ms + {slope * 1000:.3f} ms per 1000 phrases, R² {fit:.4f}")


def scanned(heard: Transcript, matchers: tuple[Matcher, ...], whose: Whose) -> object:
    return Conversation(heard, whose).scan(matchers)


def line(points: list[tuple[int, float]]) -> tuple[float, float, float]:
    """Slope, intercept and R² of the straight line through the points."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    intercept = mean_y - slope * mean_x
    left = sum((y - slope * x - intercept) ** 2 for x, y in points)
    return slope, intercept, 1 - left / sum((y - mean_y) ** 2 for _, y in points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phrases", type=int, default=20_000)
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--only", choices=("automata", "calls"))
    options = parser.parse_args()
    if options.only != "calls":
        compare(options.phrases, options.megabytes)
        growth_with_lexicon(options.megabytes / 10)
    if options.only != "automata":
        cost_of_loading()
        cost_of_calls()


if __name__ == "__main__":
    main()
