"""Import through the API with real files: what Excel and others make of them, what is said, written and taken back."""

from __future__ import annotations

import io
import resource
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from desktop.engine import records
from desktop.engine.imports import matching, survey, tables
from desktop.engine.imports.writing import Choices
from desktop.errors import Invalid
from desktop.uploads import Upload
from tests.engine.test_records import operator
from tests.importing import Importing, checked, fetched, imported, quiet, send, xlsx
from tests.support import Office

HEADS = ("客户名称", "客户分组", "电话", "信用额度", "登记日期")


def customers(office: Office) -> dict[str, dict[str, Any]]:
    page = office.api.get("/api/records/customer", limit=500)
    return {row["name"]: row for row in page["rows"]}


def refused(office: Office, file: bytes, name: str = "客户.xlsx") -> str:
    answer = send(office, file, "customer", name)
    assert answer.status_code in (400, 413), answer.text
    return str(answer.json()["title"])


# ------------------------------------------------------------------- the way


def test_good_rows_are_imported_and_bad_ones_told(office: Office) -> None:
    file = xlsx(
        HEADS,
        ("苏州申越", "一般客户", 51265551234, 12000.5, date(2026, 3, 1)),
        ("昆山立源", "没有这一组", None, "很多", "2026-13-01"),
        (None, "一般客户", None, None, None),
    )
    one = Importing.of(office, file)
    assert one.fields() == dict(
        zip(HEADS, ("name", "group", "phone", "credit_limit", "registered_on"), strict=True)
    )  # fmt: skip
    counts = one.check()
    assert (counts["rows"], counts["good"], counts["bad"]) == (3, 1, 2)
    bad = one.rows()
    assert [row["number"] for row in bad] == [3, 4]
    assert "没有叫「没有这一组」的分组" in bad[0]["faults"]["1"]
    assert "应是数字" in bad[0]["faults"]["3"] and "没有这一天" in bad[0]["faults"]["4"]
    assert bad[1]["faults"] == {"0": "请填写「客户名称」"}
    job = one.commit()
    assert [job["result"][name] for name in ("added", "changed", "left_out")] == [1, 0, 2]
    row = customers(office)["苏州申越"]
    assert row["phone"] == "51265551234" and row["credit_limit"] == 1200050 and row["registered_on"] == "2026-03-01"
    assert row["code"].startswith("KH") and row["level"], "numbers are drawn and defaults hold"
    again = office.api.post(f"{one.path}/commit", {})
    assert "已经导入过了" in office.api.ended(again)["message"]


def test_what_does_not_look_as_usual_is_pointed_out_and_imported(office: Office) -> None:
    rows = (
        ("客户名称", "客户分组", "邮编", "手机"),
        ("甲厂", "一般客户", 215000, "138 1234 5678"),
        ("乙厂", "一般客户", "SW1A 1AA", "0512-65551234"),
        ("丙厂", "没有这一组", 21500, None),
    )
    one = Importing.of(office, xlsx(*rows))
    counts = one.check()
    assert (counts["good"], counts["bad"], counts["odd"]) == (2, 1, 1)
    (odd,) = one.rows("odd")
    assert odd["number"] == 3 and odd["faults"] == {} and list(odd["odd"]) == ["2", "3"]
    assert odd["odd"]["2"] == "「邮编」国内的邮编是 6 位数字；国外的照写"
    assert list(one.rows("bad")[0]["odd"]) == ["2"], "what is wrong is told there, and this beside it"
    assert one.commit()["result"]["added"] == 2
    assert customers(office)["乙厂"]["postcode"] == "SW1A 1AA"


def test_the_error_file_is_mended_and_imported(office: Office) -> None:
    one = Importing.of(office, xlsx(HEADS, ("甲厂", "不存在", "0512", 1, None), ("乙厂", "一般客户", None, 2, None)))
    one.check()
    file = fetched(office, office.api.post(f"{one.path}/errors"))
    sheet = load_workbook(io.BytesIO(file)).worksheets[0]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == [*HEADS, "原因"] and rows[1][0] == "甲厂" and "第 2 行" in str(rows[1][5])
    assert sheet.cell(2, 2).fill.fgColor.rgb == "FFFDEFED" and sheet.cell(2, 1).fill.fgColor.rgb != "FFFDEFED"
    sheet.cell(2, 2).value = "一般客户"
    target = io.BytesIO()
    sheet.parent.save(target)  # type: ignore[union-attr]
    mended = Importing.of(office, target.getvalue())
    assert mended.fields()["原因"] == ""
    assert mended.check()["good"] == 1 and mended.commit()["result"]["added"] == 1


def test_the_choice_of_columns_is_remembered_for_the_same_headings(office: Office) -> None:
    file = xlsx(("单位", "组", "名字"), ("甲厂", "一般客户", "简"))
    one = Importing.of(office, file)
    assert set(one.fields().values()) == {""}
    one.check({"单位": "name", "组": "group", "名字": "short_name"})
    assert Importing.of(office, file).fields() == {"单位": "name", "组": "group", "名字": "short_name"}
    other = Importing.of(office, xlsx(("单位", "组"), ("甲厂", "一般客户")))
    assert set(other.fields().values()) == {""}, "other headings, other choice"


def test_a_field_chosen_twice_or_none_or_one_that_is_not_there_is_refused(office: Office) -> None:
    one = Importing.of(office, xlsx(("a", "b"), ("甲厂", "乙厂")))
    for fields, words in ((["name", "name"], "有两列都选了"), (["", ""], "至少"), (["is_system", ""], "不能导入")):
        body = {"sheet": one.about["sheet"], "head": 1, "fields": fields}
        assert words in office.api.refused("POST", f"{one.path}/check", 400, body)["title"]


# ---------------------------------------------------------------------- files


def test_a_title_above_the_headings_other_sheets_and_hidden_ones(office: Office) -> None:
    book = Workbook()
    book.create_sheet("客户名单").append(["2026 年客户名单"])
    book["客户名单"].append([])
    book["客户名单"].append(["序号", *HEADS[:2]])
    book["客户名单"].append([1, "甲厂", "一般客户"])
    book.create_sheet("旧的").sheet_state = "hidden"
    one = Importing.of(office, xlsx(book=book, title="空"))
    assert [sheet["hidden"] for sheet in one.about["sheets"]] == [False, False, True]
    assert one.about["sheet"] == "客户名单" and one.about["head"] == 3
    assert one.check()["good"] == 1
    assert "空" in office.api.refused("GET", one.path, 400, params={"sheet": "空"})["title"]
    office.api.refused("GET", one.path, 404, params={"sheet": "没有"})
    wrong = one.look(sheet="客户名单", head=4)
    assert [column["field"] for column in wrong["columns"]] == ["", "", ""]


def test_dates_in_every_notation(office: Office) -> None:
    day = datetime.fromisoformat("2026-11-23 08:30")
    written = ["2026-11-23", "2026/11/23", "2026.11.23", "2026年11月23日", "20261123", 46349, day]
    rows = [(f"第{n}家", "一般客户", None, None, day) for n, day in enumerate(written)]
    imported(office, xlsx(HEADS, *rows))
    assert {row["registered_on"] for name, row in customers(office).items() if name.startswith("第")} == {"2026-11-23"}


def test_days_counted_from_1904(office: Office) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    imported(office, xlsx(HEADS, ("甲", "一般客户", None, None, date(2026, 11, 23)),
                          ("乙", "一般客户", None, None, 46349 - 1462), book=book))  # fmt: skip
    known = customers(office)
    assert known["甲"]["registered_on"] == known["乙"]["registered_on"] == "2026-11-23"


def test_formulas_errors_and_long_numbers_are_told_at_the_cell(office: Office) -> None:
    one = Importing.of(office, xlsx(
        HEADS, ("甲厂", "一般客户", None, "=1+2", None), ("乙厂", "一般客户", "#N/A", None, None),
        ("丙厂", "一般客户", 6222021234567890123, None, None),
    ))  # fmt: skip
    one.check()
    first, second, third = one.rows()
    assert "公式" in first["faults"]["3"] and "错误值" in second["faults"]["2"] and "15 位" in third["faults"]["2"]
    assert [first["cells"][3], second["cells"][2], third["cells"][2]] == ["=公式", "#错误值", "6222021234567890000"]


def test_merged_cells_hold_for_every_row(office: Office) -> None:
    book = Workbook()
    file_rows = [HEADS[:2], ("甲厂", "重点客户"), ("乙厂", None), ("丙厂", None)]
    for row in file_rows:
        book.worksheets[0].append(row)
    book.worksheets[0].merge_cells("B2:B4")
    imported(office, xlsx(book=book))
    groups = {row["group"] for name, row in customers(office).items() if name != "零售客户"}
    assert len(groups) == 1


def test_per_cents_are_what_they_show(office: Office) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (("客户名称", "客户分组", "默认折扣%"), ("甲厂", "一般客户", 0.9), ("乙厂", "一般客户", 85)):
        sheet.append(row)
    sheet["C2"].number_format = "0%"
    imported(office, xlsx(book=book))
    assert (
        customers(office)["甲厂"]["discount_rate"] == 900_000 and customers(office)["乙厂"]["discount_rate"] == 850_000
    )


@pytest.mark.parametrize(
    ("encoding", "sign"), [("gbk", ","), ("gb18030", "\t"), ("utf-8", ";"), ("utf-8-sig", ","), ("utf-16", "\t")]
)
def test_csv_of_every_kind(office: Office, encoding: str, sign: str) -> None:
    lines = [
        sign.join(HEADS[:3]),
        sign.join(("申越，厂", "一般客户", "0512-65551234")),
        sign.join(("乙", "一般客户", "")),
    ]
    one = Importing.of(office, "\r\n".join(lines).encode(encoding), name="客户.csv")
    assert one.about["kind"] == "csv" and one.check()["good"] == 2
    one.commit()
    assert customers(office)["申越，厂"]["phone"] == "0512-65551234"


def test_a_quote_left_open_is_told(office: Office) -> None:
    text = '客户名称,客户分组\n"甲厂,一般客户\n' + "乙,一般客户\n" * 20_000
    answer = send(office, text.encode(), name="a.csv")
    problem = office.api.refused("GET", f"/api/import/customer/{answer.json()['id']}", 400)
    assert "引号" in problem["title"]


def test_what_is_no_table_is_refused_with_what_to_do(office: Office) -> None:
    macro = io.BytesIO(xlsx(HEADS))
    with zipfile.ZipFile(macro, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"")
    old = b"\xd0\xcf\x11\xe0" + b"\0" * 600
    assert "宏" in refused(office, macro.getvalue(), "a.xlsm")
    assert "旧版的 xls" in refused(office, old, "a.xls")
    assert "密码" in refused(office, old + "EncryptedPackage".encode("utf-16-le"))
    assert "网页" in refused(office, b"<html><table></table></html>", "a.xls")
    assert "不是表格" in refused(office, b"%PDF-1.7")
    assert "空" in refused(office, b"")
    assert "损坏" in refused(office, xlsx(HEADS)[:300])
    assert "看不懂" in refused(office, bytes(range(128, 256)) * 40)
    assert not list((office.workstation.folder / "imports").iterdir()), "nothing of them is kept"


@pytest.mark.parametrize("what", ["packed in an unknown way", "a broken stream"])
def test_a_part_that_cannot_be_unpacked_is_said_in_words(office: Office, what: str) -> None:
    data = bytearray(xlsx(HEADS, *[(f"客户 {n}",) for n in range(400)]))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    if what == "a broken stream":
        start = part.header_offset + 30 + len(part.filename)
        data[start : start + 40] = b"\xff" * 40
    else:
        for place in (part.header_offset + 8, data.rindex(b"xl/worksheets/sheet1.xml") - 46 + 10):
            data[place] = 99
    uploaded = send(office, bytes(data)).json()
    assert "损坏" in office.api.refused("GET", f"/api/import/customer/{uploaded['id']}", 400)["title"]


@pytest.mark.parametrize("name", ["xl/sharedStrings.xml", "xl/sharedStrings.XML", "xl/media/x.bin"])
def test_what_unpacks_into_too_much_is_refused_before_it_is_unpacked(office: Office, name: str) -> None:
    bomb = io.BytesIO(xlsx(HEADS))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as part:
        for _ in range(620 if "media" in name else 160):
            part.write(b" " * (1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "太大" in refused(office, bomb.getvalue())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000


def test_a_mended_error_file_is_matched_as_the_file_it_came_from(office: Office) -> None:
    matching.remember(office.engine, "customer", ["单位名称", "分组"], ["name", "group"])
    known = matching.remembered(office.engine, "customer", ["单位名称", "分组", matching.REASON])
    assert known == {"单位名称": "name", "分组": "group"}


def test_a_line_longer_than_any_cell_is_told(office: Office) -> None:
    text = "客户名称,客户分组\n" + "甲" * 140_000 + ",一般客户\n"
    answer = send(office, text.encode(), name="a.csv")
    assert answer.status_code < 500
    if answer.ok:
        assert office.api.call("GET", f"/api/import/customer/{answer.json()['id']}").status_code == 400


def test_a_file_above_the_limit_is_refused(office: Office) -> None:
    answer = send(office, b"a,b\n" * (tables.BYTES_MAX // 4 + 1))
    assert answer.status_code == 413 and "MB" in answer.json()["title"]
    assert send(office, b"x" * (66 * 1024 * 1024)).status_code == 413


def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_loaded(office: Office) -> None:
    book = Workbook()
    book.worksheets[0]["A1"] = "客户名称"
    book.worksheets[0]["XFD1048576"] = "x"
    one = send(office, xlsx(book=book)).json()
    problem = office.api.refused("GET", f"/api/import/customer/{one['id']}", 400)
    assert "1,048,576 行" in problem["title"]
    assert survey.AREA_MAX < 10**7


def test_200_columns_double_headings_and_blank_rows(office: Office) -> None:
    heads = [*HEADS[:2], "客户名称", *(f"别的{n}" for n in range(197))]
    one = Importing.of(office, xlsx(heads, [], ["甲厂", "一般客户", "又一个", *range(197)], [], ["乙厂", "一般客户"]))
    fields = [column["field"] for column in one.about["columns"]]
    assert fields[:3] == ["name", "group", ""] and len(fields) == 200
    counts = one.check()
    assert counts["rows"] == counts["good"] == 2
    wide = Importing.of(office, xlsx(HEADS[:2], ["甲", "一般客户"]))
    assert wide.check()["good"] == 1
    answer = send(office, xlsx([f"列{n}" for n in range(400)], range(400))).json()
    assert "300 列" in office.api.refused("GET", f"/api/import/customer/{answer['id']}", 400)["title"]


def test_a_good_row_after_a_wrong_one_of_the_same_name_is_no_second_one(office: Office) -> None:
    rows = ("客户名称", "客户分组", "信用额度"), ("甲乙丙厂", "一般客户", "很多"), ("甲乙丙厂", "一般客户", 5)
    checked = Importing.of(office, xlsx(*rows)).check()
    assert (checked["good"], checked["bad"], checked["twice"]) == (1, 1, 0)


def test_headings_without_rows(office: Office) -> None:
    one = Importing.of(office, xlsx(HEADS))
    job = office.api.ended(one.start_check())
    assert job["state"] == "failed" and "表头下面没有" in job["message"]


def test_memory_holds_a_part_of_the_rows(office: Office) -> None:
    """30 MB of texts pass through; of what is there at a time, 22 MB are the rows that are read together."""
    text = "\n".join(["供应商名称,供应范围", *(f"第{n}家,{'长' * 3_000}" for n in range(5_000))])
    one = Importing.of(office, text.encode("gbk"), "supplier", "a.csv")
    upload = office.workstation.uploads.get(one.id, "supplier", office.admin.operator)
    upload.prepare(office.engine, office.admin, "", 1, ["name", "supply_scope"], "")
    tracemalloc.start()
    try:
        assert upload.judge(office.engine, office.admin, quiet).good == 5_000
        assert tracemalloc.get_traced_memory()[1] < 26 * 2**20
    finally:
        tracemalloc.stop()


# ----------------------------------------------------------------- references


def test_references_by_code_name_and_initials(office: Office) -> None:
    made = office.samples.create("customer", name="苏州申越精密")
    office.samples.create("customer", name="同名厂")
    office.samples.create("customer", name="同名厂")
    file = xlsx(
        ("姓名", "所属类型", "所属单位", "手机"),
        ("王一", "客户", made["code"], 13800000001), ("王二", "客户", "苏州申越精密", 13800000002),
        ("王三", "客户", "szsyjm", 13800000003), ("王四", "客户", "同名厂", None),
        ("王五", "供应商", "苏州申越精密", None),
    )  # fmt: skip
    one = Importing.of(office, file, "contact")
    assert one.check()["good"] == 3
    assert "有几个都叫" in one.reasons()[0] and "没有叫" in one.reasons()[1]
    one.commit()
    found = office.api.get("/api/records/contact", limit=500)["rows"]
    assert {row["parent"] for row in found if row["name"] in ("王一", "王二", "王三")} == {made["id"]}


def test_a_tree_may_name_rows_above(office: Office) -> None:
    file = xlsx(
        ("名称", "上级区域"), ("苏州", "江苏"), ("园区", "苏州"), ("湖东", "园区"), ("x", "后面的"), ("后面的", None)
    )
    one = Importing.of(office, file, "region")
    assert one.check()["good"] == 4
    result = one.commit()["result"]
    assert result["added"] == 4
    rows = {row["name"]: row for row in office.api.get("/api/records/region", limit=500)["rows"]}
    assert rows["湖东"]["parent"] == rows["园区"]["id"] and rows["园区"]["parent"] == rows["苏州"]["id"]
    assert one.undo(result["batch"])["result"]["deleted"] == 4


def test_rules_see_the_rows_above(office: Office) -> None:
    one = Importing.of(office, xlsx(("编号", "名称"), ("07", "苏州"), ("07", "无锡"), ("7", "常州")), "branch")
    assert one.check()["good"] == 1
    assert "已有编号为「07」" in one.reasons()[0] and "两位" in one.reasons()[1]


# ----------------------------------------------------------------- duplicates


def test_duplicates_are_marked_and_skipped_imported_or_updated(office: Office) -> None:
    old = office.samples.create("customer", name="苏州申越精密机械有限公司", phone="0512-65551234", short_name="申越")
    file = xlsx(
        ("客户名称", "客户分组", "电话", "简称"),
        ("苏州申越精密机械有限公司", "一般客户", None, "新的"),
        ("苏州申越精密机械公司", "一般客户", None, None),
        ("别的名字", "一般客户", "051265551234", None),
        ("全新的厂", "一般客户", None, None),
        ("全新的厂", "一般客户", None, None),
    )
    one = Importing.of(office, file)
    counts = one.check()
    assert (counts["good"], counts["twice"], counts["same"]) == (5, 4, 1)
    assert [row["cells"][0] for row in one.rows("plain")] == ["全新的厂"], "of each kind but one"
    rows = one.rows("twice")
    assert rows[0]["same"] == old["id"] and rows[0]["like"][0]["reason"] == "客户名称相同"
    assert rows[1]["like"][0]["id"] == rows[2]["like"][0]["id"] == old["id"]
    assert rows[1]["same"] is None and rows[2]["like"][0]["reason"] in ("电话相同",)
    assert rows[3]["earlier"] == {"number": 5, "reason": "客户名称相同"}
    job = one.commit("update", {4: "new"})
    assert (job["result"]["added"], job["result"]["changed"], job["result"]["left_out"]) == (2, 1, 2)
    assert job["result"]["left"] == {"like": 1, "repeated": 1}
    why = "可能已有、按选择跳过 1 行，和前面的行重复、按选择跳过 1 行"
    assert job["message"] == f"新增 2 条，更新 1 条，2 行没有导入（{why}）"
    now = customers(office)["苏州申越精密机械有限公司"]
    assert now["id"] == old["id"] and now["short_name"] == "新的" and now["phone"] == "0512-65551234", "blank keeps"
    again = Importing.of(office, file)
    again.check()
    result = again.commit("update")["result"]
    assert (result["added"], result["changed"]) == (0, 0), "it says what is there already"
    assert result["left"]["unchanged"] >= 1 and sum(result["left"].values()) == result["left_out"] == 5


def test_update_by_code_and_a_code_nobody_has(office: Office) -> None:
    old = office.samples.create("customer", name="甲厂")
    one = Importing.of(office, xlsx(("客户编号", "简称"), (old["code"], "甲"), ("KH01A199999", "乙")))
    counts = one.check()
    assert counts["key"] == "code" and counts["same"] == 1 and "没有编号是" in one.reasons()[0]
    assert one.commit("update")["result"]["changed"] == 1
    assert office.api.get(f"/api/records/customer/{old['id']}")["row"]["short_name"] == "甲"


def test_what_hangs_on_the_record_is_found_when_it_is_updated(office: Office) -> None:
    """A main contact is one of this very customer's; another customer has one of the same name."""
    old, other = office.samples.create("customer", name="甲厂"), office.samples.create("customer", name="乙厂")
    mine = office.samples.create("contact", name="王芳", parent_kind="customer", parent=old["id"])
    office.samples.create("contact", name="王芳", parent_kind="customer", parent=other["id"])
    file = xlsx(("客户编号", "主联系人", "简称"), (old["code"], "王芳", "甲"), (other["code"], "没有她", None))
    one = Importing.of(office, file)
    assert one.check()["good"] == 1 and "没有叫「没有她」的联系人" in one.rows()[0]["faults"]["1"]
    assert one.commit("update")["result"]["changed"] == 1
    assert office.api.get(f"/api/records/customer/{old['id']}")["row"]["main_contact"] == mine["id"]


def test_one_record_changed_by_two_rows(office: Office) -> None:
    old = office.samples.create("customer", name="甲厂", short_name="旧")
    one = Importing.of(office, xlsx(("客户编号", "简称", "微信"), (old["code"], "一", "w1"), (old["code"], "二", None)))
    one.check()
    job = one.commit("update")
    row = office.api.get(f"/api/records/customer/{old['id']}")["row"]
    assert (row["short_name"], row["wechat"]) == ("二", "w1")
    undone = one.undo(job["result"]["batch"])
    assert undone["state"] == "done", undone
    row = office.api.get(f"/api/records/customer/{old['id']}")["row"]
    assert row["short_name"] == "旧"


# ------------------------------------------------------------- all or nothing


def test_what_changed_since_the_check_stops_all(office: Office) -> None:
    group = office.samples.create("customer_group", name="临时组", parent=None)
    one = Importing.of(office, xlsx(HEADS[:2], ("甲厂", "一般客户"), ("乙厂", "临时组")))
    assert one.check()["good"] == 2
    office.api.post("/api/records/customer_group/delete", {"ids": [group["id"]]})
    job = one.commit()
    assert job["state"] == "failed" and "第 3 行" in job["message"] and "没有导入任何一行" in job["message"]
    assert "甲厂" not in customers(office)
    assert one.check()["good"] == 1 and one.commit()["state"] == "done"


def test_a_batch_is_cut_into_changesets_and_never_inside_a_record(office: Office) -> None:
    rows = [(f"第{n:04d}家", "一般客户", "价格敏感、需回访") for n in range(700)]
    result = imported(office, xlsx(("客户名称", "客户分组", "标签"), *rows))
    with office.engine.db.read() as db:
        (count,) = db.execute("SELECT count(*) FROM changeset WHERE batch = ?", (result["batch"],)).fetchone()
    assert count == 5, "2,100 rows, three to a record: 166 records to a changeset"
    assert office.api.get("/api/records/customer", want="total")["total"] == 701


def test_cancel_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"第{n:04d}家", "一般客户") for n in range(3000)]
    one = Importing.of(office, xlsx(HEADS[:2], *rows))
    one.check()
    job = office.api.post(f"{one.path}/commit", {})
    office.api.call("DELETE", f"/api/jobs/{job['id']}")
    job = office.api.ended(job)
    assert job["state"] == "cancelled" and len(customers(office)) == 1
    assert one.commit()["result"]["added"] == 3000, "and it may be tried again"


# ----------------------------------------------------------------------- undo


def test_undo_takes_back_what_nobody_touched(office: Office) -> None:
    old = office.samples.create("customer", name="老客户", short_name="旧", tags=[])
    heads = ("客户名称", "客户分组", "简称", "标签")
    file = xlsx(heads, ("老客户", "重点客户", "新", "价格敏感"), ("甲厂", "一般客户", "甲", None),
                ("乙厂", "一般客户", None, None), ("丙厂", "一般客户", None, "需回访"))  # fmt: skip
    one = Importing.of(office, file)
    one.check()
    batch = one.commit("update")["result"]["batch"]
    known = customers(office)
    assert known["老客户"]["short_name"] == "新" and known["老客户"]["tags"]
    office.api.ok(office.api.call("PATCH", f"/api/records/customer/{known['甲厂']['id']}", {"short_name": "改过"}))
    office.samples.create("contact", parent_kind="customer", parent=known["乙厂"]["id"])
    preview = office.api.get(f"/api/import/customer/{batch}/undo")
    job = one.undo(batch)
    assert preview == job["result"]
    assert (preview["deleted"], preview["restored"], preview["refused_count"]) == (1, 1, 2)
    assert {one["title"]: one["reason"] for one in preview["refused"]} == {"甲厂": "导入以后改过", "乙厂": "已有联系人"}
    left = customers(office)
    assert set(left) == {"零售客户", "老客户", "甲厂", "乙厂"}
    assert left["老客户"]["short_name"] == "旧" and left["老客户"]["group"] == old["group"]
    assert left["老客户"]["tags"] == []
    (past,) = office.api.get("/api/import/customer")
    assert past["undone_at"] and past["added"] == 3 and past["changed"] == 1 and past["operator"] == "周敏"
    assert "已经撤销过" in office.api.refused("POST", f"/api/import/customer/{batch}/undo", 400)["title"]


def test_a_main_contact_that_came_with_an_import_goes_with_it(office: Office) -> None:
    customer = office.samples.create("customer", name="甲厂")
    file = xlsx(("姓名", "所属类型", "所属单位", "主联系人"), ("王芳", "客户", "甲厂", "是"))
    one = Importing.of(office, file, "contact")
    one.check()
    batch = one.commit()["result"]["batch"]
    assert office.api.get(f"/api/records/customer/{customer['id']}")["row"]["main_contact"]
    assert one.undo(batch)["result"]["deleted"] == 1
    assert office.api.get(f"/api/records/customer/{customer['id']}")["row"]["main_contact"] is None


def test_what_was_there_before_is_not_hidden_by_undoing_what_it_was_merged_into(office: Office) -> None:
    old = office.samples.create("customer", name="老客户")
    one = Importing.of(office, xlsx(("客户名称", "客户分组"), *((f"{name}厂", "一般客户") for name in "甲乙丙")))
    one.check()
    batch = one.commit("new")["result"]["batch"]
    made = customers(office)
    for winner, loser in ((made["甲厂"], old), (made["乙厂"], made["丙厂"])):
        office.api.post("/api/merge/customer", {"winner": winner["id"], "losers": [loser["id"]]})
    result = one.undo(batch)["result"]
    assert result["refused"] == [{"id": made["甲厂"]["id"], "title": "甲厂", "reason": "已有别的客户并入"}]
    assert result["deleted"] == 2, "what came along with the import goes along with it"
    assert set(customers(office)) == {"零售客户", "甲厂"}
    office.api.post("/api/merge/customer/undo", {"ids": [old["id"]]})
    assert "老客户" in customers(office)


def test_taking_back_names_nothing_that_one_may_not_see(office: Office) -> None:
    api = office.api
    words = dict.fromkeys(("view", "add", "edit", "delete", "import"), True)
    made = api.post("/api/roles", {"values": {"name": "自己的", "data_scope": "own"}, "boxes": {"customer": words}})
    clerk = operator(api, "clerk", made["id"])
    one = Importing.of(office, xlsx(("客户名称", "客户分组"), *((f"{name}厂", "一般客户") for name in "甲乙丙丁")))
    one.check()
    batch = one.commit("new")["result"]["batch"]
    rows = customers(office)
    for name in ("甲厂", "乙厂"):
        api.ok(api.call("PATCH", f"/api/records/customer/{rows[name]['id']}", {"owner": clerk["employee"]}))
    api.post("/api/records/customer/delete", {"ids": [rows[name]["id"] for name in ("乙厂", "丙厂")]})
    path = f"/api/import/customer/{batch}/undo"
    assert {one["title"] for one in api.get(path)["refused"]} == {"甲厂", "乙厂", "丙厂"}
    api.sign_in("clerk", "long enough")
    preview = api.get(path)
    assert sorted(one["title"] for one in preview["refused"]) == ["", "", "乙厂", "甲厂"] and preview["deleted"] == 0
    api.sign_in()


# --------------------------------------------------------------------- rights


def test_rights_hold(office: Office) -> None:
    from dataclasses import replace

    from desktop.engine.imports.judging import Plan, check_plan
    from desktop.engine.imports.matching import fields_for
    from desktop.errors import Forbidden

    definition = office.engine.definition("customer")
    rights = {"customer": frozenset(("view", "add", "edit"))}
    clerk = replace(office.admin, everything=False, rights=rights, special=frozenset())
    with pytest.raises(Forbidden):
        check_plan(clerk, definition, Plan({0: "name"}, 1))
    with pytest.raises(Forbidden):
        office.workstation.uploads.take(clerk, definition, "a.csv", io.BytesIO(b"a,b\n"))
    importer = replace(clerk, rights={"customer": frozenset(("view", "import"))})
    assert "owner" not in fields_for(importer, definition), "giving customers away needs a right of its own"
    assert "owner" in fields_for(office.admin, definition)
    with pytest.raises(Forbidden):
        records.save(office.engine, importer, "customer", {"name": "x"})
    office.api.refused("POST", "/api/import/role_right", 403)
    office.api.refused("POST", "/api/import/nothing", 404)
    assert "只有一份" in send(office, b"a,b\n", "company_profile").json()["title"]
    assert "只有一份" in office.api.refused("POST", "/api/import/company_profile/template", 400)["title"]


def test_a_form_from_elsewhere_cannot_upload(office: Office) -> None:
    url = f"{office.api.base}/api/import/customer"
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        answer = office.api.session.post(url, data=b"a,b\n", headers={"Content-Type": kind}, timeout=10)
        assert answer.status_code == 415, kind
    other = office.api.session.post(
        f"{office.api.base}/api/records/customer", data=b"{}", timeout=10,
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert other.status_code == 415, "only where a file is expected"


# ------------------------------------------------------ while others work


def ready(office: Office, *rows: tuple[object, ...]) -> Upload:
    """A checked file on its way into the customers."""
    return checked(office.workstation, office.admin, xlsx(HEADS[:2], *rows))


def once(work: Callable[[], object]) -> Callable[[int, int], None]:
    """Progress that does something the first time, as somebody else at work would."""
    waiting = [work]

    def told(done: int, total: int) -> None:
        if waiting:
            waiting.pop()()

    return told


def test_what_others_save_meanwhile_is_seen(office: Office) -> None:
    group = office.samples.create("customer_group", name="临时组", parent=None)
    rows = [("甲厂", "一般客户"), ("乙厂", "临时组")]
    path = f"/api/records/customer_group/{group['id']}"
    upload = ready(office, *rows)
    renamed = once(lambda: office.api.ok(office.api.call("PATCH", path, {"name": "改了名"})))
    assert upload.write(office.engine, office.admin, Choices(), renamed).added == 2
    assert customers(office)["乙厂"]["group"] == group["id"]

    other = office.samples.create("customer_group", name="另一组", parent=None)
    upload = ready(office, ("丙厂", "一般客户"), ("丁厂", "另一组"))
    gone = once(lambda: office.api.post("/api/records/customer_group/delete", {"ids": [other["id"]]}))
    with pytest.raises(Invalid, match=r"第 3 行.*没有导入任何一行"):
        upload.write(office.engine, office.admin, Choices(), gone)
    assert "丙厂" not in customers(office)


def test_a_record_that_somebody_changes_meanwhile_keeps_what_he_wrote(office: Office) -> None:
    old = office.samples.create("customer", name="老客户", short_name="旧", wechat="w")
    upload = checked(office.workstation, office.admin, xlsx(("客户编号", "简称"), (old["code"], "新")))
    path = f"/api/records/customer/{old['id']}"
    meanwhile = once(lambda: office.api.ok(office.api.call("PATCH", path, {"wechat": "w2"})))
    assert upload.write(office.engine, office.admin, Choices("update"), meanwhile).changed == 1
    row = office.api.get(path)["row"]
    assert (row["short_name"], row["wechat"]) == ("新", "w2")


def test_nobody_waits_while_rows_are_decided(office: Office) -> None:
    """Somebody saves between the rows: the writer is taken only to write."""
    upload = ready(office, *((f"第{n}家", "一般客户") for n in range(1_200)))
    saved: list[object] = []
    told = once(lambda: saved.append(office.samples.create("tag")))
    assert upload.write(office.engine, office.admin, Choices(), told).added == 1_200 and saved
    with office.engine.db.read() as db:
        (count, codes) = db.execute("SELECT count(code), count(DISTINCT code) FROM customer").fetchone()
    assert count == codes == 1_200, "every new record has a number of its own"
