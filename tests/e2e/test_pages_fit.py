"""How the pages are: light, and usable by everybody."""

import pytest
from playwright.sync_api import Browser, Request

from tests.e2e.conftest import Visit

#: The sound and its picture have budgets of their own, and the line that events come on stays open.
APART = ("/audio", "/waveform", "/events")


@pytest.mark.parametrize(
    ("at", "budget"),
    [("/calls", 40_000), ("/calls/{threat}", 60_000), ("/statistics?first=2026-01-01&last=2026-12-31", 400_000)],
)
def test_a_page_is_light_even_the_first_time(visit: Visit, browser: Browser, at: str, budget: int) -> None:
    signed_in = visit.sign_in("supervisor").context.storage_state()
    with browser.new_context(storage_state=signed_in) as fresh:  # with nothing kept from before
        page, requests = fresh.new_page(), list[Request]()
        page.on("request", lambda request: requests.append(request))
        page.goto(visit.site.address + at.format(**visit.site.calls))
        page.wait_for_timeout(500)  # for what is asked for by scripts
        sizes = [request.sizes() for request in requests if not request.url.endswith(APART)]
    assert len(sizes) >= 4
    assert 15_000 < sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < budget


@pytest.mark.parametrize(
    "at", ["/", "/calls", "/calls?q=投诉", "/calls/{threat}", "/calls/{compliant}", "/upload", "/account"]
)
def test_a_page_is_usable_by_everybody(visit: Visit, axe: str, at: str) -> None:
    page = visit.sign_in("inspector", at.format(**visit.site.calls))
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    grave = [fault for fault in found["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]][:3]) for fault in grave] == []


def test_the_statistics_are_usable_by_everybody(visit: Visit, axe: str) -> None:
    page = visit.sign_in("supervisor", "/statistics?first=2026-01-01&last=2026-12-31")
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [fault["id"] for fault in found["violations"] if fault["impact"] in ("serious", "critical")] == []


def test_the_users_page_is_usable_by_everybody(visit: Visit, axe: str) -> None:
    page = visit.sign_in("admin", "/users")
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [fault["id"] for fault in found["violations"] if fault["impact"] in ("serious", "critical")] == []


def test_the_sign_in_page_is_usable_by_everybody(visit: Visit, axe: str) -> None:
    visit.page.goto(f"{visit.site.address}/login")
    visit.page.evaluate(axe)
    found = visit.page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [fault["id"] for fault in found["violations"] if fault["impact"] in ("serious", "critical")] == []
