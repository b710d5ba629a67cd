"""A table dropped beside recordings says what is known of them."""

import pytest
from starlette.testclient import TestClient

Auth = dict[str, dict[str, str]]


def read(client: TestClient, auth: Auth, content: bytes) -> dict[str, object]:
    headers = auth["inspector"] | {"Content-Type": "text/csv"}
    answer = client.post("/upload/sheet", params={"name": "清单.csv"}, headers=headers, content=content)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_facts_by_file_name(client: TestClient, auth: Auth, encoding: str) -> None:
    table = (
        "文件名,工号,逾期天数,开始时间,接听人,坐席声道,呼叫方向,批次\n"
        "a.wav,8101,45,2026/3/2 14:05,家人,右,呼出,三月\n"
        "三月\\b.wav,8102,,,the debtor,,,\n"
    )
    assert read(client, auth, table.encode(encoding)) == {
        "facts": {
            "a.wav": {
                "agent_id": "8101",
                "overdue_days": 45,
                "started_at": "2026-03-02T14:05:00+08:00",
                "callee_relation": "family",
                "agent_channel": "right",
                "direction": "outbound",
                "批次": "三月",
            },
            "b.wav": {"agent_id": "8102", "callee_relation": "self"},
        },
        "faults": [],
    }


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("文件名,逾期天数\na.wav,很久", "清单.csv 第 2 行（a.wav）：逾期天数须为整数"),
        (
            "文件名,逾期天数,坐席声道\na.wav,-1,中",
            "清单.csv 第 2 行（a.wav）：逾期天数不能小于 0；坐席声道须为 left, right 之一",
        ),
        ("文件名,开始时间\na.wav,昨天", "清单.csv 第 2 行（a.wav）：通话时间须为 2026-03-02 14:05 这样的时间"),
        ("工号\n8101", "清单.csv 第 2 行没有写文件名"),
        ("文件名\na.wav,8101", "清单.csv 第 2 行的列数多于表头"),
    ],
)
def test_faults_in_words(client: TestClient, auth: Auth, table: str, fault: str) -> None:
    found = read(client, auth, table.encode())
    assert found == {"facts": {}, "faults": [fault]}


def test_one_wrong_row_spoils_no_other(client: TestClient, auth: Auth) -> None:
    found = read(client, auth, "文件名,金额\na.wav,一百\nb.wav,100.50".encode())
    assert found == {"facts": {"b.wav": {"amount": "100.50"}}, "faults": ["清单.csv 第 2 行（a.wav）：金额须为数字"]}


def test_what_is_no_table_is_told(client: TestClient, auth: Auth) -> None:
    assert "不是 UTF-8 或 GB 18030" in str(read(client, auth, b"RIFF\xff\xff\xff\xff")["faults"])
