"""What people do on the pages, done in a real browser on a real service."""

import re
import time
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as TooLate

from tests.conftest import SAMPLES
from tests.e2e.conftest import EVIL, Visit


def test_sign_in_comes_back_to_where_one_wanted_to_go(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.site.address}/calls?flagged=true")
    assert "/login?next=" in page.url
    page.fill("[name=name]", "inspector")
    page.fill("[name=password]", "wrong")
    page.press("[name=password]", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    visit.faults.clear()  # the browser notes the 401 that it got
    page.fill("[name=password]", visit.site.passwords["inspector"])
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/calls?flagged=true")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/login")
    page.goto(f"{visit.site.address}/calls")
    assert "/login" in page.url


def test_sign_in_leads_to_no_other_host(visit: Visit) -> None:
    visit.sign_in("inspector", "/login?next=//elsewhere.example/")
    assert visit.page.url == f"{visit.site.address}/"


def test_sign_in_takes_no_form_from_elsewhere(visit: Visit) -> None:
    form: dict[str, str | float | bool] = {
        "name": "inspector",
        "password": visit.site.passwords["inspector"],
        "token": "0" * 64,
    }
    answer = visit.page.request.post(f"{visit.site.address}/login", form=form)
    assert answer.status == 403
    assert "tingjian_session" not in answer.headers.get("set-cookie", "")


#: A filter that the two recordings of the site pass and nothing that a test sends in: they were made before.
BEFORE = "to=2026-03-31"


def test_more_calls_come_when_one_gets_to_the_end(visit: Visit) -> None:
    page = visit.sign_in("supervisor", f"/calls?limit=1&{BEFORE}")
    expect(page.locator("tr[data-id]")).to_have_count(2)
    assert page.evaluate("document.activeElement.tagName") == "BODY"  # nobody asked: the place is not moved


@pytest.mark.parametrize(
    ("role", "links"),
    [("inspector", ["首页", "通话", "上传", "规则"]), ("agent", ["首页", "通话"]), ("admin", ["首页", "规则", "用户"])],
)
def test_each_role_is_shown_what_it_may_do(visit: Visit, role: str, links: list[str]) -> None:
    page = visit.sign_in(role)
    assert page.locator("header nav a").all_inner_texts() == links
    if role == "admin":
        page.goto(f"{visit.site.address}/calls")
        expect(page.locator("main")).to_contain_text("您的角色不能查看")
        assert page.locator("header nav a").all_inner_texts() == links
        visit.faults.clear()  # the 403


def test_the_list_is_filtered_in_the_address_and_back_works(visit: Visit) -> None:
    page = visit.sign_in("supervisor", f"/calls?{BEFORE}")
    rows = page.locator("table.calls tbody tr[data-id]")
    expect(rows).to_have_count(2)
    page.select_option("[name=category]", "threat")
    expect(rows).to_have_count(1)
    assert page.url.endswith(f"/calls?category=threat&{BEFORE}")
    rows.get_by_role("link").first.click()
    page.wait_for_url("**/calls/*?category=threat&*")
    page.go_back()
    expect(rows).to_have_count(1)
    assert page.locator("[name=category]").input_value() == "threat"
    page.go_back()
    expect(rows).to_have_count(2)


def test_a_search_shows_the_hit_and_leads_to_it(visit: Visit) -> None:
    page = visit.sign_in("supervisor", "/calls")
    page.press("body", "/")
    page.keyboard.type("投诉")
    hit = page.locator("tr.hit a")
    expect(hit.first.locator("mark")).to_have_text("投诉")
    hit.first.click()
    expect(page.locator("#lines > li.now")).to_contain_text("投诉")


def test_a_view_is_saved_and_columns_are_chosen(visit: Visit) -> None:
    page = visit.sign_in("inspector", "/calls")
    page.select_option("[name=category]", "threat")
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.get_by_text("保存当前筛选").click()
    page.fill("#views [name=name]", "威胁")
    page.press("#views [name=name]", "Enter")
    view = page.get_by_role("link", name="威胁", exact=True)
    expect(view).to_be_visible()
    page.locator("summary", has_text=re.compile("^列$")).click()
    page.get_by_label("未通过规则").check()
    expect(page.locator("table.calls th", has_text="未通过规则")).to_be_visible()
    page.goto(f"{visit.site.address}/calls")
    expect(page.locator("table.calls th", has_text="未通过规则")).to_be_visible()
    view.click()
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.get_by_role("button", name="删除视图 威胁").click()
    expect(view).to_have_count(0)


def test_nothing_found_says_what_to_do(visit: Visit) -> None:
    page = visit.sign_in("supervisor", "/calls?agent_id=nobody-at-all")
    expect(page.locator(".empty.card")).to_contain_text("放宽筛选条件")


def test_a_senseless_filter_is_told_in_words(visit: Visit) -> None:
    page = visit.sign_in("supervisor")
    page.goto(f"{visit.site.address}/calls?score_lt=many")
    expect(page.locator("main")).to_contain_text("筛选条件有误")
    visit.faults.clear()  # the 400


def wait_until(page: Page, expression: str) -> None:
    # Playwright's wait_for_function evaluates a string in the page when it has to look again, which the policy forbids.
    end = time.monotonic() + 15
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"it did not happen in time: {expression}"
        time.sleep(0.05)


#: Whether anything is to be seen on the canvas.
DRAWN = """() => {
    const wave = document.querySelector("#wave");
    return wave.getContext("2d").getImageData(0, 0, wave.width, wave.height).data.some(Boolean);
}"""


def heard(page: Page) -> float:
    return float(page.evaluate("document.querySelector('#audio').currentTime"))


def test_the_recording_is_drawn_followed_and_sought(visit: Visit) -> None:
    page = visit.sign_in("inspector", f"/calls/{visit.site.calls['threat']}")
    wait_until(page, DRAWN)
    wait_until(page, "document.querySelector('#audio').readyState > 0")
    line = page.locator("#lines > li").nth(3)
    line.locator(".time").click()
    expect(line).to_have_class(re.compile("now"))
    assert heard(page) >= float(line.get_attribute("data-start") or 0) - 0.1
    page.keyboard.press("Space")
    page.keyboard.press("]")
    assert page.evaluate("document.querySelector('#audio').playbackRate") == 1.25
    page.keyboard.press("k")
    expect(page.locator("#lines > li").nth(2)).to_have_class(re.compile("now"))
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_the_waveform_is_awaited_and_seen_closely(visit: Visit) -> None:
    page = visit.sign_in("inspector")
    busy = iter([True])
    page.route(
        "**/waveform?",
        lambda route: (
            route.fulfill(status=503, headers={"Retry-After": "1"}) if next(busy, False) else route.continue_()
        ),
    )
    page.goto(f"{visit.site.address}/calls/{visit.site.calls['threat']}")
    wait_until(page, DRAWN)
    with page.expect_response("**/waveform?start=*") as part:
        for _ in range(3):
            page.keyboard.press("+")
    assert part.value.json()["end"] < part.value.json()["duration"]
    visit.faults.clear()  # the 503


def test_a_report_is_printed_on_one_page(visit: Visit) -> None:
    page = visit.sign_in("supervisor", f"/calls/{visit.site.calls['threat']}")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    page.emulate_media(media="print")
    expect(page.locator(".findings .finding").first).to_be_visible()
    for unwanted in (".player", ".top", ".dialogue", "[data-do]"):
        assert not any(part.is_visible() for part in page.locator(unwanted).all()), unwanted


def test_a_newcomer_reviews_a_flagged_call_in_under_five_clicks(visit: Visit) -> None:
    page, clicks = visit.page, list[str]()
    page.expose_function("clicked", lambda told: clicks.append(told))
    page.add_init_script("addEventListener('click', event => clicked(event.target.textContent), true)")
    page.goto(visit.site.address)
    page.fill("[name=name]", "inspector")
    page.fill("[name=password]", visit.site.passwords["inspector"])
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="开始复核").click()
    upheld = page.locator(".findings .finding").first
    upheld.get_by_role("button", name="维持").click()
    expect(upheld.locator(".ruling.done")).to_contain_text("已维持")
    assert clicks == ["登录", "开始复核", "维持"]
    upheld.get_by_role("button", name="撤回").click()
    expect(upheld.get_by_role("button", name="维持")).to_be_visible()


def test_a_call_is_reviewed_and_the_next_one_opened_without_a_mouse(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.site.address)
    for key in ("inspector", "Tab", visit.site.passwords["inspector"], "Enter"):
        (page.keyboard.press if key in ("Tab", "Enter") else page.keyboard.type)(key)
    page.wait_for_selector("header.top")
    page.wait_for_load_state()
    page.keyboard.press("Enter")  # what needs one most is at hand
    page.wait_for_selector("#lines")
    page.wait_for_load_state()
    first, findings = page.url, page.locator(".findings .finding")
    page.keyboard.press("n")
    for number in range(2):
        expect(findings.nth(number)).to_be_focused()
        expect(findings.nth(number).get_by_role("button", name="维持")).to_be_in_viewport()
        page.keyboard.press("u")
        expect(findings.nth(number).locator(".ruling.done")).to_be_visible()
        expect(page.locator("#head .good")).to_have_text(["✓ 已复核 1 / 2", "✓ 已复核"][number])
    for number in range(2):
        findings.nth(number).get_by_role("button", name="撤回").click()
        expect(findings.nth(number).locator(".ruling.done")).to_have_count(0)
    page.keyboard.press("g")
    page.wait_for_url(lambda address: address != first)
    assert "reviewed=false" in page.url
    call = page.url.split("/")[-1].split("?")[0]
    page.keyboard.press("b")
    expect(page.locator(f"#call-{call} td.call a")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(f"#call-{call} td.call a")).not_to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/*?*")


def test_how_one_likes_to_listen_holds_for_the_next_call(visit: Visit) -> None:
    page = visit.sign_in("inspector", f"/calls/{visit.site.calls['threat']}")
    for key in ("]", "]", "z"):
        page.keyboard.press(key)
    page.goto(f"{visit.site.address}/calls/{visit.site.calls['compliant']}")
    wait_until(page, "document.querySelector('#audio').readyState > 0")
    assert page.evaluate("document.querySelector('#audio').playbackRate") == 1.5
    expect(page.locator("#skip")).to_be_checked()


def test_a_line_is_added_as_missed_without_a_mouse(visit: Visit) -> None:
    page = visit.sign_in("inspector", f"/calls/{visit.site.calls['compliant']}")
    page.keyboard.press("m")
    expect(page.locator("#says")).to_contain_text("请先在对话中选中")
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.locator("#add-quote")).to_have_text(page.locator("#lines > li .text").first.inner_text())
    page.keyboard.press("Escape")
    expect(page.locator("#add")).to_be_hidden()


def test_a_supervisor_sees_the_worst_of_the_week_and_their_calls(visit: Visit) -> None:
    page = visit.sign_in("supervisor")
    expect(page.locator("section[aria-labelledby=week]")).to_contain_text("合规率")
    page.goto(f"{visit.site.address}/statistics?first=2026-01-01&last=2026-12-31")
    page.locator("#agent_id th").get_by_role("link", name="每百通违规").click()
    page.wait_for_url("**worst=violations*")
    worst = page.locator("#agent_id tbody tr").first
    name = worst.locator("th").inner_text()
    worst.get_by_role("link").nth(2).click()
    rows = page.locator("table.calls tbody tr[data-id]")
    expect(rows.first).to_contain_text(name)
    expect(rows.first.locator(".chip.violation").first).to_be_visible()


def test_a_finding_is_overturned_by_key_and_what_was_missed_is_added(visit: Visit) -> None:
    page = visit.sign_in("inspector", f"/calls/{visit.site.calls['threat']}")
    first = page.locator(".findings .finding").first
    page.keyboard.press("n")
    expect(first).to_have_class(re.compile("chosen"))
    page.keyboard.press("c")
    page.keyboard.type("说的是自己 <b>")
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    expect(first.locator(".ruling.done")).to_contain_text("说的是自己 <b>")
    text = page.locator("#lines > li .text").nth(2)
    text.evaluate("node => getSelection().selectAllChildren(node)")
    page.keyboard.press("m")
    page.select_option("#add [name=category]", "harass")
    page.locator("#add").get_by_role("button", name="补充").click()
    added = page.locator(".finding", has_text="人工补充")
    expect(added.locator("q").first).to_have_text(text.inner_text())
    added.get_by_role("button", name="撤回").click()
    expect(added).to_have_count(0)
    first.get_by_role("button", name="撤回").click()
    expect(first.locator(".ruling.done")).to_have_count(0)


def test_numbers_lead_to_the_calls_behind_them(visit: Visit) -> None:
    page = visit.sign_in("supervisor", "/statistics?first=2026-01-01&last=2026-12-31")
    row = page.locator("tr", has_text="威胁恐吓")
    expect(row.get_by_role("link")).to_have_text(["1", re.compile(r"\d")])
    behind = {link.get_attribute("href") for link in row.get_by_role("link").all()}
    assert len(behind) == 1
    row.get_by_role("link").first.click()
    expect(page.locator("table.calls tbody tr[data-id]")).to_have_count(1)
    with page.expect_download() as file:
        page.get_by_role("link", name="CSV").click()
    assert file.value.suggested_filename.endswith(".csv")


def test_uploads_show_progress_faults_and_results(visit: Visit, tmp_path: Path) -> None:
    page = visit.sign_in("inspector", "/upload")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    page.fill("[name=agent_id]", "7001")
    sheet = tmp_path / "清单.csv"
    sheet.write_text("文件名,团队,逾期天数\ndenials.wav,华东一组,75\nother.wav,,很久", "gb18030")
    page.set_input_files("#drop input", [SAMPLES / "denials.wav", broken, sheet])
    expect(page.locator("#sheets")).to_contain_text("读到 1 个录音的信息")
    expect(page.locator("#sheets .fault")).to_have_text("清单.csv 第 3 行（other.wav）：逾期天数须为整数")
    rows = page.locator("#files tbody tr")
    expect(rows.nth(1)).to_contain_text("broken.wav")
    expect(rows.nth(1).locator(".fault")).not_to_be_empty()
    expect(rows.nth(0)).to_contain_text(re.compile("通过|需复核"), timeout=90_000)
    expect(page.locator("#none")).to_contain_text(re.compile("共 2 个：完成 1，需复核 [01]，出错 1，还在进行 0"))
    visit.faults.clear()  # the 422 of the broken one
    rows.nth(0).get_by_role("link").click()
    expect(page.locator("#head")).to_contain_text("7001 · 华东一组")
    expect(page.locator(".facts")).to_contain_text("75")


def test_a_list_that_is_too_large_is_told_so(visit: Visit) -> None:
    page = visit.sign_in("inspector", "/upload")
    page.set_input_files("#drop input", {"name": "全月.csv", "mimeType": "text/csv", "buffer": bytes(2 << 20)})
    expect(page.locator("#sheets .fault")).to_have_text("全月.csv：请求体超过 1024 KiB 的上限")
    visit.faults.clear()  # the 413


def test_what_is_finished_is_not_asked_for_whenever_the_line_is_made_anew(visit: Visit, tmp_path: Path) -> None:
    page, call = visit.sign_in("inspector"), f"/v1/calls/{visit.site.calls['threat']}"
    line, asked = f"{visit.site.address}/v1/events", list[str]()
    snapshot = 'retry: 100\n\nevent: snapshot\ndata: {"queued": 0, "calls": []}\n\n'
    page.route(line, lambda route: route.fulfill(content_type="text/event-stream", body=snapshot))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{visit.site.address}/upload")
    known = tmp_path / "known.csv"
    known.write_text("文件名,通话编号\nthreat.wav,SAMPLE-003\n", "utf-8")
    page.set_input_files("#drop input", [known, SAMPLES / "threat.wav"])
    expect(page.locator("#files .flag")).to_contain_text("需复核")
    for _ in range(3):
        with page.expect_request_finished(lambda request: request.url == line):
            pass
    assert asked.count(visit.site.address + call) == 1


def test_nothing_that_was_sent_in_runs(visit: Visit, tmp_path: Path) -> None:
    page = visit.sign_in("supervisor", "/calls")
    expect(page.locator("table.calls")).to_contain_text(EVIL)
    page.goto(f"{visit.site.address}/calls?q=坐牢")
    expect(page.locator("tr.hit")).to_contain_text(EVIL)
    page.goto(f"{visit.site.address}/calls/{visit.site.calls['evil']}")
    expect(page.locator("#lines")).to_contain_text(EVIL)
    expect(page.locator(".facts")).to_contain_text(EVIL)
    page.goto(f"{visit.site.address}/upload")
    page.set_input_files("#drop input", {"name": f"{EVIL}.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    expect(page.locator("#files .fault")).not_to_be_empty()
    visit.faults.clear()  # the 422
    assert page.evaluate("window.pwned") is None


def told(page: Page) -> str:
    """The password or secret that is shown once."""
    shown = page.locator("#secret[open] code")
    expect(shown).not_to_be_empty()
    secret = shown.inner_text()
    page.get_by_role("button", name="已记下").click()
    return secret


def test_a_page_that_is_loaded_has_its_script(visit: Visit) -> None:
    page, held = visit.sign_in("admin"), list[Route]()
    page.route("**/users-*.js", lambda route: held.append(route))  # which no builtin can be
    with page.expect_request("**/users-*.js"):
        page.goto(f"{visit.site.address}/users", wait_until="commit")
    with pytest.raises(TooLate):
        page.wait_for_load_state(timeout=500)
    held[0].continue_()
    page.wait_for_load_state()


def test_an_administrator_lets_people_in_and_out(visit: Visit) -> None:
    page = visit.sign_in("admin", "/users")
    page.on("dialog", lambda asked: asked.accept())
    page.fill("[data-form=user] [name=name]", "张三")
    page.fill("[data-form=user] [name=team]", "华东一组")
    page.get_by_role("button", name="新建用户").click()
    first = told(page)
    row = page.locator("tr[data-user='张三']")
    row.locator("select").select_option("supervisor")
    row.get_by_role("button", name="保存").click()
    expect(page.locator("#says")).to_have_text("已保存。")
    row.get_by_role("button", name="重置密码").click()
    assert told(page) != first
    row.get_by_role("button", name="停用").click()
    expect(row).to_contain_text("已停用")
    page.fill("#find", "没有这个人")
    expect(row).to_be_hidden()
    page.fill("#find", "华东")
    expect(row).to_be_visible()


def test_what_is_written_and_not_saved_survives_a_change_elsewhere(visit: Visit) -> None:
    page = visit.sign_in("admin", "/users")
    page.on("dialog", lambda asked: asked.accept())
    page.fill("[data-form=user] [name=name]", "李四")
    page.get_by_role("button", name="新建用户").click()
    told(page)
    mine, other = page.locator("tr[data-user='李四']"), page.locator("tr[data-user=agent]")
    mine.locator("[name=team]").fill("华南一组")
    page.fill("[data-form=key] [name=name]", "dialer-8")
    other.locator("[name=team]").fill("华东一组")
    other.get_by_role("button", name="保存").click()
    expect(other.get_by_role("button", name="保存")).to_be_hidden()
    expect(mine.locator("[name=team]")).to_have_value("华南一组")
    expect(page.locator("[data-form=key] [name=name]")).to_have_value("dialer-8")
    mine.get_by_role("button", name="停用").click()
    expect(mine).to_contain_text("已停用")
    expect(mine.locator("[name=team]")).to_have_value("华南一组")
    mine.get_by_role("button", name="保存").click()
    expect(mine.get_by_role("button", name="保存")).to_be_hidden()
    other.locator("[name=team]").fill("")
    other.get_by_role("button", name="保存").click()
    expect(other.get_by_role("button", name="保存")).to_be_hidden()


def test_an_administrator_makes_and_ends_a_key(visit: Visit) -> None:
    page = visit.sign_in("admin", "/users")
    page.on("dialog", lambda asked: asked.accept())
    page.fill("[data-form=key] [name=name]", "dialer-9")
    page.fill("[data-form=key] [name=expires_at]", "2099-12-31")
    page.get_by_text("限制权限").click()
    page.get_by_label("提交通话").check()
    page.get_by_role("button", name="新建密钥").click()
    secret = told(page)
    row = page.locator("tr[data-name='dialer-9']")
    expect(row).to_contain_text("提交通话")
    expect(row).to_contain_text("2099-12-31")
    held = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=visit.site.address, trust_env=False) as program:
        assert program.get("/v1/session", headers=held).json()["permissions"] == ["post"]
        row.get_by_role("button", name="吊销").click()
        expect(row).to_contain_text("已吊销")
        assert program.get("/v1/session", headers=held).status_code == 401


def test_a_call_is_given_to_an_inspector(visit: Visit) -> None:
    page = visit.sign_in("supervisor", f"/calls/{visit.site.calls['compliant']}")
    page.select_option("#assignee", "inspector")
    page.wait_for_selector("#says.good")
    page.reload()
    assert page.locator("#assignee").evaluate("field => field.value") == "inspector"
    page.select_option("#assignee", "")
    page.wait_for_selector("#says.good")


def test_a_call_is_kept_from_deletion_and_let_go_by_keyboard(visit: Visit) -> None:
    path = f"/calls/{visit.site.calls['compliant']}"
    page = visit.sign_in("supervisor", path)
    page.focus("#hold")
    page.keyboard.type("诉讼中")
    page.keyboard.press("Enter")
    expect(page.locator("#release")).to_be_focused()
    expect(page.locator(".facts")).to_contain_text("诉讼中")
    page.keyboard.press("Enter")
    expect(page.locator("#hold")).to_be_focused()
    expect(page.locator(".facts")).not_to_contain_text("诉讼中")


def test_new_calls_are_told_of_where_the_filters_let_them_through(visit: Visit) -> None:
    page = visit.sign_in("supervisor", "/calls?channel=sms")
    token = page.evaluate("fetch('/v1/session').then(answer => answer.json()).then(({csrf}) => csrf)")

    def send(channel: str) -> None:
        sent = {"call": {"channel": channel}, "utterances": [{"speaker": "agent", "text": "您好"}]}
        page.request.post(f"{visit.site.address}/v1/texts", data=sent, headers={"X-CSRF-Token": token})

    with page.expect_response(lambda answer: "/calls/fresh" in answer.url) as asked:
        send("visit")
    assert asked.value.json() is False
    assert page.is_hidden("#fresh")
    send("sms")
    page.wait_for_selector("#fresh", state="visible")
