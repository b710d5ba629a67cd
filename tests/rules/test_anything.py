"""Whatever is written in a pack and said in a call, nothing but RuleError comes out."""

import os
import string
import tempfile
from datetime import date
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asr.transcript import Transcript, Utterance
from rules import Finding, Pack, RuleError, check, find_pii, find_promises, load_pack, mask, verify
from rules.operators import OPERATORS
from tests.rules.helpers import built_in

WORDS = st.text(alphabet="不会没还钱坐牢抓你我他一十百万12~|^$<数>{家人} ,。", max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=True) | WORDS | st.text(max_size=6)
NAMES = st.text(string.ascii_lowercase, max_size=6)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_lowercase, max_size=6) | WORDS, inner)
    ),
    max_leaves=8,
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "families": st.lists(WORDS, max_size=3),
        "lexicon": st.sampled_from(["jail", "abuse", "nothing"]),
        "guards": st.lists(st.sampled_from(["negation", "quotation", "nobody"]), max_size=2),
        "pattern": st.sampled_from(["甲+", "(", "(x+x+)+y", "(?<=a+)b", ""]) | st.text(max_size=8),
        "seconds": st.integers(-1, 9) | ANYTHING,
        "count": st.sampled_from(["dials", "effective_calls", 2, None]),
        "most": st.integers(-1, 5),
        "speaker": st.sampled_from(["agent", "customer", "unknown", "boss"]),
        "sentences": st.lists(st.text(min_size=3, max_size=8), max_size=2),
        "start": st.sampled_from(["22:00", 1320, "25:00"]),
    },
)
FIND = st.recursive(
    st.dictionaries(st.sampled_from(OPERATORS), PARAMETERS | ANYTHING, max_size=2),
    lambda inner: st.dictionaries(
        st.sampled_from(OPERATORS),
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({}, optional={"of": st.lists(inner, max_size=3), "steps": st.lists(inner, max_size=3),
                                              "question": inner, "answer": inner, "count": st.integers(0, 4),
                                              "within_turns": st.integers(-1, 4)}),
        max_size=1,
    ),
    max_leaves=5,
)  # fmt: skip
RULE = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["one", "two", "Bad Id"]),
        "category": st.just("threat"),
        "title": st.just("某条"),
        "severity": st.sampled_from(["veto", "minor", "huge"]),
        "basis": st.just([{"document": "某规定", "label": "M"}]),
        "expect": st.sampled_from(["absent", "present"]),
        "find": FIND,
        "examples": st.just({"hit": ["让你坐牢"], "miss": ["您好"]}),
    },
    optional={
        "scope": st.fixed_dictionaries({}, optional={"speaker": st.sampled_from(["agent", "x"]),
                                                     "before": st.just("two"), "first_turns": st.integers(-1, 3),
                                                     "first_seconds": ANYTHING}),
        "when": st.dictionaries(st.just("overdue_days"), ANYTHING, max_size=1),
        "due": FIND,
        "extra": ANYTHING,
    },
)  # fmt: skip
PACK = st.fixed_dictionaries(
    {
        "id": st.just("any"),
        "version": st.just("1"),
        "title": st.just("任意"),
        "rules": st.lists(RULE | ANYTHING, max_size=3),
    },
    optional={"uses": st.just(["shared", "agent"]), "lexicons": ANYTHING, "guards": ANYTHING, "words": ANYTHING},
)
SPEECH = st.text(alphabet="不会没还钱坐牢抓你我他一二十百万12，。？ ＡİK㎏漢a\n\U0001f600", max_size=60) | st.text(
    max_size=40
)
UTTERANCES = st.lists(
    st.builds(
        Utterance,
        st.sampled_from(["agent", "customer", "unknown"]),
        SPEECH,
        st.none() | st.floats(0, 100),
        st.none() | st.floats(0, 200),
        st.none() | st.floats(0, 1),
    ),
    max_size=6,
)
FACTS = st.dictionaries(
    st.sampled_from(["overdue_days", "started_at", "dials_today", "callee_relation"]), ANYTHING, max_size=3
)
#: `HYPOTHESIS_EXAMPLES=10000` for a long look.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "200"))
ROBUST = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)


def transcript(said: list[Utterance], engine: str) -> Transcript:
    return Transcript(engine, "zh", 60.0, "given", tuple(said))


def loaded(path: Path) -> Pack | None:
    try:
        return load_pack(path)
    except RuleError as error:
        if not error.faults:
            raise
        return None


@ROBUST
@given(PACK | ANYTHING, UTTERANCES, FACTS, st.sampled_from(["given", "faster-whisper"]))
def test_any_pack(written: object, said: list[Utterance], facts: dict[str, object], engine: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
        pack = loaded(path)
    if pack is None:
        return
    assert all(isinstance(finding, Finding) for finding in check(pack, transcript(said, engine), facts))
    verify(pack)


@ROBUST
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_bytes(content)
        loaded(path)


@ROBUST
@given(UTTERANCES, FACTS, st.sampled_from(["given", "faster-whisper"]))
def test_any_speech(said: list[Utterance], facts: dict[str, object], engine: str) -> None:
    for finding in check(built_in("collection-standard"), transcript(said, engine), facts):
        for evidence in finding.evidence:
            text = said[evidence.utterance].text
            assert text[slice(*evidence.span)] == evidence.quote
            assert 0 <= evidence.confidence <= 1


@ROBUST
@given(UTTERANCES)
def test_any_promise_and_any_mask(said: list[Utterance]) -> None:
    for promise in find_promises(transcript(said, "given"), date(2026, 2, 28)):
        assert promise.text in said[promise.utterance].text
    for one in said:
        assert len(mask(one.text)) == len(one.text)
        assert all(0 <= pii.start < pii.end <= len(one.text) for pii in find_pii(one.text))
