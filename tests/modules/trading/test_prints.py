"""Single documents on paper: the file is opened again and read, as a person with another program would."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from desktop.engine import form
from desktop.engine.documents import printing
from desktop.errors import Forbidden, NotFound
from tests.modules.trading.shop import Shop, fen, scaled

MM = 72 / 25.4


@pytest.fixture
def company(shop: Shop) -> Shop:
    """With letterhead, stock and a customer whose particulars are known."""
    api = shop.api
    (row,) = api.get("/api/records/company_profile")["rows"]
    given = {
        "name": "苏州衡远工业品有限公司", "short_name": "衡远五金", "address": "苏州市吴中区东吴南路 128 号",
        "phone": "0512-65980001", "tax_no": "91320506MA1NXXXX3K", "bank_name": "工商银行吴中支行",
        "bank_account": "1102 0206 0900 0123", "print_footer": "货物当面点清，谢谢惠顾",
    }  # fmt: skip
    api.ok(api.call("PATCH", f"/api/records/company_profile/{row['id']}", given))
    shop.customer("甲", address="无锡市新吴区长江路 9 号", phone="0510-88110022", bank_name="建设银行")
    shop.supplier("乙")
    shop.product("六角螺栓 GB/T 5783 全螺纹 镀锌 A2-70 M12×80", spec="M12×80")
    shop.product("P", spec="10 mm")
    stock = [{"product": shop.names[one], "qty": 9_000_0000, "unit_cost": 33300} for one in ("P", LONG)]
    shop.enter("stock_entry", {"kind": "other_in"}, *stock)
    return shop


LONG = "六角螺栓 GB/T 5783 全螺纹 镀锌 A2-70 M12×80"


def sold(shop: Shop, *lines: Any, **values: Any) -> dict[str, Any]:
    return shop.sell(*(lines or (("P", 10, "12.5"), (LONG, 3, "1.99"))), **values)


def printed(shop: Shop, module: str, document: Mapping[str, Any], name: str) -> list[str]:
    """The words of every page, through the API."""
    job = started(shop, module, document, name)
    answer = shop.api.call("GET", f"/api/jobs/{job['id']}/view")
    return words(answer.content)


def started(shop: Shop, module: str, document: Mapping[str, Any], name: str) -> dict[str, Any]:
    job: dict[str, Any] = shop.api.post(f"/api/documents/{module}/{document['row']['id']}/print", {"name": name})
    job = shop.api.ended(job)
    assert job["state"] == "done", job
    return job


def words(data: bytes) -> list[str]:
    document = PdfDocument(data)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def sizes(path: Path) -> list[tuple[float, float]]:
    document = PdfDocument(path)
    try:
        return [(round(page.get_width() / MM), round(page.get_height() / MM)) for page in document]
    finally:
        document.close()


def flat(pages: Sequence[str]) -> str:
    return re.sub(r"\s", "", "".join(pages))


# --------------------------------------------------------------------------------------------------- what it says


def test_a_sale_on_a_sheet_says_who_what_and_how_much_in_words(company: Shop) -> None:
    document = sold(company, discount_amount=1, paid_amount=30, note="送到三号门")
    (page,) = printed(company, "sale", document, "sheet_a4")
    said = flat([page])
    for part in (
        "苏州衡远工业品有限公司", "销货单", document["row"]["number"], "客户：甲",
        "六角螺栓GB/T5783全螺纹镀锌A2-70M12×80",
        "12.50", "125.00", "5.97", "合计", "130.97", "整单优惠：1.00", "已收：30.00", "未收：99.97",
        "合计金额（大写）：壹佰贰拾玖元玖角柒分", "备注：送到三号门", "客户签收：", "第1页，共1页", "货物当面点清",
    ):  # fmt: skip
        assert part in said, part
    assert "3.33" not in said and "成本" not in said


@pytest.mark.parametrize("name", ["slip_a4", "slip_form"])
def test_a_slip_of_the_storehouse_has_no_price(company: Shop, name: str) -> None:
    said = flat(printed(company, "sale", sold(company), name))
    assert "出库单" in said and "10" in said and "六角螺栓" in said
    for part in ("12.50", "125.00", "130.97", "单价", "金额", "大写"):
        assert part not in said, part


def test_a_receipt_names_shop_change_and_machine(company: Shop) -> None:
    document = sold(company, doc_type="retail", paid_amount="130.97", tendered=150)
    for name in ("receipt_80", "receipt_58"):
        (page,) = printed(company, "sale", document, name)
        said = flat([page])
        for part in ("衡远五金", "销售小票", "130.97", "实收150.00", "找零19.03", "本机号：01A1", "谢谢惠顾"):
            assert part in said, (name, part)


def test_what_was_received_and_is_still_open_comes_to_the_total_when_it_is_printed(company: Shop) -> None:
    document = sold(company, paid_amount=30, write_off_amount="0.97")
    about = {"target_kind": "sale", "target": document["row"]["id"], "amount": 4_000, "write_off_amount": 100}
    company.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 39}, about)
    for name in ("sheet_a4", "ticket_80"):
        said = flat(printed(company, "sale", document, name)).replace("：", "")
        for part in ("合计金额130.97", "抹零0.97", "已收70.00", "未收60.00"):
            assert part in said, (name, part)
        assert "本次收款" not in said
    company.cancel("settlement", company.rows("settlement")[0] | {"row": company.rows("settlement")[0]})
    row = company.cancel("sale", document)["row"]
    assert (row["settled"], row["outstanding"]) == (None, 0)


def test_what_is_paid_ahead_for_an_order_stands_on_it(company: Shop) -> None:
    document = sold(company, doc_type="order", deliver_on="2030-01-01", paid_amount=30, account="现金")
    assert "已收：30.00" in flat(printed(company, "sale", document, "sheet_a4"))


def test_retail_slips_say_what_was_taken_off(company: Shop) -> None:
    document = sold(company, doc_type="retail", write_off_amount="0.97", paid_amount=130, tendered=150)
    said = flat(printed(company, "sale", document, "receipt_80"))
    for part in ("抹零0.97", "已收130.00", "实收150.00", "找零20.00"):
        assert part in said, part


def test_a_refund_is_called_so(company: Shop) -> None:
    modules = {one["name"]: one for one in company.api.get("/api/modules")["modules"]}
    called = modules["sale"]["document"]["called"]["return"]
    assert called.items() >= {"paid_amount": "本次退款", "account": "退款账户", "tendered": "实退"}.items()
    about = {"doc_type": "return", "customer": "甲", "paid_amount": 90, "account": "现金"}
    refused = company.refused("sale", about, ("P", 4, 20))["fields"]["paid_amount"]
    assert refused == "退款比合计 80.00 多 10.00"
    refused = company.refused("sale", about | {"doc_type": "sale"}, ("P", 4, 20))["fields"]["paid_amount"]
    assert refused == "收款比合计 80.00 多 10.00，多收的另做一张收款单，会转入预收"


def test_a_contract_has_both_parties_and_its_terms(company: Shop) -> None:
    said = flat(printed(company, "sale", sold(company), "contract"))
    for part in (
        "购销合同", "名称：苏州衡远工业品有限公司", "91320506MA1NXXXX3K", "无锡市新吴区长江路9号", "违约责任",
        "供方（盖章）：", "需方（盖章）：", "壹佰叁拾元玖角柒分",
    ):  # fmt: skip
        assert part in said, part
    assert (said.count("地址："), said.count("税号："), said.count("法人代表")) == (2, 1, 0), (
        "what nobody entered is left out"
    )
    (row,) = company.api.get("/api/records/company_profile")["rows"]
    given = {"contract_terms": "一、先款后货。\n二、运费由供方承担。"}
    company.api.ok(company.api.call("PATCH", f"/api/records/company_profile/{row['id']}", given))
    said = flat(printed(company, "sale", sold(company), "contract"))
    assert "二、运费由供方承担。" in said and "违约责任" not in said


def test_every_kind_has_its_title(company: Shop) -> None:
    bought = company.buy(("P", 5, 4))
    assert "进货单" in flat(printed(company, "purchase", bought, "sheet_form"))
    slip = flat(printed(company, "purchase", bought, "slip_a4"))
    assert "入库单" in slip and "4.00" not in slip
    order = company.buy(("P", 5, 4), doc_type="order", deliver_on="2030-01-01")
    assert "进货订货单" in flat(printed(company, "purchase", order, "sheet_a4"))
    quoted = company.enter("quote", {"customer": "甲"}, ("P", 5, 4))
    assert "报价单" in flat(printed(company, "quote", quoted, "sheet_a4"))
    taken = company.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 1234.5})
    said = flat(printed(company, "settlement", taken, "voucher_form"))
    assert "收款收据" in said and "壹仟贰佰叁拾肆元伍角整" in said
    along = company.read("settlement", {"row": {"id": sold(company, paid_amount=30)["row"]["receipt"]}})
    said = flat(printed(company, "settlement", along, "voucher_a4"))
    assert "收款收据" in said and "叁拾元整" in said and "100.97" in said, "what is still owed"
    paid = company.enter("settlement", {"kind": "advance_out", "supplier": "乙", "amount": 7})
    assert "付款凭单" in flat(printed(company, "settlement", paid, "voucher_a4"))
    company.customer("乙方", linked_supplier=company.names["乙"])
    owed = company.sell(("P", 1, 1500), customer="乙方")
    bought = company.buy(("P", 300, 5))
    lines = [
        {"target_kind": module, "target": one["row"]["id"], "amount": fen(1500)}
        for module, one in (("sale", owed), ("purchase", bought))
    ]
    offset = company.enter("settlement", {"kind": "offset", "customer": "乙方", "supplier": "乙"}, *lines)
    said = flat(printed(company, "settlement", offset, "voucher_a4"))
    assert "往来抵销单" in said and "壹仟伍佰元整" in said and "3,000.00" not in said
    used = company.enter("stock_entry", {"kind": "use"}, {"product": company.names["P"], "qty": 10_000})
    assert "出库单" in flat(printed(company, "stock_entry", used, "slip_form"))


def test_what_does_not_count_says_so(company: Shop) -> None:
    draft = company.enter("sale", {"customer": "甲"}, ("P", 1, 1), post=False)
    assert "销货单（草稿）" in flat(printed(company, "sale", draft, "sheet_a4"))
    gone = company.cancel("sale", sold(company))
    assert "销货单（已作废）" in flat(printed(company, "sale", gone, "sheet_a4"))


# ------------------------------------------------------------------------------------------------------- rights


def test_prices_that_a_user_does_not_see_are_on_none_of_his_papers(company: Shop) -> None:
    document = sold(company)
    engine, blind = company.office.engine, replace(company.office.admin, no_prices=True)
    for name in ("sheet_a4", "sheet_form", "ticket_80", "ticket_58", "contract"):
        paper = printing.paper_of(engine, blind, "sale", document["row"]["id"], name, "")
        said = repr(paper.form)
        for part in ("12.50", "125.00", "130.97", "壹佰", "单价"):
            assert part not in said, (name, part)


def test_who_may_not_print_prints_nothing(company: Shop) -> None:
    document = sold(company)
    id, engine = document["row"]["id"], company.office.engine
    looks = replace(company.office.admin, everything=False, rights={"sale": frozenset({"view"})},
                    scopes={"sale": "all"})  # fmt: skip
    with pytest.raises(Forbidden, match="打印"):
        printing.paper_of(engine, looks, "sale", id, "sheet_a4", "")
    own = replace(looks, rights={"sale": frozenset({"view", "print"})}, scopes={"sale": "own"}, employee="nobody")
    with pytest.raises(NotFound):
        printing.paper_of(engine, replace(own, operator="nobody"), "sale", id, "sheet_a4", "")
    with pytest.raises(NotFound, match="打印"):
        printing.paper_of(engine, company.office.admin, "sale", id, "voucher_a4", "")


def test_particulars_of_a_customer_whom_one_may_not_see_stay_away(company: Shop) -> None:
    document = sold(company)
    some = replace(company.office.admin, everything=False, rights={"sale": frozenset({"view", "print"})},
                   scopes={"sale": "all"})  # fmt: skip
    paper = printing.paper_of(company.office.engine, some, "sale", document["row"]["id"], "contract", "")
    said = repr(paper.form.parties)
    assert "甲" in said and "长江路" not in said and "88110022" not in said


# -------------------------------------------------------------------------------------------------- print count


def test_a_print_counts_when_it_is_saved_or_printed_and_not_before(company: Shop) -> None:
    document = sold(company)
    job = started(company, "sale", document, "sheet_a4")
    assert company.read("sale", document)["row"]["print_count"] == 0
    company.api.post(f"/api/jobs/{job['id']}/print")
    company.api.post(f"/api/jobs/{job['id']}/save")
    found = company.read("sale", document)
    assert found["row"]["print_count"] == 2 and found["row"]["version"] == 1


def test_declared_names_are_fields_of_header_and_lines(company: Shop) -> None:
    registry = company.office.engine.registry
    for definition in registry:
        document = definition.module.document
        for one in document.prints if document else ():
            header = " ".join((*one.head, one.sums, one.notes, one.spelled.field if one.spelled else ""))
            for word in header.split():
                assert word.partition(":")[0] in definition.fields, (definition.name, one.name, word)
            assert document and set(one.columns.split()) <= registry.lines_of(document).fields.keys()
            kinds = set(document.prefixes) if document.kind else {""}
            assert set(one.titles) <= kinds, (definition.name, one.name)


# ----------------------------------------------------------------------------------------------------- the paper


def many(company: Shop, count: int, paper: form.Paper) -> form.Form:
    document = sold(company)
    name = "ticket_80" if paper.startswith("roll") else "sheet_a4"
    made = printing.paper_of(
        company.office.engine, company.office.admin, "sale", document["row"]["id"], name, "打印"
    ).form
    first = 0 if paper.startswith("roll") else 1
    rows = []
    for number in range(1, count + 1):
        row = list(made.rows[number % 2])
        row[first] = f"品{number}号 {row[first]}"
        rows.append(row)
    return replace(made, paper=paper, rows=rows)


@pytest.mark.parametrize(("paper", "size"), [("a4", (210, 297)), ("form", (241, 140))])
def test_two_hundred_lines_break_over_pages_with_their_heads(
    company: Shop, tmp_path: Path, paper: form.Paper, size: tuple[int, int]
) -> None:
    target = tmp_path / "many.pdf"
    count = form.write(target, many(company, 200, paper), lambda page: None)
    pages = words(target.read_bytes())
    assert len(pages) == count > 5 and set(sizes(target)) == {size}
    for number, page in enumerate(pages, 1):
        said = flat([page])
        assert f"第{number}页，共{count}页" in said and "数量" in said and "销货单" in said, number
    together = flat(pages)
    assert all(f"品{number}号" in together for number in range(1, 201))
    assert "大写" in pages[-1] and "品200号" in flat([pages[-1]]), "the sum is never alone"


@pytest.mark.parametrize(("paper", "width"), [("roll80", 80), ("roll58", 58)])
def test_a_roll_is_as_long_as_it_needs_to_be(
    company: Shop, tmp_path: Path, paper: form.Paper, width: int
) -> None:  # fmt: skip
    heights = []
    for count in (1, 20, 200):
        target = tmp_path / f"{count}.pdf"
        assert form.write(target, many(company, count, paper), lambda page: None) == 1
        ((wide, high),) = sizes(target)
        assert wide == width
        heights.append(high)
    assert heights[0] < 115 < heights[1] < heights[2]
    per_line = (heights[2] - heights[1]) / 180
    assert 5 < per_line < 20


def test_a_roll_longer_than_any_reader_shows_goes_on_with_the_next(company: Shop, tmp_path: Path) -> None:
    target = tmp_path / "long.pdf"
    assert form.write(target, many(company, 800, "roll58"), lambda page: None) > 1
    together = flat(words(target.read_bytes()))
    assert all(f"品{number}号" in together for number in range(1, 801))


def test_screens_are_told_of_the_prints(company: Shop) -> None:
    modules = {one["name"]: one for one in company.api.get("/api/modules")["modules"]}
    offered = [one["name"] for one in modules["sale"]["document"]["prints"]]
    assert offered[0] == "receipt_80" and {"sheet_a4", "slip_form", "contract"} <= set(offered)
    spelled = {name: one["document"]["spelled"] for name, one in modules.items() if one["document"]}
    assert spelled | {"sale": "total", "account_transfer": "amount", "settlement": "amount"} == spelled
    assert spelled["stock_entry"] is spelled["opening_party"] is None, "no paper has an amount of these in words"


def test_what_is_still_to_be_given_back_stands_as_the_total_does(company: Shop) -> None:
    """E: 合计 80.00 beside 未收 −80.00 reads like two different things."""
    shop = company
    back = shop.enter("sale", {"doc_type": "return", "customer": "甲"}, ("P", 4, 20), confirmed=["never_had"])
    text = "".join(printed(shop, "sale", back, "sheet_a4"))
    assert "未退" in text and "80.00" in text and "−80.00" not in text and "未收" not in text
    bought = shop.buy(("P", 5, 10))
    line = {**bought["lines"][0], "id": None, "origin_line": bought["lines"][0]["id"], "qty": scaled(2)}
    returned = shop.enter("purchase", {"doc_type": "return", "supplier": "乙"}, line)
    text = "".join(printed(shop, "purchase", returned, "sheet_a4"))
    assert "未退" in text and "−20.00" not in text and "未付" not in text
    assert "未付" in "".join(printed(shop, "purchase", bought, "sheet_a4"))
