"""打印模板: what somebody lays out is what stands on paper; what is wrong is said in words and never stops a print."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdfium2 import PdfDocument

from desktop.engine.documents.templates import filled_lines
from sync_server.replication.changeset import Op
from tests.modules.trading.shop import Shop
from tests.modules.trading.test_prints import started, words


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> dict[str, Any]:
    """Something sold."""
    (row,) = shop.rows("company_profile")
    given = {"name": "苏州衡远工业品有限公司", "phone": "0512-65980001", "print_footer": "货物当面点清"}
    shop.api.ok(shop.api.call("PATCH", f"/api/records/company_profile/{row['id']}", given))
    shop.product("P", spec="M12")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 5))
    return shop.sell(("P", 10, "12.5"))


def editor(shop: Shop) -> dict[str, Any]:
    return dict(shop.api.get("/api/templates"))


def shipped(shop: Shop, name: str = "sheet_a4", module: str = "sale") -> dict[str, Any]:
    (document,) = (one for one in editor(shop)["documents"] if one["module"] == module)
    (one,) = (one for one in document["prints"] if one["name"] == name)
    return dict(one["layout"])


def made(shop: Shop, base: str = "sheet_a4", is_default: bool = False, **changes: Any) -> str:
    layout = shipped(shop, base) | changes
    body = {"name": "我们的", "module": "sale", "base": base, "is_default": is_default, "layout": layout}
    return str(shop.api.post("/api/templates", body)["id"])


def refused(shop: Shop, **changes: Any) -> dict[str, str]:
    body = {"name": "我们的", "module": "sale", "base": "sheet_a4", "layout": shipped(shop) | changes}
    return dict(shop.api.refused("POST", "/api/templates", 422, body)["fields"])


def paper(shop: Shop, document: dict[str, Any], template: str) -> tuple[list[str], dict[str, Any]]:
    job = started(shop, "sale", document, f"template:{template}")
    content = shop.api.call("GET", f"/api/jobs/{job['id']}/view").content
    return words(content), job["result"]


def test_every_print_that_ships_is_a_layout_that_changes_nothing(shop: Shop, goods: dict[str, Any]) -> None:
    for document in editor(shop)["documents"]:
        for one in document["prints"]:
            body = {"name": "x", "module": document["module"], "base": one["name"], "layout": one["layout"]}
            assert shop.api.post("/api/templates", body)["id"], one["name"]
    as_shipped = shop.api.call("GET", f"/api/jobs/{started(shop, 'sale', goods, 'sheet_a4')['id']}/view").content
    ours, _ = paper(shop, goods, made(shop))
    assert [page.split() for page in ours] == [page.split() for page in words(as_shipped)]


def test_columns_titles_texts_copies_and_paper_are_those_of_the_template(shop: Shop, goods: dict[str, Any]) -> None:
    columns = [{"name": "qty", "width": 90}, {"name": "product_name", "width": 300}]
    id = made(
        shop, title="发货单", paper="form", columns=columns, copies=3, sums=["total"], spelled=False, footer=False,
        above="电话 {公司电话}", below="请 {客户} 收货后签字\n单号 {单据编号}", signs=["司机"],
    )  # fmt: skip
    pages, result = paper(shop, goods, id)
    assert len(pages) == 3 == result["pages"] and pages[0] == pages[2]
    text = pages[0].replace("　", "").replace(" ", "")
    assert "发货单" in text and "电话0512-65980001" in text and "请甲收货后签字" in text and "司机：" in text
    assert goods["row"]["number"] in text and text.index("数量") < text.index("名称")
    assert all(gone not in text for gone in ("单价", "大写", "货物当面点清", "制单"))


def test_a_line_of_a_template_with_nothing_to_say_is_left_out(shop: Shop, goods: dict[str, Any]) -> None:
    id = made(shop, above="物流 {物流单号}\n\n收货 {客户} {物流单号}", below="发票 {发票号} {物流单号}\n谢谢惠顾")
    pages, _ = paper(shop, goods, id)
    text = pages[0].replace("　", "").replace(" ", "")
    assert "收货甲" in text and "谢谢惠顾" in text
    assert "物流" not in text and "发票" not in text
    assert filled_lines("{a}\n\n甲{b}乙\n丙", {"a": " ", "b": "1"}.get) == "\n甲1乙\n丙"
    assert filled_lines("签收：____ 电话：{a}", {"b": "1"}.get) == "签收：____ 电话：", "somebody signs there"


def test_a_template_of_prices_hidden_by_what_ships_shows_none(shop: Shop, goods: dict[str, Any]) -> None:
    columns = [{"name": "product_name", "width": 0}, {"name": "price", "width": 0}]
    pages, _ = paper(shop, goods, made(shop, "slip_a4", columns=columns))
    assert "12.5" not in pages[0]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"columns": [{"name": "no_such", "width": 0}]}, "columns", "没有「no_such」"),
        ({"columns": []}, "columns", "至少留一列"),
        ({"paper": "a0"}, "paper", "请选择纸张"),
        ({"above": "{不认识}"}, "above", "没有「{不认识}」"),
        ({"copies": 10}, "copies", "份数应是 1 到 9"),
        ({"below": "长" * 501}, "below", "最多 500 个字"),
        ({"head": "x"}, "head", "写法不对"),
        ({"head": [["x"]]}, "head", "写法不对"),
        ({"sums": ["product"]}, "sums", "没有「product」"),
        ({"columns": [{"name": "qty", "width": 0}] * 40}, "columns", "「数量」重复了"),
        ({"sums": ["total"] * 2}, "sums", "「合计金额」重复了"),
        ({"head": [[{"name": "number"}] * 2]}, "head", "「单据编号」重复了"),
        ({"title": "销货\0单"}, "title", "不能保存的控制字符"),
    ],
)
def test_what_is_wrong_is_said_at_its_part(shop: Shop, changes: dict[str, Any], field: str, said: str) -> None:
    assert said in refused(shop, **changes)[field]


def test_what_nobody_sees_is_left_out_of_texts(shop: Shop) -> None:
    made(shop, title="\u202e销货单", signs=["制单\u200b", "\u202e"], above="第一行\n第二行")
    (shown,) = editor(shop)["templates"]
    kept = shown["layout"]
    assert (kept["title"], kept["signs"], kept["above"]) == ("销货单", ["制单"], "第一行\n第二行")


def arrive(shop: Shop, id: str, layout: str) -> None:
    """A layout as another machine may have written it."""
    engine = shop.office.engine
    with engine.db.write():
        engine.applier.local([Op("print_template", id, "upd", {"layout": layout})], actor="")


def test_a_broken_template_prints_as_shipped_and_says_so(shop: Shop, goods: dict[str, Any]) -> None:
    id = made(shop)
    for layout in ("{", "[" * 15_000):
        arrive(shop, id, layout)
        (shown,) = editor(shop)["templates"]
        assert shown["layout"] is None and shown["fault"] == "模板的内容读不了"
        pages, result = paper(shop, goods, id)
        assert "销货单" in pages[0].replace("　", "") and "模板「我们的」不能用" in result["note"]
    gone = {"name": "旧的", "module": "sale", "base": "no_such", "layout": "{}"}
    id = shop.api.post("/api/records/print_template", gone)["row"]["id"]
    assert "已改用自带的样式" in paper(shop, goods, id)[1]["note"]


def test_a_template_is_offered_with_the_prints_of_its_document(shop: Shop, goods: dict[str, Any]) -> None:
    id = made(shop, is_default=True)
    (sale,) = (one for one in shop.api.get("/api/modules")["modules"] if one["name"] == "sale")
    offered = sale["document"]["prints"][-1]
    assert (offered["name"], offered["template"], offered["is_default"]) == (f"template:{id}", "我们的", True)
    shop.api.ok(shop.api.call("DELETE", f"/api/records/print_template/{id}"))
    shop.api.refused("POST", f"/api/documents/sale/{goods['row']['id']}/print", 404, {"name": f"template:{id}"})


def test_the_preview_is_of_the_newest_document_or_made_up(shop: Shop, tmp_path: Path, goods: dict[str, Any]) -> None:
    def proof(module: str, base: str, sample: bool) -> tuple[str, str]:
        body = {"module": module, "base": base, "layout": shipped(shop, base, module), "sample": sample}
        job = shop.api.post("/api/templates/preview", body)
        job = shop.api.ended(job)
        assert job["state"] == "done", job
        content = shop.api.call("GET", f"/api/jobs/{job['id']}/view").content
        return words(content)[0], job["result"]["note"]

    assert goods["row"]["number"] in proof("sale", "sheet_a4", False)[0]
    assert goods["row"]["number"] not in proof("sale", "sheet_a4", True)[0]
    assert "示例数据" in proof("quote", "sheet_a4", False)[1]
    for document in editor(shop)["documents"]:
        for one in document["prints"]:
            assert proof(document["module"], one["name"], True)[0], one["name"]


def test_the_logo_is_the_first_picture_of_the_company(shop: Shop, goods: dict[str, Any]) -> None:
    id = made(shop, logo=True)
    assert images(shop, goods, id) == 0
    (row,) = shop.rows("company_profile")
    content = io.BytesIO()
    Image.new("RGBA", (300, 100), (200, 30, 30, 255)).save(content, "PNG")
    headers = {"Content-Type": "application/octet-stream"}
    path = f"{shop.api.base}/api/files/company_profile/{row['id']}?name=logo.png"
    shop.api.ok(shop.api.session.post(path, data=content.getvalue(), headers=headers, timeout=20))
    assert images(shop, goods, id) == 1


def images(shop: Shop, goods: dict[str, Any], template: str) -> int:
    job = started(shop, "sale", goods, f"template:{template}")
    document = PdfDocument(shop.api.call("GET", f"/api/jobs/{job['id']}/view").content)
    try:
        return sum(one.type == 3 for one in document[0].get_objects())
    finally:
        document.close()


def test_who_may_not_change_settings_changes_no_template(shop: Shop) -> None:
    layout = shipped(shop)
    role = shop.api.post("/api/roles", {"values": {"name": "看看"}, "boxes": {
        "print_template": {"view": True, "add": True, "edit": True}, "sale": {"view": True, "print": True},
    }})["id"]  # fmt: skip
    department = shop.api.get("/api/lookup/department")["rows"][0]["id"]
    employee = shop.api.post("/api/records/employee", {"code": "z9", "name": "小张", "department": department})
    values = {"login_name": "zhang", "employee": employee["row"]["id"], "roles": [role], "password": "another secret"}
    shop.api.post("/api/records/operator", values)
    shop.api.sign_in("zhang", "another secret")
    assert editor(shop)["may_change"] is False
    body = {"name": "x", "module": "sale", "base": "sheet_a4", "layout": layout}
    shop.api.refused("POST", "/api/templates", 403, body)


@pytest.mark.parametrize("head", [[[{"name": []}]], [[{"name": {}}]], [[{"name": None}]]])
def test_a_name_that_is_no_word_is_refused_in_words(shop: Shop, head: Any) -> None:
    assert "这一项" in refused(shop, head=head)["head"]
    assert "这一项" in refused(shop, columns=head[0])["columns"]


def test_a_layout_that_came_from_elsewhere_stops_nothing(shop: Shop, goods: dict[str, Any]) -> None:
    kept = {"name": "坏", "module": "sale", "base": "sheet_a4"}
    for layout in ("[" * 15_000, "null", "1", '{"head":[[{"name":[]}]],"paper":"a4"}'):
        id = shop.api.post("/api/records/print_template", kept | {"layout": layout})["row"]["id"]
        (shown,) = editor(shop)["templates"]
        assert shown["layout"] is None and shown["fault"]
        assert "销货单" in paper(shop, goods, id)[0][0].replace("　", "")
        shop.api.ok(shop.api.call("DELETE", f"/api/records/print_template/{id}"))
