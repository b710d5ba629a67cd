"""A person says that agent and customer are the wrong way round, and the call is judged again."""

from collections.abc import Callable

from sqlalchemy import text
from starlette.testclient import TestClient

from app.service import Service
from tests.app.test_access import Auth


def test_swapping(client: TestClient, auth: Auth, service: Service, work_off: Callable[[], None]) -> None:
    said = [{"speaker": "customer", "text": "再不还钱就让你坐牢"}, {"speaker": "agent", "text": "我明天还两千"}]
    posted = client.post("/v1/texts", headers=auth["dialer"], json={"utterances": said})
    path = f"/v1/calls/{posted.json()['id']}"
    work_off()
    before = client.get(path, headers=auth["inspector"]).json()
    told = {"false_legal", "ptp"}  # a promise is told where it was made, not where it is missed
    assert not told.intersection(before["categories"])

    with service.database.transaction() as session:  # it had stumbled, and then went well
        session.execute(text("UPDATE calls SET failures = 2"))
    assert client.post(f"{path}/swap-speakers", headers=auth["inspector"]).status_code == 202
    with service.database.transaction() as session:
        assert session.scalar(text("SELECT failures FROM calls")) == 0
    assert client.post(f"{path}/swap-speakers", headers=auth["inspector"]).status_code == 409  # is being judged
    work_off()
    after = client.get(path, headers=auth["inspector"]).json()
    assert [line["speaker"] for line in after["transcript"]["utterances"]] == ["agent", "customer"]
    assert told.issubset(after["categories"])
    assert len(after["promises"]) == 1
    assert len(client.get(f"{path}/scorecards", headers=auth["inspector"]).json()) == 2


def test_nothing_to_swap(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> None:
    posted = client.post("/v1/texts", headers=auth["dialer"], json={"utterances": [{"text": "您好"}]})
    path = f"/v1/calls/{posted.json()['id']}/swap-speakers"
    work_off()
    answer = client.post(path, headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (409, "not_told_apart")


def test_a_text_has_its_writer(client: TestClient, auth: Auth, work_off: Callable[[], None]) -> None:
    text_of = {"call": {"channel": "sms"}, "utterances": [{"text": "再不还钱就让你坐牢"}]}
    posted = client.post("/v1/texts", headers=auth["dialer"], json=text_of)
    work_off()
    answer = client.post(f"/v1/calls/{posted.json()['id']}/swap-speakers", headers=auth["inspector"])
    assert (answer.status_code, answer.json()["code"]) == (409, "written")
