"""A synthetic call centre: three months of skewed, correlated calls in a database, to measure queries on.

Every random choice comes from one seed, so two runs on one day see the same calls; the last of them are today's, as
statistics count today and yesterday differently. What is said is put together from the samples' own sentences and from
sentences with names, sums and days in them; marked words come at known rates, so that searches for the common and for
the rare can be told apart.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import psycopg
from numpy.random import Generator
from sqlalchemy import Table, text

from app.database import Database
from app.schemas import CALL_ZONE
from app.store import search, users
from app.tables import Call, Transcript

SAMPLES = Path(__file__).parents[2] / "samples"
DAYS = 90
#: Where the calls end: tomorrow.
LAST_DAY = datetime.combine(datetime.now(CALL_ZONE), time(), UTC) + timedelta(days=1)
AGENTS, TEAMS, INSPECTORS, DEBTORS = 300, 12, 12, 200_000
_BATCH = 20_000

#: Sentence with a marked word -> share of calls in which it is said.
MARKED = {
    "我们会依法起诉": 0.10,
    "这样要坐牢的": 0.01,
    "我们安排外访人员": 0.004,
    "我已经向信访部门反映": 0.001,
    "我不想活了要跳楼": 0.0002,
    "那个貔貅摆件我卖了": 0.00001,
}
_SLOTS = (
    "{name}您好，我是{firm}的工号{number}，本次通话录音",
    "您在我们平台的借款{amount}元已经逾期{days}天了",
    "请问您是{name}本人吗",
    "您看{day}之前能不能处理{amount}元",
    "我{day}发了工资就还{amount}",
    "现在手上没有钱，家里{trouble}",
    "您可以申请分{days}期，每期{amount}元",
    "这个金额不对，我明明还过{amount}了",
    "好的，那我{day}再跟您联系",
    "请您还到尾号{number}的账户里面",
)
_FILLERS = ("喂，你好", "嗯，是我", "好的", "知道了", "我在上班", "您说", "再见", "没有听清楚", "稍等一下", "不是我")
_FIRMS = ("华信金融", "恒通资产", "金诚资产", "安达消费金融", "普汇信用")
_TROUBLES = ("有人住院", "生意赔了", "刚刚失业", "孩子要上学", "老人生病")
_WHEN = ("明天", "后天", "周五", "月底", "十五号", "下个月五号")
#: From the one that fails most often to the rarest.
_CATEGORIES = (
    "empathy", "closing", "recording_notice", "self_intro", "attitude", "order", "repay_offer", "debt_confirm",
    "identity_check", "disclosure_before_identity", "false_legal", "harass", "third_party", "threat", "abuse",
    "privacy", "false_promise", "quiet_hours", "induce", "impersonate",
)  # fmt: skip
_SIGNALS = ("hardship", "ptp", "deny", "complaint", "stop", "abuse_by_customer", "suicide")

_CALL_COLUMNS = (
    "id", "external_id", "template", "facts", "channel", "started_at", "received_at", "agent_id", "team", "content",
    "status", "duration", "score", "grade", "passed", "flagged", "attention", "categories", "rules", "reviewed_at",
    "assigned_to",
)  # fmt: skip
_TRANSCRIPT_COLUMNS = ("call_id", "engine", "body", "said", "marks")
_DIAL_COLUMNS = ("key", "external_id", "agent_id", "team", "debtor_id", "started_at", "seconds", "answered")


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    folded: str
    body: str  #: as JSON, without its times


class Million:
    """Makes `calls` calls and writes them where a Database points to, which must be empty and migrated."""

    def __init__(self, calls: int, seed: int = 7) -> None:
        self._calls = calls
        self._random: Generator = np.random.default_rng(seed)
        self._sentences = [_sentence(said) for said in self._all_sentences()]
        self._marked = [(_sentence(said), share) for said, share in MARKED.items()]
        ranks = np.arange(1, len(self._sentences) + 1)
        self._odds = (1 / ranks**0.7) / (1 / ranks**0.7).sum()
        self._inspectors: list[int] = []

    def write(self, database: Database) -> None:
        """Fill the database; the search index is built at the end, which is quicker than call by call."""
        (index,) = (index for index in cast(Table, Transcript.__table__).indexes if index.name == "transcripts_said")
        index.drop(database.engine)
        with database.transaction() as session:
            made = [users.add(session, f"inspector-{number}", "inspector") for number in range(INSPECTORS)]
            self._inspectors = [user.id for user in made]
        with psycopg.connect(database.url, autocommit=True) as connection:
            for first in range(1, self._calls + 1, _BATCH):
                numbers = range(first, min(first + _BATCH, self._calls + 1))
                calls = list(self._call_rows(numbers))
                _copy(connection, "calls", _CALL_COLUMNS, calls)
                _copy(connection, "transcripts", _TRANSCRIPT_COLUMNS, self._transcript_rows(calls))
                _copy(connection, "dials", _DIAL_COLUMNS, self._dial_rows(calls))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            plain.execute(text("SET maintenance_work_mem = '512MB'"))
            index.create(plain)
            plain.execute(text("VACUUM ANALYZE calls, transcripts, dials"))

    def _all_sentences(self) -> list[str]:
        said = [line["text"] for path in sorted(SAMPLES.glob("*.transcript.json"))
                for line in json.loads(path.read_text("utf-8"))["utterances"]]  # fmt: skip
        made = [self._fill(str(self._random.choice(_SLOTS))) for _ in range(6000)]
        return [*_FILLERS, *said, *made]

    def _fill(self, slot: str) -> str:
        pick = self._random.choice
        return slot.format(
            name=str(pick(list("王李张刘陈杨赵黄周吴"))) + str(pick(["先生", "女士", "建国", "婷"])),
            firm=pick(_FIRMS),
            number=self._random.integers(1000, 9999),
            amount=self._random.integers(3, 900) * 100,
            days=self._random.integers(2, 180),
            day=pick(_WHEN),
            trouble=pick(_TROUBLES),
        )

    def _call_rows(self, numbers: range) -> Iterator[tuple[Any, ...]]:
        random, count = self._random, len(numbers)
        agents = random.zipf(1.2, count) % AGENTS
        channels = random.choice(["call", "sms", "visit"], count, p=[0.93, 0.05, 0.02])
        states = random.choice(["scored", "failed", "queued"], count, p=[0.985, 0.01, 0.005])
        delays = random.exponential(120, count)
        hours = random.choice(24, count, p=_HOURS)
        for place, number in enumerate(numbers):
            day = LAST_DAY - timedelta(days=DAYS) + timedelta(days=int(DAYS * (number - 1) / self._calls))
            started = day + timedelta(hours=int(hours[place]) - 8, seconds=float(random.random() * 3600))
            agent = int(agents[place])
            state = str(states[place])
            values = self._result(agent) if state == "scored" else _NOTHING | {"flagged": state == "failed"}
            received = started + timedelta(seconds=float(delays[place]))
            debtor = f"D{random.integers(DEBTORS)}"
            facts = json.dumps({"overdue_days": int(random.integers(1, 400)), "debtor_id": debtor})
            reviewed = bool(values["flagged"] and random.random() < 0.3)
            yield (
                number, f"cc-{number}", "collection-standard", facts, str(channels[place]),
                None if number % 20 == 0 else started, received, f"A{agent:04d}", f"team-{agent % TEAMS}", "", state,
                float(random.lognormal(4.2, 0.8)), values["score"], values["grade"], values["passed"],
                values["flagged"], values["attention"], values["categories"], values["rules"],
                received if reviewed else None,
                self._inspectors[number % INSPECTORS] if values["flagged"] else None,
            )  # fmt: skip

    def _result(self, agent: int) -> dict[str, Any]:
        """What a call of this agent came to: some agents fail often, most seldom; grave failures are rare."""
        random = self._random
        odds = 0.12 * (1.5 if agent % 7 == 0 else 0.6) * 0.72 ** np.arange(len(_CATEGORIES))
        wrong = random.random(len(_CATEGORIES)) < odds
        heard = random.random(len(_SIGNALS)) < 0.15 * 0.6 ** np.arange(len(_SIGNALS))
        failed = [name for name, fails in zip(_CATEGORIES, wrong, strict=True) if fails]
        signals = [name for name, is_heard in zip(_SIGNALS, heard, strict=True) if is_heard]
        grave = any(name in failed for name in ("threat", "abuse", "third_party", "induce", "impersonate"))
        score = 0.0 if grave else round(100 - 4.5 * len(failed) - (random.random() if failed else 0), 1)
        attention = [name for name in signals if name in ("complaint", "suicide")]
        passed = score >= 92
        return {
            "score": score,
            "grade": "A" if score >= 96 else "B" if passed else "C" if score >= 75 else "D",
            "passed": passed,
            "flagged": not passed or bool(attention),
            "attention": attention,
            "categories": sorted(failed + signals),
            "rules": sorted(f"{name}.{random.integers(1, 4)}" for name in failed),
        }

    def _transcript_rows(self, calls: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        random = self._random
        lengths = np.clip(random.lognormal(2.4, 0.6, len(calls)), 2, 120).astype(int)
        chosen = random.choice(len(self._sentences), int(lengths.sum()), p=self._odds)
        at = 0
        for call, length in zip(calls, lengths, strict=True):
            said = [self._sentences[place] for place in chosen[at : at + length]]
            at += length
            said += [sentence for sentence, share in self._marked if random.random() < share]
            body = '{"utterances":[' + ",".join(sentence.body for sentence in said) + "]}"
            known = dict(zip(_CALL_COLUMNS, call, strict=True))
            columns = {name: known[name] for name in ("agent_id", "team", "channel")}
            row = Call(happened_at=known["started_at"] or known["received_at"], **columns)
            yield call[0], "synthetic", body, "\n".join(sentence.folded for sentence in said), search.marks(row)

    def _dial_rows(self, calls: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """What the dialer says: every call, one in a thousand whose recording never came, and who did not answer."""
        for number, call in enumerate(calls):
            known = dict(zip(_CALL_COLUMNS, call, strict=True))
            debtor, began = json.loads(known["facts"])["debtor_id"], known["started_at"] or known["received_at"]
            who = (known["agent_id"], known["team"], debtor)
            # Half of them know the recording's id, the others are found by agent, debtor and time.
            yield f"d{known['id']}", known["external_id"] if number % 2 else None, *who, began, known["duration"], True
            if number % 1000 == 0:
                yield f"m{known['id']}", None, *who[:2], "D-lost", began, 30.0, True
            if self._random.random() < 0.3:
                yield f"u{known['id']}", None, *who, began + timedelta(minutes=40), 0.0, False


_WEIGHTS = np.array([0] * 8 + [6, 9, 10, 9, 5, 5, 9, 10, 10, 8, 7, 7, 4, 1] + [0.1, 0.1])
_HOURS = _WEIGHTS / _WEIGHTS.sum()
_NOTHING: dict[str, Any] = dict.fromkeys(
    ("score", "grade", "passed", "flagged", "attention", "categories", "rules"), None
)


def _sentence(said: str) -> _Sentence:
    body = {"speaker": "agent", "text": said, "start": 1.0, "end": 2.0, "confidence": 0.9}
    return _Sentence(said, search.searchable([said]), json.dumps(body, ensure_ascii=False))


def _copy(
    connection: psycopg.Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
) -> None:
    with connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
