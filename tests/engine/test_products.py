"""产品信息 (modules.md 2.2.1): rules, the price kept beside, what finds a product, 调价."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.engine import adjusting, lists, records, search
from desktop.engine.access import Principal
from desktop.engine.adjusting import Formula
from desktop.engine.query import Query
from desktop.errors import BadRequest, Forbidden, InUse, Invalid, NotFound
from tests.engine.kit import Desk, assert_sound, open_desk, open_pair
from tests.support import copy_of


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_desk(copy_of(template, tmp_path / "data")) as opened:
        yield opened
        assert_sound(opened.engine)


def product(desk: Desk, name: str = "深沟球轴承 6205", **values: Any) -> dict[str, Any]:
    values.setdefault("category", desk.id_of("product_category", "未分类"))
    return desk.save("product", name=name, **values)


def unit(desk: Desk, name: str) -> str:
    (found,) = desk.ask("SELECT id FROM dict_item WHERE list = 'unit' AND name = ?", name)
    return str(found[0])


def refused(desk: Desk, module: str, id: str | None = None, **values: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        desk.save(module, id=id, **values)
    return error.value.fields


def with_only(desk: Desk, *special: str, words: str = "view add edit", **more: Any) -> Principal:
    """Somebody who may work on products, with these special rights alone."""
    modules = ("product", "product_barcode", "product_unit", "product_supplier")
    rights = {module: frozenset(words.split()) for module in modules}
    return replace(desk.admin, everything=False, rights=rights, special=frozenset(special), **more)


# ------------------------------------------------------------------ numbers of products


def test_the_number_is_drawn_or_typed_and_never_drawn_twice(desk: Desk) -> None:
    drawn = product(desk)["code"]
    assert drawn.startswith("CP01A1") and drawn.endswith("00001")
    following = f"{drawn[:-1]}2"
    assert product(desk, code=following)["code"] == following
    assert product(desk)["code"] == f"{drawn[:-1]}3"
    assert product(desk, code="BR-6205")["code"] == "BR-6205"


def test_a_number_is_changed_but_not_taken_away(desk: Desk) -> None:
    made = product(desk)
    assert desk.save("product", id=made["id"], code="新编号")["code"] == "新编号"
    assert refused(desk, "product", made["id"], code=None) == {"code": "请填写「产品编号」"}


def test_a_double_number_is_hinted_at_not_refused(desk: Desk) -> None:
    product(desk, code="BR-1")
    second = product(desk, "另一种", code="BR-1")
    (hint,) = search.similar(desk.engine, desk.admin, "product", {"code": "BR-1"}, second["id"])
    assert "产品编号相同" in "".join(hint["reasons"])


# ----------------------------------------------------------------------------- rules


def test_p1_the_lower_limit_is_not_above_the_upper(desk: Desk) -> None:
    made = product(desk, stock_min=50_000, stock_max=50_000)
    assert refused(desk, "product", made["id"], stock_max=40_000) == {"stock_max": "库存上限不能小于库存下限"}
    assert desk.save("product", id=made["id"], stock_max=None)["stock_max"] is None


def test_units_are_others_than_the_base_unit_and_more_than_nothing(desk: Desk) -> None:
    made = product(desk)
    assert made["unit"] == unit(desk, "个")
    box = {"product": made["id"], "unit": unit(desk, "箱")}
    assert refused(desk, "product_unit", **box, ratio=0) == {"ratio": "换算数量要大于 0"}
    assert "unit" in refused(desk, "product_unit", product=made["id"], unit=made["unit"], ratio=10_000)
    assert desk.save("product_unit", **box, ratio=120_000)["name"] == "箱"


def test_a_barcode_stands_once_in_a_product_and_for_a_unit_of_it(desk: Desk) -> None:
    one, other = product(desk), product(desk, "别的")
    box = desk.save("product_unit", product=other["id"], unit=unit(desk, "箱"), ratio=120_000)
    desk.save("product_barcode", product=one["id"], barcode="6901234567892")
    assert "barcode" in refused(desk, "product_barcode", product=one["id"], barcode="６９０1234567892")
    assert "unit_row" in refused(desk, "product_barcode", product=one["id"], barcode="1", unit_row=box["id"])
    desk.save("product_barcode", product=other["id"], barcode="6901234567892", unit_row=box["id"])  # only hinted at
    hint = search.similar(desk.engine, desk.admin, "product_barcode", {"barcode": "6901234567892"})
    assert len(hint) == 2


def test_the_first_barcode_is_the_main_one_until_another_is_chosen(desk: Desk) -> None:
    made = product(desk)
    first = desk.save("product_barcode", product=made["id"], barcode="111")
    second = desk.save("product_barcode", product=made["id"], barcode="222")
    assert (first["is_main"], second["is_main"]) == (True, False)
    assert desk.value("product", made["id"], "main_barcode") == first["id"]
    desk.save("product_barcode", id=second["id"], is_main=True)
    assert desk.value("product", made["id"], "main_barcode") == second["id"]


def test_a_new_product_brings_its_barcode_along(desk: Desk) -> None:
    """In one save; later the barcode itself is changed, and who may not add one cannot bring one."""
    made = product(desk, barcode=" 6901234 567892")
    (code,) = lists.page(desk.engine, desk.admin, "product_barcode", Query())["rows"]
    assert code["barcode"] == "6901234567892" and code["product"] == made["id"] and code["is_main"]
    assert made["main_barcode"] == code["id"] and made["barcode"] is None
    assert refused(desk, "product", id=made["id"], barcode="x") == {"barcode": "「条码」请在「条码」里添加"}
    assert product(desk, name="没有条码")["main_barcode"] is None
    without = replace(
        with_only(desk), rights={"product": frozenset(("view", "add")), "product_category": frozenset(("view",))}
    )
    values = {"name": "无权", "category": desk.id_of("product_category", "未分类"), "barcode": "1"}
    with pytest.raises(Forbidden):
        records.save(desk.engine, without, "product", values)


def test_prices_are_the_office_s_where_the_company_says_so(desk: Desk) -> None:
    """`price.office_only`: who has no right to the settings writes no reference price."""
    made = product(desk, price_1=1_0000)
    clerk = with_only(desk)
    records.save(desk.engine, clerk, "product", {"price_1": 2_0000}, id=made["id"])
    strict = replace(clerk, strict=frozenset(("price.office_only",)))
    with pytest.raises(Invalid) as error:
        records.save(desk.engine, strict, "product", {"price_1": 3_0000}, id=made["id"])
    assert "不能直接修改" in error.value.fields["price_1"]
    records.save(desk.engine, strict, "product", {"min_price": 1_0000}, id=made["id"])
    formula = Formula("price_1", "price_1", 110 * 10_000, 0, 100)
    with pytest.raises(Invalid):
        adjusting.preview(desk.engine, strict, "product", [made["id"]], formula)
    office = replace(strict, special=frozenset(("settings",)))
    records.save(desk.engine, office, "product", {"price_1": 3_0000}, id=made["id"])


def test_a_category_with_products_stays(desk: Desk) -> None:
    category = desk.save("product_category", name="轴承")["id"]
    product(desk, category=category)
    with pytest.raises(InUse, match="还有 1 个产品在用"):
        desk.delete("product_category", category)


def test_what_belongs_to_a_product_goes_and_comes_back_with_it(desk: Desk) -> None:
    made = product(desk, purchase_price=31_000)
    code = desk.save("product_barcode", product=made["id"], barcode="111")
    box = desk.save("product_unit", product=made["id"], unit=unit(desk, "箱"), ratio=120_000)
    warehouse = desk.id_of("warehouse", "主仓")
    limit = desk.save("stock_limit", product=made["id"], warehouse=warehouse, stock_min=1, place="A-01")
    children = {"product_barcode": code, "product_unit": box, "stock_limit": limit}
    desk.delete("product", made["id"])
    assert all(desk.value(module, row["id"], "deleted_at") for module, row in children.items())
    desk.restore("product", made["id"])
    assert not any(desk.value(module, row["id"], "deleted_at") for module, row in children.items())
    back = records.get(desk.engine, desk.admin, "product", made["id"])["row"]
    assert (back["purchase_price"], back["main_barcode"]) == (31_000, code["id"])


# ------------------------------------------------------------------------ finding


@pytest.mark.parametrize("text", ["BR-6205", "深沟", "sgqzc", "P5 双封", "6205-2RS", "2103713091070", "21037"])
def test_a_product_is_found_by_number_name_initials_model_and_any_barcode(desk: Desk, text: str) -> None:
    wanted = product(desk, "深沟球轴承", code="BR-6205", spec="P5 双封", model="6205-2RS")
    product(desk, "气动接头", code="PN-1")
    box = desk.save("product_unit", product=wanted["id"], unit=unit(desk, "箱"), ratio=120_000)
    desk.save("product_barcode", product=wanted["id"], barcode="2142903394454")
    desk.save("product_barcode", product=wanted["id"], barcode="2103713091070", unit_row=box["id"])
    rows = search.lookup(desk.engine, desk.admin, "product", text=text)["rows"]
    assert [row["id"] for row in rows] == [wanted["id"]]
    groups = search.everywhere(desk.engine, desk.admin, text)
    assert wanted["id"] in [row["id"] for group in groups if group["module"] == "product" for row in group["rows"]]


def test_a_record_knows_where_it_stands_in_a_list(desk: Desk) -> None:
    ids = [product(desk, f"件{n}", code=f"A{n:03d}", price_1=n)["id"] for n in range(300)]

    def at(id: str, **query: Any) -> int | None:
        return lists.place_of(desk.engine, desk.admin, "product", Query(**query), id)

    assert (at(ids[250], sort="code"), at(ids[250], sort="-code")) == (250, 49)
    assert at(ids[7], sort="code", filter={"and": [{"field": "price_1", "op": "ge", "value": 5}]}) == 2
    assert at(ids[3], sort="code", filter={"and": [{"field": "price_1", "op": "ge", "value": 5}]}) is None
    assert at("f" * 32) is None
    with pytest.raises(Forbidden):
        lists.place_of(desk.engine, with_only(desk, words=""), "product", Query(), ids[0])


def test_who_may_not_see_barcodes_finds_nothing_by_them(desk: Desk) -> None:
    made = product(desk)
    desk.save("product_barcode", product=made["id"], barcode="2142903394454")
    blind = replace(with_only(desk), rights={"product": frozenset(("view",))})
    assert not search.lookup(desk.engine, blind, "product", text="2142903394454")["rows"]


# ------------------------------------------------------------------ 参考进价, kept beside


def test_the_purchase_price_stands_in_a_table_of_its_own(desk: Desk) -> None:
    made = product(desk, purchase_price=31_000)
    assert "purchase_price" not in desk.row("product", made["id"])
    (row,) = desk.ask("SELECT product, purchase_price, unit_row FROM product_cost")
    assert tuple(row) == (made["id"], 31_000, None)
    changed = desk.save("product", id=made["id"], purchase_price=32_000)
    assert changed["purchase_price"] == 32_000
    assert [row[0] for row in desk.ask("SELECT purchase_price FROM product_cost")] == [32_000]
    assert desk.save("product", id=made["id"], purchase_price=None)["purchase_price"] is None


def test_without_the_right_the_purchase_price_is_nowhere(desk: Desk) -> None:
    made = product(desk, purchase_price=31_000)
    somebody, buyer = with_only(desk), with_only(desk, "see_purchase_price")
    assert "purchase_price" not in records.get(desk.engine, somebody, "product", made["id"])["row"]
    assert records.get(desk.engine, buyer, "product", made["id"])["row"]["purchase_price"] == 31_000
    with pytest.raises(Invalid):
        records.save(desk.engine, somebody, "product", {"purchase_price": 1}, id=made["id"])
    query = Query(filter={"and": [{"field": "purchase_price", "op": "gt", "value": 1}]})
    with pytest.raises(Invalid):
        lists.page(desk.engine, somebody, "product", query)
    assert len(lists.page(desk.engine, buyer, "product", query)["rows"]) == 1
    with pytest.raises(Invalid):
        adjusting.preview(desk.engine, somebody, "product", [made["id"]], DOUBLED)


def test_it_is_filtered_by_value_and_by_being_blank(desk: Desk) -> None:
    for name, price in (("甲", 10_000), ("乙", 20_000), ("丙", None)):
        product(desk, name, purchase_price=price)

    def found(op: str, value: int | None = None) -> set[str]:
        condition = {"field": "purchase_price", "op": op} | ({} if value is None else {"value": value})
        page = lists.page(desk.engine, desk.admin, "product", Query(filter={"and": [condition]}))
        return {row["name"] for row in page["rows"]}

    assert found("eq", 10_000) == {"甲"} and found("ne", 10_000) == {"乙", "丙"}
    assert found("ge", 10_000) == {"甲", "乙"} and found("lt", 20_000) == {"甲"}
    assert found("empty") == {"丙"} and found("not_empty") == {"甲", "乙"}


def test_two_machines_that_set_it_make_one_row_and_the_later_counts(template: Path, tmp_path: Path) -> None:
    with open_pair(template, tmp_path) as (a, b):
        made = product(a)
        b.receive(a.changesets())
        before = len(a.changesets())
        a.save("product", id=made["id"], purchase_price=10_000)
        b.save("product", id=made["id"], purchase_price=20_000)
        from_a, from_b = a.changesets()[before:], b.changesets()
        a.receive(from_b)
        b.receive(from_a)
        kept = [[tuple(row) for row in desk.ask("SELECT id, purchase_price FROM product_cost")] for desk in (a, b)]
        assert kept[0] == kept[1] and len(kept[0]) == 1 and kept[0][0][1] == 20_000


# ------------------------------------------------------------------------------ 调价

DOUBLED = Formula("price_1", "purchase_price", 2_000_000, 0, 100)


def prices(desk: Desk, name: str = "price_1") -> list[Any]:
    return [row[0] for row in desk.ask(f"SELECT {name} FROM product WHERE deleted_at IS NULL ORDER BY code")]


def test_a_price_is_worked_out_shown_done_and_taken_back(desk: Desk) -> None:
    ids = [product(desk, f"件{n}", price_1=n * 10_000, purchase_price=n * 3_333)["id"] for n in (1, 2, 3)]
    blank = product(desk, "没有进价", price_1=50_000)["id"]
    seen = adjusting.preview(desk.engine, desk.admin, "product", [*ids, blank], DOUBLED)
    assert (seen["total"], seen["changed"], seen["blank"], seen["same"]) == (4, 3, 1, 0)
    assert [(row["before"], row["after"]) for row in seen["rows"][:2]] == [(10_000, 6_700), (20_000, 13_300)]
    assert seen["rows"][-1]["reason"] == "没有参考进价"
    assert prices(desk) == [10_000, 20_000, 30_000, 50_000], "looking changes nothing"

    done = adjusting.adjust(desk.engine, desk.admin, "product", [*ids, blank], DOUBLED, seen["digest"])
    assert done["changed"] == 3 and prices(desk) == [6_700, 13_300, 20_000, 50_000]

    desk.save("product", id=ids[2], price_1=99_900)
    assert adjusting.undo(desk.engine, desk.admin, "product", done["batch"]) == {"restored": 2, "kept": 1}
    assert prices(desk) == [10_000, 20_000, 99_900, 50_000], "what was changed since stays"


def test_rounding_and_signs(desk: Desk) -> None:
    id = product(desk, price_2=12_345)["id"]

    def to(rate: int, amount: int, step: int) -> Any:
        formula = Formula("price_3", "price_2", rate, amount, step)
        return adjusting.preview(desk.engine, desk.admin, "product", [id], formula)["rows"][0]

    assert to(1_000_000, 0, 100)["after"] == 12_300
    assert to(1_050_000, 5_000, 1_000)["after"] == 18_000
    assert to(900_000, 0, 10_000)["after"] == 10_000
    below = to(1_000_000, -20_000, 100)
    assert below["reason"] == "「会员价」不能小于 0.00" and below["after"] == below["before"]


def test_what_changed_since_the_preview_is_not_overwritten(desk: Desk) -> None:
    id = product(desk, price_1=10_000)["id"]
    up = Formula("price_1", "price_1", 1_100_000, 0, 100)
    seen = adjusting.preview(desk.engine, desk.admin, "product", [id], up)
    desk.save("product", id=id, price_1=20_000)
    with pytest.raises(BadRequest, match="重新预览"):
        adjusting.adjust(desk.engine, desk.admin, "product", [id], up, seen["digest"])
    assert prices(desk) == [20_000]


def test_a_retried_adjustment_is_done_once(desk: Desk) -> None:
    id = product(desk, price_1=10_000)["id"]
    up = Formula("price_1", "price_1", 1_100_000, 0, 100)
    digest = adjusting.preview(desk.engine, desk.admin, "product", [id], up)["digest"]
    key = records.Idempotent("k", desk.admin.operator)
    answers = [adjusting.adjust(desk.engine, desk.admin, "product", [id], up, digest, key) for _ in range(2)]
    assert answers[0] == answers[1] and prices(desk) == [11_000]


def test_who_may_not_edit_or_see_prices_adjusts_nothing(desk: Desk) -> None:
    id = product(desk, price_1=10_000)["id"]
    up = Formula("price_1", "price_1", 1_100_000, 0, 100)
    with pytest.raises(Forbidden):
        adjusting.preview(desk.engine, with_only(desk, words="view"), "product", [id], up)
    with pytest.raises(Invalid):
        adjusting.preview(desk.engine, with_only(desk, no_prices=True), "product", [id], up)
    with pytest.raises(Invalid):
        adjusting.preview(desk.engine, desk.admin, "product", [id], Formula("purchase_price", "price_1", 1, 0, 100))
    with pytest.raises(Invalid):
        adjusting.preview(desk.engine, desk.admin, "product", [id], Formula("tax_rate", "price_1", 1, 0, 100))


def test_only_ones_own_adjustments_are_taken_back(desk: Desk) -> None:
    id = product(desk, price_1=10_000)["id"]
    up = Formula("price_1", "price_1", 1_100_000, 0, 100)
    digest = adjusting.preview(desk.engine, desk.admin, "product", [id], up)["digest"]
    batch = adjusting.adjust(desk.engine, desk.admin, "product", [id], up, digest)["batch"]
    with pytest.raises(NotFound):
        adjusting.undo(desk.engine, replace(desk.admin, operator="0" * 32), "product", batch)
    with pytest.raises(NotFound):
        adjusting.undo(desk.engine, desk.admin, "product", "f" * 32)
    assert adjusting.undo(desk.engine, desk.admin, "product", batch)["restored"] == 1
    assert adjusting.undo(desk.engine, desk.admin, "product", batch)["restored"] == 0


# ----------------------------------------------------------------------- out of use


def test_a_stopped_product_is_kept_and_not_offered(desk: Desk) -> None:
    id = product(desk)["id"]
    assert records.change(desk.engine, desk.admin, "product", [id], {"is_stopped": True}) == [id]
    assert not search.lookup(desk.engine, desk.admin, "product", text="轴承")["rows"]
    assert len(lists.page(desk.engine, desk.admin, "product", Query())["rows"]) == 1
