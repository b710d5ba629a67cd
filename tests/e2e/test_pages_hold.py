"""What somebody sends or asks for must not run in the browser of whoever looks at it."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import EVIL, EVIL_NAME, Visit, _client

_ASKED, _NAMED = quote(EVIL, safe=""), quote(EVIL_NAME, safe="")


def test_a_file_name_does_not_run(visit: Visit) -> None:
    page = visit.sign_in("supervisor", f"/calls/{visit.site.calls['compliant']}")
    expect(page.locator(".facts")).to_contain_text(EVIL_NAME)
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "at",
    [
        f"/calls?team={_ASKED}&agent_id={_ASKED}",
        f"/calls?q={_ASKED}",
        f"/statistics?team={_ASKED}",
        f"/rules/try?call={_ASKED}",
    ],
)
def test_an_address_does_not_run(visit: Visit, at: str) -> None:
    page = visit.sign_in("supervisor", at)
    expect(page.locator("main")).not_to_be_empty()
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize("at", [f"/calls?sort={_ASKED}", f"/rules/{_NAMED}", f"/calls/{_NAMED}"])
def test_an_address_that_makes_no_sense_does_not_run(visit: Visit, at: str) -> None:
    page = visit.sign_in("supervisor")
    with page.expect_console_message(lambda told: "status of 4" in told.text):
        page.goto(visit.site.address + at)
    expect(page.locator("main")).not_to_be_empty()
    assert page.evaluate("window.pwned") is None
    visit.faults.clear()  # the 400 or 404


def test_a_reason_does_not_run(visit: Visit) -> None:
    site, call = visit.site, visit.site.calls["evil"]
    with _client(site.address, "supervisor", site.passwords["supervisor"]) as client:
        assert client.put(f"/v1/calls/{call}/hold", json={"reason": EVIL}).status_code == 200
    page = visit.sign_in("supervisor", f"/calls/{call}")
    expect(page.locator("main")).not_to_be_empty()
    assert page.evaluate("window.pwned") is None
