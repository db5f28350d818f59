"""Two workstations and their server, as people at the desk meet them: joining, conflicts, machines, no network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import ROOT, Program, started
from tests.e2e import places
from tests.e2e import window as w
from tests.e2e.screen import Screen, text_field
from tests.e2e.test_pages import LARGE, english, findings, layout, make_dark
from tests.e2e.window import SMALL, Watch, close_streams

COLLEAGUE: Final = "王海燕"
NAME: Final = "无锡锦泽精密机械有限公司"
SLOW_MS: Final = 30_000


def _ended(program: Program) -> None:
    program.kill()
    close_streams(program)


class Server:
    """The sync server on a port of its own, so that it comes back where it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = w.free_port()
        self._program: Program | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        words = ("sync_server", "serve", "--data", str(self.folder), "--port", str(self.port))
        self._program = started(*words)
        self._program.address()

    def stop(self) -> None:
        if self._program is not None:
            _ended(self._program)
        self._program = None

    def invite(self) -> str:
        """The first code of a company comes from whoever runs the server."""
        words = [sys.executable, "-m", "sync_server", "invite", "--data", str(self.folder), "--branch", "01"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
        return done.stdout.strip()


class Desk(Screen):
    """One workstation and the page on it."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        identity = folder.with_name(f"{folder.name}-identity")
        self._program = started("desktop", "serve", "--data", str(folder), ECMS_IDENTITY=str(identity))
        context = browser.new_context(viewport={"width": SMALL[0], "height": SMALL[1]})
        context.set_default_timeout(w.WAITS_MS)
        super().__init__(context.new_page())
        self.watch = Watch()
        self.watch.look_at(self.page)
        self.page.goto(self._program.address())

    def close(self) -> None:
        self.page.context.close()
        _ended(self._program)

    # --- the sync centre ---------------------------------------------------------------------------------------

    @property
    def state(self) -> Locator:
        """The sync state in the status bar."""
        return self.status.locator("button.sync")

    @property
    def centre(self) -> Locator:
        return self.page.get_by_role("tabpanel", name="同步中心")

    def open_centre(self, part: str = "概况") -> Locator:
        self.press("F9")
        self.centre.get_by_role("navigation", name="同步中心").get_by_role(
            "button", name=re.compile(f"^{part}")
        ).click()
        return self.centre

    def is_in_sync(self) -> None:
        expect(self.state).to_contain_text("已同步", timeout=SLOW_MS)

    def pause(self) -> None:
        self.open_centre().get_by_role("button", name="暂停").click()
        expect(self.state).to_contain_text("已暂停")

    def go_on(self) -> None:
        self.open_centre().get_by_role("button", name="继续").click()
        self.is_in_sync()

    def credit(self, amount: int) -> None:
        """Changes the credit limit of the one customer of these tests."""
        self.api.change("customer", self.api.find("customer", name=NAME), credit_limit=amount)

    def has(self, field: str, value: Any) -> None:
        self.until(lambda: bool(self.api.find("customer", name=NAME)[field] == value))

    def gone(self, name: str) -> None:
        asked = json.dumps({"and": [{"field": "name", "op": "eq", "value": name}]})
        self.until(lambda: not self.api.total("customer", f"filter={asked}"))

    def both_changed(self, other: Desk, mine: int, theirs: int) -> None:
        """This one and then the other change the credit limit without knowing of each other."""
        self.pause()
        other.pause()
        self.credit(mine)
        other.credit(theirs)
        other.go_on()
        self.go_on()
        expect(self.status.get_by_role("button", name="1 处冲突")).to_be_visible(timeout=SLOW_MS)


def _join(place: Page | Locator, server: Server, code: str) -> None:
    """Address and code, typed as people do: small letters, no dash."""
    text_field(place, "服务器地址").fill(server.address)
    text_field(place, "服务器地址").press("Tab")
    expect(place.get_by_text(re.compile(r"^已连上，往返 \d+ 毫秒"))).to_be_visible()
    text_field(place, "加入码").type(code.replace("-", "").lower())
    expect(text_field(place, "加入码")).to_have_value(code)


def _colleague(desk: Desk) -> None:
    """A second administrator, to have somebody to differ with."""
    department = desk.api.rows("department")[0]["id"]
    role = next(row["id"] for row in desk.api.rows("role") if row["name"] == "管理员")
    employee = desk.api.add("employee", code="002", name=COLLEAGUE, department=department)
    desk.api.add(
        "operator", login_name=COLLEAGUE, employee=employee["id"], department=department, roles=[role],
        password=w.PASSWORD,
    )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("hq") / "server")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def office(browser: Browser, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The workstation that was alone and became the first machine of a new server."""
    desk = Desk(browser, w.found_company(tmp_path_factory.mktemp("office") / "data", customers=0))
    try:
        desk.page.locator(".login").wait_for()
        desk.api.sign_in()
        desk.page.reload()
        _colleague(desk)
        desk.api.add("customer", name=NAME, group=next(iter(desk.api.groups().values())))
        expect(desk.state).to_have_text("数据存在本机")
        desk.state.click()
        form = desk.centre.get_by_role("form", name="加入服务器")
        _join(form, server, server.invite())
        desk.press("Enter")
        desk.is_in_sync()
        yield desk
    finally:
        desk.close()


@pytest.fixture(scope="module")
def laptop(browser: Browser, server: Server, office: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A new machine that joined the company at its first start, and a colleague who signed in on it."""
    desk = Desk(browser, tmp_path_factory.mktemp("laptop") / "data")
    try:
        _first_start(desk, server, _code_from(office))
        yield desk
    finally:
        desk.close()


def _code_from(desk: Desk) -> str:
    """生成加入码 in the sync centre."""
    desk.open_centre("机器").get_by_role("button", name="生成加入码").click()
    dialog = desk.dialog("生成加入码")
    desk.watch.allow("status of 422")
    dialog.get_by_label("你的密码").fill("not mine at all")
    dialog.get_by_role("button", name="生成", exact=True).click()
    expect(dialog).to_contain_text("密码不对")
    dialog.get_by_label("你的密码").fill(w.PASSWORD)
    dialog.get_by_role("button", name="生成", exact=True).click()
    code = dialog.locator(".code")
    expect(code).to_have_text(re.compile(r"^[0-9A-Z]{5}-[0-9A-Z]{5}$"))
    words: str = code.inner_text()
    expect(dialog.get_by_text(re.compile(r"^还有 (10:00|9:\d\d) 有效"))).to_be_visible()
    desk.press("Escape")
    expect(dialog).to_be_hidden()
    return words


def _first_start(desk: Desk, server: Server, code: str) -> None:
    """By keyboard alone, to the signed-in window."""
    page = desk.page
    expect(page.get_by_role("radio", name=re.compile("^单机使用"))).to_be_focused()
    desk.press("ArrowDown")
    expect(page.get_by_role("radio", name=re.compile("^加入已有公司"))).to_be_checked()
    desk.press("Enter")
    expect(text_field(page, "服务器地址")).to_be_focused()
    expect(page.get_by_text("请填写服务器地址")).to_be_visible()
    _join(page, server, code)
    desk.press("Enter")
    expect(page.get_by_role("heading", name="登录")).to_be_visible(timeout=SLOW_MS)
    desk.api.sign_in(COLLEAGUE)
    page.reload()
    page.get_by_role("tab", name="工作台").wait_for()
    desk.is_in_sync()


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """No complaint of either page; what a test makes happen on purpose it allows."""
    desks = [request.getfixturevalue(name) for name in ("office", "laptop") if name in request.fixturenames]
    for desk in desks:
        desk.watch.start()
    yield
    assert [desk.watch.complaints() for desk in desks] == [[] for _ in desks]


# --- tests -------------------------------------------------------------------------------------------------------


def test_a_change_made_here_is_seen_there_within_seconds(office: Desk, laptop: Desk) -> None:
    laptop.has("credit_limit", None)
    office.credit(20_000_000)
    laptop.has("credit_limit", 20_000_000)
    office.is_in_sync()
    expect(laptop.open_centre("同步日记")).to_contain_text(NAME)


def test_a_wrong_address_and_a_wrong_code_are_said_at_their_fields(
    browser: Browser, server: Server, office: Desk, tmp_path: Path
) -> None:
    assert office.api.rows("operator"), "whoever brings a company to an empty server needs its first code"
    desk = Desk(browser, tmp_path / "data")
    try:
        desk.watch.allow("status of 422")
        page = desk.page
        page.get_by_role("radio", name=re.compile("^加入已有公司")).check()
        text_field(page, "服务器地址").fill(f"127.0.0.1:{w.free_port()}")
        text_field(page, "服务器地址").press("Tab")
        expect(page.get_by_text(re.compile("连不上|没有"))).to_be_visible()
        _join(page, server, "K7Q2M-9F4MX")
        desk.press("Enter")
        expect(text_field(page, "加入码")).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_text(re.compile("^加入码不对"))).to_be_visible()
        expect(text_field(page, "加入码")).to_be_focused()
        assert not desk.watch.complaints()
    finally:
        desk.close()


def test_a_conflict_shows_both_values_and_the_other_one_can_be_taken(office: Desk, laptop: Desk) -> None:
    office.credit(20_000_000)
    laptop.has("credit_limit", 20_000_000)
    office.both_changed(laptop, 26_000_000, 30_000_000)
    office.status.get_by_role("button", name="1 处冲突").click()
    shown = office.centre.get_by_role("article", name=f"{NAME} 的 信用额度")
    expect(shown.get_by_text(f"你和{COLLEAGUE}都改过")).to_be_visible()
    for card, value in (("原值", "200,000.00"), ("我的", "260,000.00"), ("对方的", "300,000.00")):
        expect(shown.get_by_role("region", name=card)).to_contain_text(value)
    expect(shown.get_by_role("region", name="对方的")).to_contain_text("现在生效")
    expect(shown.get_by_role("button", name="保留对方的")).to_be_visible()
    shown.get_by_role("button", name="改用我的").click()
    expect(office.centre.get_by_role("heading", name="没有要决定的冲突")).to_be_visible()
    for desk in (office, laptop):
        desk.has("credit_limit", 26_000_000)
        expect(desk.status.get_by_role("button", name="处冲突")).to_be_hidden()


def test_a_third_value_obeys_the_rules_of_the_field(office: Desk, laptop: Desk) -> None:
    office.both_changed(laptop, 31_000_000, 32_000_000)
    office.watch.allow("status of 422")
    office.open_centre().get_by_role("button", name="另填一个值").click()
    dialog = office.dialog("另填一个值")
    box = text_field(dialog, "信用额度")
    expect(box).to_be_focused()
    box.fill("-5")
    dialog.get_by_role("button", name="按这个值保存").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    box.fill("28*10000")
    dialog.get_by_role("button", name="按这个值保存").click()
    expect(dialog).to_be_hidden()
    for desk in (office, laptop):
        desk.has("credit_limit", 28_000_000)


def test_an_edit_against_a_deletion_is_kept_or_deleted_after_a_question(office: Desk, laptop: Desk) -> None:
    group = next(iter(office.api.groups().values()))
    row = office.api.add("customer", name="昆山立源 删改", group=group)
    laptop.until(lambda: laptop.api.total("customer") == office.api.total("customer"))
    for desk in (office, laptop):
        desk.pause()
    office.api.ok("POST", "/api/records/customer/delete", {"ids": [row["id"]]})
    laptop.api.change("customer", laptop.api.find("customer", name="昆山立源 删改"), note="还在谈")
    for desk in (office, laptop):
        desk.go_on()
    shown = office.centre.get_by_role("article", name=re.compile("昆山立源 删改"))
    office.status.get_by_role("button", name="1 处冲突").click(timeout=SLOW_MS)
    expect(shown.get_by_text("没有丢失，可以保留，也可以删除。")).to_be_visible()
    shown.get_by_role("button", name="删除", exact=True).click()
    question = office.question("删除「昆山立源 删改」？")
    expect(question).to_contain_text("会从所有电脑上删除")
    office.press("Escape")
    expect(shown).to_be_visible()
    shown.get_by_role("button", name="删除", exact=True).click()
    question.get_by_role("button", name="删除").click()
    expect(office.centre.get_by_role("heading", name="没有要决定的冲突")).to_be_visible()
    for desk in (office, laptop):
        desk.gone("昆山立源 删改")


def _stock_entry(desk: Desk, goods: str, quantity: int, **more: Any) -> dict[str, Any]:
    """What comes in of a product, posted through the API."""
    body = {"values": {"kind": "other_in"}, "lines": [{"product": goods, "qty": quantity * 10_000, **more}]}
    return dict(desk.api.ok("POST", "/api/documents/stock_entry", body))


def _quantity(desk: Desk, id: str) -> int:
    return int(desk.api.get(f"/api/documents/stock_entry/{id}")["lines"][0]["qty"]) // 10_000


def _apart(office: Desk, laptop: Desk, posted: dict[str, Any]) -> None:
    """Both change a document without knowing of each other: here to 3, there to 4 in the last version."""
    id, line = posted["row"]["id"], posted["lines"][0]
    laptop.until(lambda: any(row["id"] == id for row in laptop.api.rows("stock_entry")))
    for desk in (office, laptop):
        desk.pause()
    for desk, quantity in ((office, 3), (laptop, 4)):
        body = {"values": {}, "lines": [{**line, "qty": quantity * 10_000}]}
        desk.api.ok("PATCH", f"/api/documents/stock_entry/{id}", body)
    for desk in (laptop, office):
        desk.go_on()
    expect(office.status.get_by_role("button", name="1 处冲突")).to_be_visible(timeout=SLOW_MS)


def test_of_two_versions_of_a_document_the_other_one_can_be_made_the_next(office: Desk, laptop: Desk) -> None:
    category = office.api.rows("product_category")[0]["id"]
    goods = office.api.add("product", name="深沟球轴承 6204", category=category)["id"]
    posted = _stock_entry(office, goods, 10)
    id, number = posted["row"]["id"], posted["row"]["number"]
    _apart(office, laptop, posted)
    now = _quantity(office, id)
    office.status.get_by_role("button", name="1 处冲突").click()
    shown = office.centre.get_by_role("article", name=f"{number} 的 没有生效的一版")
    expect(shown).to_contain_text("两处各自改了这张出入库单。两样都留着，没有丢失。")
    row = shown.get_by_role("row").filter(has_text="深沟球轴承 6204")
    expect(row.get_by_role("cell")).to_have_text([str(now), str(7 - now)])
    # The sheet leads here, too.
    shown.get_by_role("button", name=number).click()
    sheet = office.dialog("修改出入库单")
    sheet.get_by_role("button", name="看差别，再决定").click()
    expect(sheet).to_be_hidden()
    shown.get_by_role("button", name="改用另一版…").click()
    expect(sheet).to_contain_text("这是没有生效的另一版。改好保存，成为第 3 版")
    office.press("Control+S")
    expect(sheet).to_be_hidden()
    expect(office.centre.get_by_role("heading", name="没有要决定的冲突")).to_be_visible()
    for desk in (office, laptop):
        desk.until(lambda desk=desk: _quantity(desk, id) == 7 - now)  # type: ignore[misc]
        expect(desk.status.get_by_role("button", name="处冲突")).to_be_hidden()


def test_of_two_versions_of_a_document_what_counts_can_stay(office: Desk, laptop: Desk) -> None:
    category = office.api.rows("product_category")[0]["id"]
    goods = office.api.add("product", name="深沟球轴承 6205", category=category)["id"]
    posted = _stock_entry(office, goods, 10)
    _apart(office, laptop, posted)
    now = _quantity(office, posted["row"]["id"])
    part = laptop.open_centre("同步冲突")
    part.get_by_role("button", name="保留现在的").click()
    expect(part.get_by_role("heading", name="没有要决定的冲突")).to_be_visible()
    expect(office.status.get_by_role("button", name="处冲突")).to_be_hidden(timeout=SLOW_MS)
    assert _quantity(office, posted["row"]["id"]) == _quantity(laptop, posted["row"]["id"]) == now


def test_conflicts_are_answered_together_by_keyboard(office: Desk, laptop: Desk) -> None:
    group = next(iter(office.api.groups().values()))
    others = [office.api.add("customer", name=f"昆山立源 {n}", group=group)["id"] for n in range(2)]
    laptop.until(lambda: laptop.api.total("customer") == office.api.total("customer"))
    for desk in (office, laptop):
        desk.pause()
    for desk, amount in ((office, 100), (laptop, 200)):
        for row in others:
            desk.api.change("customer", {"id": row}, credit_limit=amount)
    laptop.go_on()
    office.go_on()
    expect(office.status.get_by_role("button", name="2 处冲突")).to_be_visible(timeout=SLOW_MS)
    part = office.open_centre("同步冲突")
    part.get_by_role("option").first.click()
    office.press("ArrowDown", "ArrowUp", "Control+A")
    region = part.get_by_role("region", name="选中的冲突")
    expect(region).to_contain_text("已选 2 处")
    region.get_by_role("button", name="都用我的").click()
    expect(office.toast).to_contain_text("已处理 2 处。")
    laptop.until(
        lambda: [laptop.api.get(f"/api/records/customer/{row}")["row"]["credit_limit"] for row in others] == [100, 100]
    )


def test_without_the_server_work_goes_on_and_follows_later(office: Desk, laptop: Desk, server: Server) -> None:
    server.stop()
    try:
        expect(office.state).to_contain_text(re.compile(r"^离线，自 \d\d:\d\d 起"), timeout=SLOW_MS)
        office.credit(41_000_000)
        expect(office.state).to_contain_text("1 条待传")
        part = office.open_centre("等待上传")
        line = part.get_by_role("row").filter(has_text=NAME)
        expect(line).to_contain_text("修改 信用额度")
        expect(line).to_contain_text("排队")
        expect(part.get_by_role("heading", level=1)).to_contain_text("离线，自")
        expect(office.centre.get_by_text("1 条改动已存本机，连上后自动上传")).to_be_visible()
        # What was known of the other machines is said to be old.
        expect(office.open_centre("机器")).to_contain_text(re.compile("离线，这是 .+ 的情况"))
    finally:
        server.start()
    office.is_in_sync()
    laptop.has("credit_limit", 41_000_000)
    expect(office.open_centre("同步日记")).to_contain_text("又连上了总部")


def test_a_pause_holds_changes_back_until_it_ends(office: Desk, laptop: Desk) -> None:
    office.pause()
    office.credit(42_000_000)
    expect(office.state).to_have_text(re.compile(r"^已暂停 · 1 条待传"))
    expect(office.open_centre("等待上传").get_by_role("row").filter(has_text=NAME)).to_be_visible()
    office.go_on()
    laptop.has("credit_limit", 42_000_000)
    expect(office.open_centre("等待上传").get_by_role("heading", name="没有等待上传的改动")).to_be_visible()


def test_machines_are_listed_and_one_can_be_shut_out(
    browser: Browser, office: Desk, laptop: Desk, server: Server, tmp_path: Path
) -> None:
    old = Desk(browser, tmp_path / "data")
    try:
        _first_start(old, server, _code_from(office))
        code = old.api.get("/api/session")["machine"]
        table = office.open_centre("机器").get_by_role("table")
        office.page.reload()
        expect(table.get_by_role("row").filter(has_text=code)).to_contain_text("在线")
        mine = office.api.get("/api/session")["machine"]
        expect(table.get_by_role("row").filter(has_text=f"本机 {mine}")).to_contain_text("都已上传")
        table.get_by_role("button", name=f"停用 {code}").click()
        question = office.page.get_by_role("dialog", name=re.compile(rf"^停用「{code}"))
        expect(question).to_contain_text("数据会清除")
        question.get_by_label("你的密码").fill(w.PASSWORD)
        question.get_by_role("button", name=f"停用 {code}").click()
        expect(table.get_by_role("row").filter(has_text=code)).to_contain_text("已停用")
        # Nothing of the company is left where it was shut out.
        old.watch.allow("status of 40", "status of 50")
        expect(old.page.get_by_role("heading", name="这台电脑怎么用？")).to_be_visible(timeout=SLOW_MS)
        expect(old.page.get_by_role("alert")).to_contain_text("这台机器已被停用")
    finally:
        old.close()


PARTS: Final = ("概况", "等待上传", "同步冲突", "已自动合并", "未被接受", "机器", "同步日记")


@pytest.mark.soak
def test_every_part_is_whole_readable_and_chinese(
    office: Desk, laptop: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "pictures"
    folder.mkdir(exist_ok=True)
    office.both_changed(laptop, 51_000_000, 52_000_000)
    wrong: list[str] = []
    page = office.page
    page.reload()  # what a test before has said in a corner is gone
    for part in PARTS:
        expect(office.open_centre(part).locator(".content").get_by_role("heading").first).to_be_visible()
        places.still(page)
        wrong += [f"{part}: {text}" for text in (*findings(page), *layout(page), *english(page))]
        page.screenshot(path=folder / f"sync-{part}-light.png")
        make_dark(page)
        places.still(page)
        wrong += [f"{part} dark: {text}" for text in findings(page)]
        page.screenshot(path=folder / f"sync-{part}-dark.png")
        page.set_viewport_size({"width": LARGE[0], "height": LARGE[1]})
        places.still(page)
        wrong += [f"{part} large: {text}" for text in layout(page)]
        page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
        page.evaluate("document.documentElement.classList.remove('dark')")
    assert not wrong
