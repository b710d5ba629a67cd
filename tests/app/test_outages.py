"""The database away: whoever asks is told to come again, and nothing is called a fault of ours."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from app.database import Database
from app.main import create_app
from app.service import Service


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/calls"), ("POST", "/v1/texts"), ("POST", "/v1/calls")])
def test_a_request_is_refused_for_now(service: Service, method: str, path: str) -> None:
    away = replace(service, database=Database("postgresql://nobody@127.0.0.1:1/nothing"))
    with TestClient(create_app(away), raise_server_exceptions=False) as client:
        answer = client.request(method, path, headers={"Authorization": "Bearer tj_0123456789"})
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer.headers["retry-after"]
