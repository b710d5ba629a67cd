"""How the pages are: light, and usable by everybody."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.e2e.conftest import Visit, grave_faults

#: The sound and its picture have budgets of their own, and the line that events come on stays open.
APART = ("/audio", "/waveform", "/events")


@pytest.mark.parametrize(
    ("at", "last", "budget"),
    [
        ("/calls", "/events", 40_000),
        ("/calls/{threat}", "/waveform", 60_000),
        ("/statistics?first=2026-01-01&last=2026-12-31", "/statistics", 400_000),
    ],
)
def test_a_page_is_light_even_the_first_time(visit: Visit, browser: Browser, at: str, last: str, budget: int) -> None:
    signed_in = visit.sign_in("supervisor").context.storage_state()
    with browser.new_context(storage_state=signed_in) as fresh:  # with nothing kept from before
        page, requests = fresh.new_page(), list[Request]()
        page.on("request", lambda request: requests.append(request))
        with page.expect_request(lambda request: path(request).endswith(last)):  # what its script asks for, if anything
            page.goto(visit.site.address + at.format(**visit.site.calls))
        page.wait_for_timeout(500)  # for what nobody knows of
        sizes = [request.sizes() for request in requests if not path(request).endswith(APART)]
    assert len(sizes) >= 4
    assert 15_000 < sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) < budget


def path(request: Request) -> str:
    return urlsplit(request.url).path


#: What each role looks at, and what is opened there first: a dialog by its keys, or every menu and fold.
LOOKED_AT = {
    "inspector": [
        ("/", "?"),
        ("/calls", ""),
        ("/calls", "?"),
        ("/calls", "details"),
        ("/calls?q=投诉", ""),
        ("/calls?agent_id=no-such", ""),
        ("/calls/{threat}", "?"),
        ("/calls/{threat}", "jm"),
        ("/calls/{threat}", "details"),
        ("/calls/{compliant}", "n"),
        ("/upload", ""),
        ("/account", ""),
    ],
    "supervisor": [
        ("/", ""),
        ("/statistics?first=2026-01-01&last=2026-12-31", ""),
        ("/statistics?first=2020-01-01&last=2020-01-02", ""),
    ],
    "agent": [("/", ""), ("/calls", "")],
    "admin": [("/", ""), ("/users", ""), ("/users", "details")],
}


@pytest.mark.parametrize("role", LOOKED_AT)
def test_pages_are_usable_by_everybody(visit: Visit, axe: str, role: str) -> None:
    page, found = visit.sign_in(role), {}
    for at, opened in LOOKED_AT[role]:
        page.goto(visit.site.address + at.format(**visit.site.calls))
        if opened == "details":
            page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
        elif opened:
            page.keyboard.type(opened)
            page.wait_for_selector("dialog[open], .finding.chosen")
        found[at, opened] = grave_faults(page, axe)
    assert {where: faults for where, faults in found.items() if faults} == {}


_PACK = [f"/rules/collection-standard{part}" for part in ("", "/edit", "/words/threat_visit")]

#: What somebody looks at on a phone.
ON_A_PHONE = {
    "inspector": ["/", "/calls", "/calls?q=投诉", "/calls/{threat}", "/upload", "/account", "/calls/999999"],
    "supervisor": ["/", "/statistics?first=2026-01-01&last=2026-12-31", "/rules", "/rules/try", *_PACK],
    "admin": ["/", "/users"],
}

#: Buttons and fields that a finger misses; a moment of a call is larger to it than it looks.
_TOO_LOW = """
    [...document.querySelectorAll("button:not(.time), .button, select, input:not([type=checkbox], [type=file])")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 40).map((one) => one.outerHTML)"""


@pytest.mark.parametrize("role", ON_A_PHONE)
def test_pages_fit_a_phone(visit: Visit, role: str) -> None:
    page, wide, low = visit.sign_in(role), list[str](), dict[str, list[str]]()
    page.set_viewport_size({"width": 390, "height": 844})
    for at in ON_A_PHONE[role]:
        page.goto(visit.site.address + at.format(**visit.site.calls))
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(at)
        low |= {at: buttons} if (buttons := page.evaluate(_TOO_LOW)) else {}
    assert (wide, low) == ([], {})
    visit.faults.clear()  # the 404


def test_on_a_phone_what_was_found_comes_first_and_the_player_stays(visit: Visit) -> None:
    page = visit.sign_in("inspector")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{visit.site.address}/calls/{visit.site.calls['threat']}")
    found, said = page.locator(".finding").first.bounding_box(), page.locator("#lines").bounding_box()
    assert found
    assert said
    assert found["y"] < 500 < said["y"]
    page.locator("#lines > li").last.scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="播放")).to_be_in_viewport()


def test_a_secret_is_shown_usably(visit: Visit, axe: str) -> None:
    page = visit.sign_in("admin", "/users")
    page.on("dialog", lambda asked: asked.accept())
    page.locator("tr[data-user=agent]").get_by_role("button", name="重置密码").click()
    page.wait_for_selector("#secret[open]")
    visit.site.passwords["agent"] = page.locator("#secret code").inner_text()
    assert grave_faults(page, axe) == []


@pytest.mark.parametrize("at", ["/login", "/login?next=/calls"])
def test_the_sign_in_page_is_usable_by_everybody(visit: Visit, axe: str, at: str) -> None:
    visit.page.goto(visit.site.address + at)
    assert grave_faults(visit.page, axe) == []


def test_an_error_is_usable_by_everybody(visit: Visit, axe: str) -> None:
    page = visit.sign_in("inspector")
    page.goto(f"{visit.site.address}/calls/999999")
    visit.faults.clear()  # the 404
    assert grave_faults(page, axe) == []
