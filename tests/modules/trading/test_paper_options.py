"""What whoever prints may want for this once, pictures and seals on paper, and the same as a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from PIL import Image
from pypdfium2 import PdfDocument

from desktop.engine import attachments
from desktop.engine.documents import printing
from desktop.engine.documents.templates import Choice
from desktop.engine.qr import runs_of
from desktop.errors import Forbidden
from tests.modules.trading.shop import Shop
from tests.modules.trading.test_prints import flat, words


@pytest.fixture
def quoted(shop: Shop) -> dict[str, Any]:
    """An offer of one product with a picture and one without."""
    (row,) = shop.rows("company_profile")
    shop.api.ok(shop.api.call("PATCH", f"/api/records/company_profile/{row['id']}", {"name": "衡远"}))
    shop.customer()
    prices = {"price_1": 12_5000, "price_2": 11_2500, "price_3": 10_7500, "price_4": 9_9900}
    attach(shop, "product", shop.product("P", spec="M12", **prices), (200, 30, 30))
    shop.product("Q", **prices)
    return shop.enter("quote", {"customer": "甲"}, ("P", 10, "12.5"), ("Q", 2, "8"))


def attach(shop: Shop, module: str, id: str, colour: tuple[int, int, int], role: str = "") -> str:
    content = io.BytesIO()
    Image.new("RGB", (300, 300), colour).save(content, "PNG")
    headers = {"Content-Type": "application/octet-stream"}
    path = f"{shop.api.base}/api/files/{module}/{id}?name=a.png"
    file = shop.api.ok(shop.api.session.post(path, data=content.getvalue(), headers=headers, timeout=20))["id"]
    if role:
        shop.api.post(f"/api/file/{file}/role", {"role": role})
    return str(file)


def job(shop: Shop, module: str, document: Mapping[str, Any], verb: str, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = shop.api.post(f"/api/documents/{module}/{document['row']['id']}/{verb}", asked)
    found = shop.api.ended(found)
    assert found["state"] == "done", found
    return found


def printed(shop: Shop, module: str, document: Mapping[str, Any], **asked: Any) -> tuple[str, list[str], str]:
    """The words, the colours of its pictures, and what whoever prints is told."""
    done = job(shop, module, document, "print", **asked)
    data = shop.api.call("GET", f"/api/jobs/{done['id']}/view").content
    return flat(words(data)), colours(data), done["result"]["note"]


def colours(data: bytes) -> list[str]:
    pdf = PdfDocument(data)
    try:
        found = [one.get_bitmap().to_pil().convert("RGB") for one in pdf[0].get_objects() if one.type == 3]
        return ["#" + bytes(one.getpixel((one.width // 2, one.height // 2))).hex() for one in found]
    finally:
        pdf.close()


RED, BLUE, GREEN = "#c81e1e", "#1e1ec8", "#1ec81e"


def test_pictures_a_watermark_and_the_four_prices_stand_on_a_quote_when_they_are_wanted(
    shop: Shop, quoted: dict[str, Any]
) -> None:
    said, seen, _ = printed(shop, "quote", quoted, name="sheet_a4")
    assert not seen and "批发价" not in said and "图片" not in said and "仅供参考" not in said
    said, seen, note = printed(
        shop, "quote", quoted, name="sheet_a4", pictures=True, watermark="仅供参考{客户}",
        extras=["price_4", "price_2"],
    )  # fmt: skip
    assert seen == [RED] and not note
    for part in ("图片", "仅供参考甲", "批发价", "11.25", "代理价", "9.99", "125.00"):
        assert part in said, part
    assert "会员价" not in said and said.index("单价") < said.index("批发价") < said.index("代理价") < said.index(
        "金额"
    )
    said, seen, _ = printed(shop, "quote", quoted, name="sheet_form", extras=["cost_amount", "no_such"], watermark="")
    assert not seen and "单价" in said, "only what a print offers can be asked for"


def test_a_template_says_it_and_whoever_prints_says_otherwise(shop: Shop, quoted: dict[str, Any]) -> None:
    (about,) = (one for one in shop.api.get("/api/templates")["documents"] if one["module"] == "quote")
    layout = about["prints"][0]["layout"]
    columns = [*layout["columns"][:-1], {"name": "price_3", "width": 0}, layout["columns"][-1]]
    changed = layout | {"pictures": True, "watermark": "样张", "columns": columns}
    body = {"name": "带图", "module": "quote", "base": "sheet_a4", "layout": changed}
    name = f"template:{shop.api.post('/api/templates', body)['id']}"
    (module,) = (one for one in shop.api.get("/api/modules")["modules"] if one["name"] == "quote")
    (offered,) = (one for one in module["document"]["prints"] if one["name"] == name)
    assert offered["options"] == {"pictures": True, "watermark": "样张", "extras": ["price_3"], "seal": None}
    assert [one["label"] for one in offered["extras"]] == ["零售价", "批发价", "会员价", "代理价"]
    said, seen, _ = printed(shop, "quote", quoted, name=name)
    assert seen == [RED] and "样张" in said and "10.75" in said
    said, seen, _ = printed(shop, "quote", quoted, name=name, pictures=False, watermark="", extras=[])
    assert not seen and "样张" not in said and "10.75" not in said
    wrong = body | {"layout": changed | {"watermark": "{没有的}"}}
    assert "没有「{没有的}」" in shop.api.refused("POST", "/api/templates", 422, wrong)["fields"]["watermark"]


def test_a_quote_as_a_spreadsheet_says_what_its_paper_says_in_figures(shop: Shop, quoted: dict[str, Any]) -> None:
    asked = {"name": "sheet_a4", "extras": ["price_2"], "pictures": True}
    done = job(shop, "quote", quoted, "export", **asked)
    data = shop.api.call("GET", f"/api/jobs/{done['id']}/file").content
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    (heads,) = (row for row in rows if row[:2] == ["图片", "行"])
    assert "批发价" in heads and "会员价" not in heads
    (line,) = (row for row in rows if row[:2] == [1, "P"])
    assert 10 in line and 12.5 in line and 11.25 in line and 125 in line
    (totals,) = (row for row in rows if "合计" in row)
    assert totals == ["合计", 12, 141], "figures, to be reckoned with"
    assert any("壹佰肆拾壹元整" in str(row) for row in rows) and any(
        quoted["row"]["number"] in str(row) for row in rows
    )
    with ZipFile(io.BytesIO(data)) as package:
        assert sum(name.startswith("xl/media/") for name in package.namelist()) == 1


def test_neither_paper_nor_spreadsheet_tells_hidden_prices_or_goes_past_rights(
    shop: Shop, quoted: dict[str, Any]
) -> None:
    engine, admin, id = shop.office.engine, shop.office.admin, quoted["row"]["id"]
    wants = Choice(pictures=True, extras=["price_1", "price_2"])
    blind = printing.paper_of(engine, replace(admin, no_prices=True), "quote", id, "sheet_a4", "", choice=wants)
    assert "11.25" not in repr((blind.form, blind.cells)) and "批发价" not in repr(blind.form)
    some = replace(admin, everything=False, rights={"quote": frozenset({"view", "print"})}, scopes={"quote": "all"})
    paper = printing.paper_of(engine, some, "quote", id, "sheet_a4", "", lambda *_: 1 / 0, wants)  # type: ignore[arg-type]
    assert not any(paper.form.pictures), "pictures of products are for who sees products"
    with pytest.raises(Forbidden):
        printing.paper_of(engine, some, "quote", id, "sheet_a4", "", right="export")
    full = printing.paper_of(engine, admin, "quote", id, "sheet_a4", "", choice=wants)
    assert full.form.pictures == [None, None] and "1 个产品的图片还没下载" in full.note


# ------------------------------------------------------------------------------------------------------------- seals


@pytest.fixture
def sealed(shop: Shop, quoted: dict[str, Any]) -> dict[str, str]:
    (row,) = shop.rows("company_profile")
    attach(shop, "company_profile", row["id"], (30, 30, 200), "logo")
    old = attach(shop, "company_profile", row["id"], (1, 1, 1), "seal")
    return {"old": old, "seal": attach(shop, "company_profile", row["id"], (30, 200, 30), "seal")}


def clerk(shop: Shop) -> None:
    """Sells and prints, and may look at the company."""
    role = shop.api.post("/api/roles", {"values": {"name": "开单"}, "boxes": {
        "sale": dict.fromkeys(("view", "add", "edit", "post", "print"), True), "company_profile": {"view": True},
    }, "scopes": {"sale": "all"}})["id"]  # fmt: skip
    department = shop.api.get("/api/lookup/department")["rows"][0]["id"]
    employee = shop.api.post("/api/records/employee", {"code": "z9", "name": "小张", "department": department})
    values = {"login_name": "zhang", "employee": employee["row"]["id"], "roles": [role], "password": "another secret"}
    shop.api.post("/api/records/operator", values)
    shop.api.sign_in("zhang", "another secret")


def test_a_contract_bears_logo_and_seal_for_who_may_set_it_and_once_approved(
    shop: Shop, sealed: dict[str, str]
) -> None:
    order = {"doc_type": "order", "customer": "甲", "deliver_on": "2030-01-01"}
    plain = shop.enter("sale", order, ("P", 1, 10))
    draft = shop.enter("sale", order, ("P", 2, 10), post=False)
    said, seen, note = printed(shop, "sale", plain, name="contract")
    assert sorted(seen) == [BLUE, GREEN] and not note and "供方（盖章）" in said, "the one that was made the seal last"
    assert printed(shop, "sale", plain, name="contract", seal=False)[1:] == ([BLUE], "")
    assert printed(shop, "sale", draft, name="contract")[1:] == ([BLUE], "没有过账的不盖章。")
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {"approval.sale": True}}))
    approved = shop.enter("sale", order, ("P", 3, 10))
    approved = shop.api.post(f"/api/documents/sale/{approved['row']['id']}/approve")
    assert approved["row"]["approval"] == "approved"
    clerk(shop)
    assert "没有盖章：要有「系统设置」权限" in printed(shop, "sale", plain, name="contract")[2]
    assert printed(shop, "sale", plain, name="contract")[1] == [BLUE]
    assert sorted(printed(shop, "sale", approved, name="contract")[1]) == [BLUE, GREEN]
    shop.api.refused("GET", f"/api/file/{sealed['seal']}/content", 403)
    shop.api.refused("GET", f"/api/file/{sealed['seal']}/thumbnail", 403)
    shop.api.refused("POST", f"/api/file/{sealed['seal']}/role", 403, {"role": "image"})
    shop.api.refused("GET", f"/api/file/{sealed['old']}/content", 403)  # once a seal, for nobody else's eyes


def test_a_seal_that_was_replaced_is_no_logo(shop: Shop) -> None:
    (row,) = shop.rows("company_profile")
    shop.customer()
    shop.product("P")
    old, new = (attach(shop, "company_profile", row["id"], one, "seal") for one in ((200, 30, 30), (30, 200, 30)))
    sold = shop.enter("sale", {"doc_type": "order", "customer": "甲", "deliver_on": "2030-01-01"}, ("P", 1, 10))
    assert printed(shop, "sale", sold, name="contract")[1] == [GREEN]
    clerk(shop)
    assert printed(shop, "sale", sold, name="contract")[1] == []
    for one in (old, new):
        shop.api.refused("GET", f"/api/file/{one}/content", 403)


def test_emblems_are_found_without_looking_at_every_file(shop: Shop, sealed: dict[str, str]) -> None:
    asked: list[str] = []
    with shop.office.engine.db.read() as db:
        db.set_trace_callback(asked.append)
        assert len(attachments.emblems(db, "company_profile", "seal", "image")) == 1
        db.set_trace_callback(None)
        steps = [str(row["detail"]) for row in db.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")]
    assert any("ix_attachment_record" in step for step in steps) and not any("SCAN" in step for step in steps), steps


def test_only_pictures_of_who_has_emblems_become_one(shop: Shop, sealed: dict[str, str]) -> None:
    attached = attach(shop, "product", shop.names["Q"], (9, 9, 9))
    shop.api.refused("POST", f"/api/file/{attached}/role", 400, {"role": "seal"})
    shop.api.refused("POST", f"/api/file/{sealed['seal']}/role", 400, {"role": "card"})
    shop.api.post(f"/api/file/{sealed['seal']}/role", {"role": "image"})
    order = {"doc_type": "order", "customer": "甲", "deliver_on": "2030-01-01"}
    assert printed(shop, "sale", shop.enter("sale", order, ("P", 1, 10)), name="contract")[1:] == ([BLUE], "")


# ------------------------------------------------------------------------------------------------------------- codes


def test_a_receipt_bears_its_number_for_a_camera(shop: Shop, quoted: dict[str, Any]) -> None:
    shop.enter("stock_entry", {"kind": "other_in"}, {"product": shop.names["P"], "qty": 90_0000, "unit_cost": 10000})
    sold = shop.sell(("P", 1, 10), doc_type="retail", paid_amount=10, tendered=10)
    number = sold["row"]["number"]
    for name in ("receipt_80", "receipt_58"):
        paper = printing.paper_of(shop.office.engine, shop.office.admin, "sale", sold["row"]["id"], name, "")
        assert paper.form.qr == number
        done = job(shop, "sale", sold, "print", name=name)
        data = shop.api.call("GET", f"/api/jobs/{done['id']}/view").content
        assert seen_by_camera(data) == [list(row) for row in modules(number)], name


def modules(text: str) -> list[list[bool]]:
    runs, size = runs_of(text)
    found = [[False] * size for _ in range(size)]
    for row, start, wide in runs:
        found[row][start : start + wide] = [True] * wide
    return found


def seen_by_camera(data: bytes) -> list[list[bool]]:
    """The squares of the code on a page: all that is filled on it."""
    pdf = PdfDocument(data)
    try:
        found = [one.get_bounds() for one in pdf[0].get_objects() if one.type == 2]
    finally:
        pdf.close()
    boxes = [(left, top, right) for left, bottom, right, top in found if top - bottom > 1.5]
    start, end, above = min(one[0] for one in boxes), max(one[2] for one in boxes), max(one[1] for one in boxes)
    step = next(right - left for left, top, right in boxes if top == above and left == start) / 7  # of its corner
    size = round((end - start) / step)
    rows = [[False] * size for _ in range(size)]
    for left, top, right in boxes:
        first, wide = round((left - start) / step), round((right - left) / step)
        rows[round((above - top) / step)][first : first + wide] = [True] * wide
    return rows
