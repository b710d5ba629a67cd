"""The database away: whoever asks is told to come again, and nothing is called a fault of ours."""

from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
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


@pytest.mark.parametrize(("given", "idle"), [("", "30"), ("keepalives_idle=5", "5")])
def test_a_server_that_went_silent_is_found_out(database_url: str, given: str, idle: str) -> None:
    database = Database(f"{database_url}{'&' if '?' in database_url else '?'}{given}" if given else database_url)
    again = Database(database.url)  # as a worker gets it
    with database.engine.connect() as connection, psycopg.connect(again.url) as other:
        for known in (connection.connection.driver_connection, other):
            assert known
            told = known.info.get_parameters()
            assert (told["keepalives_idle"], told["tcp_user_timeout"]) == (idle, "30000")
    database.close()


def test_a_query_that_takes_too_long_is_ended(service: Service) -> None:
    database = Database(service.database.url, statement_seconds=0.2)
    app = create_app(replace(service, database=database))

    @app.get("/slow")
    def _slow() -> None:
        with database.transaction() as session:
            session.execute(text("SELECT pg_sleep(20)"))

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/slow")
    assert (answer.status_code, answer.json()["code"]) == (504, "query_timeout")
    with database.transaction() as session:  # the connection is none the worse, and limited still
        assert session.scalar(text("SHOW statement_timeout")) == "200ms"
    with service.database.transaction() as session:
        assert session.scalar(text("SHOW statement_timeout")) == "0"
    database.close()
