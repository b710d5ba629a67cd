"""Reading, trying, writing and publishing rules, in a real browser on a real service."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Visit, grave_faults
from tests.packs import NAME, RULE


def write_at_the_end(page: Page, text: str) -> None:
    page.locator(".cm-content").click()  # not by its role: so is the plain one it takes the place of once loaded
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def test_a_supervisor_finds_a_rule_and_the_calls_that_break_it(visit: Visit) -> None:
    page = visit.sign_in("supervisor")
    page.get_by_role("link", name="规则", exact=True).click()
    row = page.locator("tr", has_text="threat.violence")
    row.get_by_role("link").first.click()
    expect(page.locator("section#threat\\.violence")).to_contain_text("商业银行信用卡业务监督管理办法")
    page.locator("section#threat\\.violence summary").click()
    expect(page.locator("section#threat\\.violence pre")).to_contain_text("lexicon: threat_violence")
    page.locator("section#threat\\.violence").get_by_role("link", name="threat_violence").click()
    expect(page.locator(".families").first).to_be_visible()


def test_a_sentence_and_a_past_call_are_tried(visit: Visit) -> None:
    page = visit.sign_in("inspector", "/rules/try")
    page.fill("[name=text]", "坐席：再不还钱就让你坐牢")
    page.get_by_role("button", name="评判").click()
    expect(page.locator("#tried")).to_contain_text("坐牢")
    page.fill("[name=text]", "")
    page.fill("[name=call]", str(visit.site.calls["threat"]))
    page.get_by_role("button", name="评判").click()
    expect(page.locator("#tried .finding.veto").first).to_be_visible()
    page.fill("[name=call]", "999999")
    page.get_by_role("button", name="评判").click()
    expect(page.get_by_role("status")).to_contain_text("999999")
    visit.faults.clear()  # the 404


def test_a_draft_is_written_and_its_faults_shown_at_their_line(visit: Visit) -> None:
    page = visit.sign_in("supervisor", f"/rules/{NAME}/edit")
    write_at_the_end(page, RULE.replace("severity: minor", "severity: grave"))
    page.keyboard.press("Control+s")
    fault = page.locator("#faults li").first
    expect(fault).to_contain_text("只能是")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    fault.get_by_role("button").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("severity: grave")
    page.keyboard.press("End")
    for _ in "grave":
        page.keyboard.press("Backspace")
    page.keyboard.insert_text("minor")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("#fine")).to_be_visible()
    expect(page.locator("#faults")).to_be_hidden()
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("severity: minor")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="放弃草稿").click()
    expect(page.locator("#discard")).to_be_hidden()


def test_what_is_typed_before_the_editor_is_loaded_is_kept(visit: Visit) -> None:
    page = visit.sign_in("supervisor")
    held: list[Route] = []
    page.route("**/rules*.js", lambda route: held.append(route))
    with page.expect_request("**/rules*.js"):
        page.goto(f"{visit.site.address}/rules/{NAME}/edit", wait_until="commit")
    page.locator("textarea").click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# early\n")
    held[0].continue_()
    expect(page.locator(".cm-line").first).to_have_text("# early")
    expect(page.locator(".cm-content")).to_be_focused()


def test_a_draft_is_compared_and_published(visit: Visit, axe: str) -> None:
    page = visit.sign_in("supervisor", f"/rules/{NAME}/edit")
    write_at_the_end(page, RULE.replace("风紧扯呼", "坐牢"))
    page.keyboard.press("Control+Home")
    page.locator(".cm-line", has_text="version:").click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.insert_text("-new")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("#fine")).to_be_visible()
    page.get_by_role("link", name="对比和发布").click()
    expect(page.locator(".compared tbody tr")).to_have_count(1)
    expect(page.locator(".compared")).to_contain_text("坐牢")
    assert grave_faults(page, axe) == []
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="发布", exact=True).click()
    page.wait_for_url(f"**/rules/{NAME}")
    expect(page.locator("h1")).to_contain_text("-new")
    expect(page.locator("section#attitude\\.slang")).to_contain_text("说黑话")


@pytest.mark.parametrize(
    "at", ["/rules", f"/rules/{NAME}", "/rules/try", f"/rules/{NAME}/edit", f"/rules/{NAME}/words/attitude"]
)
def test_the_pages_of_rules_are_usable_by_everybody(visit: Visit, axe: str, at: str) -> None:
    assert grave_faults(visit.sign_in("supervisor", at), axe) == []
