"""Requests made up from the OpenAPI description, by every kind of caller: none of them breaks anything.

`TINGJIAN_FUZZ=60 pytest tests/app/test_fuzz.py` tries that many for each operation.
"""

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok

from app.main import create_app
from app.security import ROLES
from app.service import Service
from tests.app.test_access import Auth

_EACH = int(os.environ.get("TINGJIAN_FUZZ", "8"))

#: Never ends by itself.
_ENDLESS = "/v1/events"


def test_no_request_breaks_anything(service: Service, auth: Auth) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(service))
    sent = 0
    for found in schema.exclude(path=_ENDLESS).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @given(case=operation.as_strategy(), role=st.sampled_from(ROLES))
        @settings(max_examples=_EACH, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def send(case: Case[Any], role: str) -> None:
            nonlocal sent
            sent += 1
            answer = case.call(headers=auth[role])
            assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"
            wrongs = answer.json().get("errors", ()) if "problem" in answer.headers.get("content-type", "") else ()
            told = [fault["message"] for fault in wrongs]
            assert not [said for said in told if said.isascii() or said == "不符合要求"], told

        send()
    assert sent >= 30 * _EACH
