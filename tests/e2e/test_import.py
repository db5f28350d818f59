"""导入 from the list to the undo: a file with faults, its error file mended, duplicates, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from desktop import accounts, maintenance
from desktop import db as database
from desktop.engine.imports.writing import Choices
from desktop.workstation import Workstation
from tests.e2e.screen import Screen, first_page
from tests.e2e.test_pages import english, findings, layout, make_dark
from tests.e2e.window import Served, serve
from tests.importing import checked, cut, xlsx
from tests.support import copy_of

HEADS = ("客户名称", "客户分组", "联系电话", "信用额度", "登记日期", "备注")


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return first_page(context)


def open_import(page: Page) -> Locator:
    Screen(page).open_list().bar("导入").click()
    wizard = page.get_by_role("region", name="导入", exact=True)
    expect(wizard.get_by_role("button", name="选文件…")).to_be_focused()
    return wizard


def give(wizard: Locator, path: Path) -> None:
    wizard.get_by_label("要导入的文件").set_input_files(path)
    expect(wizard.get_by_role("listitem").filter(has_text="对应列")).to_have_attribute("aria-current", "step")


def file_with_faults(folder: Path) -> Path:
    target = folder / "展会客户.xlsx"
    target.write_bytes(
        xlsx(
            ("2026 年展会收集", None),
            HEADS,
            ("导入甲精密机械厂", "一般客户", 51265550001, 12000, "2026/3/1", None),
            ("导入乙商贸有限公司", "不存在的组", "0512-65550002", "很多", "2026-02-30", "名片在小王处"),
            (None, "一般客户", None, None, None, None),
            ("导入丙电子有限公司", "重点客户", None, None, "2026年3月2日", None),
        )
    )
    return target


def choose(wizard: Locator, head: str, label: str) -> None:
    wizard.get_by_role("combobox", name=f"「{head}」导入为").select_option(label=label)


def test_faults_are_mended_in_the_error_file_and_all_of_it_is_taken_back(page: Page, tmp_path: Path) -> None:
    screen = Screen(page)
    wizard = open_import(page)
    give(wizard, file_with_faults(tmp_path))
    expect(wizard.get_by_role("combobox", name="表头")).to_have_value("2")
    expect(wizard.get_by_role("combobox", name="「联系电话」导入为")).to_have_value("")
    choose(wizard, "联系电话", "电话")
    screen.press("Control+Enter")
    rows = wizard.get_by_role("region", name="检查过的行")
    expect(rows).to_contain_text("没有叫「不存在的组」的分组")
    expect(rows).to_contain_text("请填写「客户名称」")
    expect(wizard.get_by_role("tab", name="有误")).to_contain_text("2")
    expect(wizard.get_by_role("button", name="导入 2 条"), "the keyboard goes along").to_be_focused()
    with page.expect_download() as coming:
        wizard.get_by_role("button", name="下载要改的行").click()
    coming.value.save_as(tmp_path / "errors.xlsx")
    wizard.get_by_role("button", name="导入 2 条").click()
    expect(wizard).to_contain_text("新增 2 条，2 行没有导入（")
    expect(wizard.get_by_role("button", name="看客户信息")).to_be_focused()

    book = load_workbook(tmp_path / "errors.xlsx")
    sheet = book.worksheets[0]
    sheet["B2"], sheet["D2"], sheet["E2"], sheet["A3"] = "一般客户", 500, "2026-02-28", "导入丁科技有限公司"
    book.save(tmp_path / "mended.xlsx")
    wizard.get_by_role("button", name="再导入一个文件").click()
    give(wizard, tmp_path / "mended.xlsx")
    choose(wizard, "联系电话", "电话")
    wizard.get_by_role("button", name="检查", exact=False).last.click()
    wizard.get_by_role("button", name="导入 2 条").click()
    expect(wizard).to_contain_text("新增 2 条")
    wizard.get_by_role("button", name="看客户信息").click()
    customers = screen.list()
    customers.find("导入")
    customers.shows(4)

    page.get_by_role("tab", name="导入 客户信息").click()
    wizard.get_by_role("button", name="撤销这次导入").click()
    screen.question("撤销导入「mended.xlsx」").get_by_role("button", name="撤销导入").click()
    expect(wizard).to_contain_text("这次导入已撤销")
    wizard.get_by_role("button", name="再导入一个文件").click()
    past = wizard.get_by_role("region", name="以前的导入")
    expect(past.get_by_role("row").filter(has_text="mended.xlsx")).to_contain_text("已撤销")
    past.get_by_role("button", name="撤销导入 展会客户.xlsx").click()
    screen.question("撤销导入「展会客户.xlsx」").get_by_role("button", name="撤销导入").click()
    expect(screen.toast).to_contain_text("已撤销：删除 2 条")
    page.get_by_role("tab", name="客户信息", exact=True).click()
    customers.shows(0)


def test_rows_that_are_there_already_are_decided_one_by_one_by_keys(page: Page, tmp_path: Path) -> None:
    screen = Screen(page)
    known = screen.open_list().column("客户名称")[0]
    wizard = open_import(page)
    target = tmp_path / "again.xlsx"
    target.write_bytes(xlsx(HEADS[:2], (known, "一般客户"), ("导入戊贸易行", "一般客户"), ("导入戊贸易行", "一般客户")))
    give(wizard, target)
    expect(wizard.get_by_role("button", name="检查")).to_be_focused()
    screen.press("Enter")
    expect(wizard.get_by_role("tab", name="可能已有")).to_have_attribute("aria-selected", "true")
    rows = wizard.get_by_role("region", name="检查过的行")
    expect(rows).to_contain_text(f"客户名称相同：{known}")
    expect(rows).to_contain_text("与第 3 行客户名称相同")
    expect(wizard.get_by_role("button", name="导入 1 条")).to_be_visible()
    wizard.get_by_role("combobox", name="可能已有的").select_option(label="客户名称相同的更新，其余跳过")
    expect(wizard.get_by_role("button", name="导入 2 条")).to_be_visible()
    wizard.get_by_role("combobox", name="第 4 行怎么办").select_option(label="仍然新增")
    expect(wizard.get_by_role("button", name="导入 3 条")).to_be_visible()
    screen.press("Alt+ArrowLeft")
    expect(wizard.get_by_role("region", name="文件里的列")).to_be_visible()
    screen.press("Escape")
    expect(wizard).to_be_hidden()


def test_a_file_that_is_no_table_and_the_template(served: Served, page: Page, tmp_path: Path) -> None:
    served.watch.allow("status of 400")
    wizard = open_import(page)
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    wizard.get_by_label("要导入的文件").set_input_files(tmp_path / "old.xls")
    expect(wizard.get_by_role("alert")).to_contain_text("旧版的 xls")
    with page.expect_download() as coming:
        wizard.get_by_role("button", name="下载模板").click()
    coming.value.save_as(tmp_path / "template.xlsx")
    book = load_workbook(tmp_path / "template.xlsx")
    assert book.worksheets[0]["A1"].value == "客户名称 *"
    assert book.worksheets[0].data_validations.dataValidation


@pytest.mark.parametrize(
    ("dark", "size"),
    [
        (True, (1280, 720)),
        pytest.param(False, (1280, 720), marks=pytest.mark.soak),
        pytest.param(False, (1920, 1080), marks=pytest.mark.soak),
    ],
)
def test_every_step_is_whole_readable_and_chinese(
    page: Page, tmp_path: Path, dark: bool, size: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    name = f"{'dark' if dark else 'light'}-{size[0]}"
    if dark:
        make_dark(page)
    Screen(page).open_list()
    look(page, tmp_path_factory, f"import-0-{name}")
    wizard = open_import(page)
    look(page, tmp_path_factory, f"import-1-{name}")
    give(wizard, file_with_faults(tmp_path))
    look(page, tmp_path_factory, f"import-2-{name}")
    Screen(page).press("Control+Enter")
    expect(wizard.get_by_role("region", name="检查过的行")).to_be_visible()
    look(page, tmp_path_factory, f"import-3-{name}")
    Screen(page).press("Control+Enter")
    expect(wizard.get_by_role("button", name="撤销这次导入")).to_be_visible()
    look(page, tmp_path_factory, f"import-4-{name}")
    wizard.get_by_role("button", name="撤销这次导入").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    look(page, tmp_path_factory, f"import-5-{name}")
    page.get_by_role("alertdialog").get_by_role("button", name="撤销导入").click()
    expect(wizard).to_contain_text("这次导入已撤销")


def cut_off(folder: Path) -> Path:
    """Data of which an import was cut off in the middle."""
    station, copy = Workstation.open(folder), folder.with_name("cut")
    try:
        with station.db.read() as db:
            (operator,) = db.execute("SELECT id FROM operator ORDER BY row LIMIT 1").fetchone()
        admin = accounts.principal_of(station.engine, operator)
        rows = ((f"中断{n:04d}厂", "一般客户") for n in range(1_200))
        upload = checked(station, admin, xlsx(HEADS[:2], *rows))

        def told(done: int, total: int) -> None:
            with station.db.read() as db:
                is_begun = db.execute("SELECT 1 FROM customer WHERE name = '中断0000厂'").fetchone()
            if is_begun and not copy.exists():
                cut(folder, copy)

        upload.write(station.engine, admin, Choices(), told)
    finally:
        station.close()
    return copy


def test_after_a_power_cut_the_screen_says_what_was_finished(
    browser: Browser, company: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(database, "_PIECE_S", 0.0)
    folder = cut_off(copy_of(company, tmp_path / "data"))
    with serve(browser, folder) as served:
        served.watch.start()
        page = first_page(served.context)
        screen = Screen(page)
        words = "接着写完上次中断的导入「a.xlsx」：新增 1,200 条，更新 0 条"
        expect(screen.toast.first).to_contain_text(words)
        wizard = open_import(page)
        past = wizard.get_by_role("region", name="以前的导入")
        expect(past.get_by_role("row").filter(has_text="a.xlsx")).to_contain_text("中断后写完")
        look(page, tmp_path_factory, "import-cut")
        past.get_by_role("button", name="撤销导入 a.xlsx").click()
        question = screen.question("撤销导入「a.xlsx」")
        expect(question).to_contain_text("1,200 条会删除")
        question.get_by_role("button", name="撤销导入").click()
        expect(wizard.get_by_role("status")).to_be_visible()
        expect(wizard.get_by_role("button", name="停止")).to_be_hidden()
        expect(past.get_by_role("row").filter(has_text="a.xlsx")).to_contain_text("中断后撤完")
        assert not served.watch.complaints()


def test_after_a_restored_backup_the_screen_says_that_an_import_is_a_part(
    browser: Browser, company: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(database, "_PIECE_S", 0.0)
    half = cut_off(copy_of(company, tmp_path / "data"))
    database.open_database(half).close()  # folds the log into the file
    maintenance.restore(tmp_path / "restored", half / database.FILE_NAME)
    with serve(browser, tmp_path / "restored") as served:
        served.watch.start()
        page = first_page(served.context)
        screen = Screen(page)
        expect(screen.toast.first).to_contain_text("导入了一部分（新增")
        wizard = open_import(page)
        past = wizard.get_by_role("region", name="以前的导入")
        row = past.get_by_role("row").filter(has_text="a.xlsx")
        expect(row).to_contain_text("只导入了一部分：数据是从备份恢复或复制来的")
        look(page, tmp_path_factory, "import-part")
        past.get_by_role("button", name="撤销导入 a.xlsx").click()
        screen.question("撤销导入「a.xlsx」").get_by_role("button", name="撤销导入").click()
        expect(row).to_contain_text("中断后撤完")
        assert not served.watch.complaints()


def look(page: Page, factory: pytest.TempPathFactory, name: str) -> None:
    page.wait_for_timeout(300)
    page.screenshot(path=factory.getbasetemp() / f"{name}.png")
    assert findings(page) == []
    assert layout(page) == []
    assert english(page) == []
