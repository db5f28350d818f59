"""Two administrators change one role on two machines without knowing of each other."""

from __future__ import annotations

from typing import Any

from desktop import rights
from desktop.engine.define import seed_id
from tests.chaos.kit import Company
from tests.engine.kit import Desk
from tests.sync.test_conflicts import both, meet, shown

SALES = seed_id("role", "sales")


def save(desk: Desk, role: str | None = SALES, **changed: Any) -> str:
    wanted = rights.Wanted(*(changed.get(name, {}) for name in ("values", "boxes", "scopes", "specials")))
    return str(rights.save_role(desk.engine, desk.admin, role, wanted)["id"])


def role(desk: Desk, id: str = SALES) -> dict[str, Any]:
    return next(one for one in rights.editor(desk.engine, desk.admin)["roles"] if one["id"] == id)


def test_different_boxes_of_one_row_both_survive(company: Company) -> None:
    with both(company) as (a, b):
        save(a, boxes={"customer": {"delete": True}}, specials={"unmask": True})
        save(b, boxes={"customer": {"export": False}}, specials={"assign": True}, scopes={"customer": "branch"})
        meet(a, b)
        assert role(a) == role(b)
        assert role(a)["rights"]["customer"] == {
            "actions": ["view", "add", "edit", "delete", "print"],
            "data_scope": "branch",
        }
        assert role(a)["specials"] == ["assign", "unmask"]
        assert shown(a) == shown(b) == []


def test_boxes_of_a_row_that_both_make_add_up_and_are_cleared_together(company: Company) -> None:
    with both(company) as (a, b):
        id = save(a, None, values={"name": "内勤"}, boxes={"tag": {"view": True}})
        meet(a, b)
        save(a, id, boxes={"supplier": {"edit": True}})
        save(b, id, boxes={"supplier": {"print": True}})
        meet(a, b)
        assert role(a, id) == role(b, id)
        assert role(a, id)["rights"]["supplier"]["actions"] == ["view", "edit", "print"]
        rows = a.ask("SELECT name FROM role_right WHERE role = ? AND module = 'supplier'", id)
        assert {row[0] for row in rows} == {"内勤 · 供应商信息"}
        save(b, id, boxes={"supplier": {"edit": False, "print": False}})
        meet(a, b)
        assert role(a, id)["rights"]["supplier"]["actions"] == ["view"]


def test_one_scope_changed_differently_waits_for_a_decision_in_words(company: Company) -> None:
    with both(company) as (a, b):
        save(a, scopes={"customer": "branch"})
        save(b, scopes={"customer": "all"})
        meet(a, b)
        assert role(a) == role(b)
        (clash,) = shown(a)
        assert (clash["title"], clash["label"], clash["is_flag"]) == ("业务员 · 客户信息", "数据范围", True)
        assert {side["text"] for side in clash["sides"]} == {"本分公司", "全部"}


def test_a_box_that_both_tick_is_no_conflict(company: Company) -> None:
    with both(company) as (a, b):
        save(a, boxes={"customer": {"delete": True}})
        save(b, boxes={"customer": {"delete": True, "import": True}})
        meet(a, b)
        assert role(a) == role(b) and {"delete", "import"} <= set(role(a)["rights"]["customer"]["actions"])
        assert shown(a) == shown(b) == []


def test_view_taken_away_beside_a_new_action_leaves_nothing(company: Company) -> None:
    with both(company) as (a, b):
        save(a, boxes={"customer": {"view": False}})
        save(b, boxes={"customer": {"delete": True}})
        meet(a, b)
        assert role(a) == role(b)
        assert "customer" not in role(a)["rights"], "without 查看 an action is worth nothing"
