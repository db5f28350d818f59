"""What everything that reads references says of records that were merged, and of pairs that may be one."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import Any

import pytest

from desktop.engine.aliases import roots
from desktop.engine.duplicates import Pair, _joined
from desktop.inspection import check
from desktop.modules.customers.party import company_core, phone_digits
from tests.api.test_files import attach
from tests.contract.rights_world import exported, printed
from tests.engine.kit import assert_sound
from tests.engine.test_records import contact, create, customer, delete, names, operator, patch
from tests.importing import Importing
from tests.support import Api, Office


def merge(api: Api, loser: dict[str, Any], winner: dict[str, Any], module: str = "customer", **take: str) -> Any:
    return api.post(f"/api/merge/{module}", {"winner": winner["id"], "losers": [loser["id"]], "take": take})


def split(api: Api, *losers: dict[str, Any], module: str = "customer") -> None:
    api.post(f"/api/merge/{module}/undo", {"ids": [row["id"] for row in losers]})


def where(field: str, op: str, value: Any = None) -> str:
    return json.dumps({"and": [{"field": field, "op": op} | ({} if value is None else {"value": value})]})


# ------------------------------------------------------------------------------------------------------ who is meant


def test_chains_lead_to_their_end_and_circles_to_their_smallest_id() -> None:
    assert roots({}) == {}
    assert roots({"a": "b"}) == {"a": "b"}
    assert roots({"a": "b", "b": "c"}) == {"a": "c", "b": "c"}
    assert roots({"a": "b", "b": "a"}) == {"b": "a"}
    assert roots({"c": "a", "a": "b", "b": "c", "d": "c"}) == {"b": "a", "c": "a", "d": "a"}
    assert roots({"a": "a"}) == {}


def test_every_record_means_one_that_means_itself() -> None:
    chance = random.Random(5)
    for _ in range(300):
        ids = [f"{number:02d}" for number in range(chance.randint(2, 12))]
        links = {id: chance.choice(ids) for id in ids if chance.random() < 0.7}
        found = roots(links)
        for start in ids:
            node, seen = start, list[str]()
            while node in links and node not in seen:
                seen.append(node)
                node = links[node]
            end = min(seen[seen.index(node) :]) if node in seen else node
            assert found.get(start, start) == end and end not in found


def test_long_chains_take_no_time() -> None:
    links = {f"{number:06d}": f"{number + 1:06d}" for number in range(50_000)}
    assert set(roots(links).values()) == {"050000"}


# --------------------------------------------------------------------------------------------- what reads references


@pytest.fixture
def two(office: Office) -> tuple[Api, dict[str, Any], dict[str, Any]]:
    """安信, into which 白云 was merged, each with a contact; 长江 stands beside them."""
    api = office.api
    one, other, beside = customer(api, "安信"), customer(api, "白云", credit_limit=5_000), customer(api, "长江")
    contact(api, one, "甲")
    contact(api, other, "乙")
    contact(api, beside, "丙")
    merge(api, other, one)
    return api, one, other


def test_lists_counts_sums_and_trees_leave_the_merged_out(two: Any, office: Office) -> None:
    api, one, other = two
    page = api.get("/api/records/customer", want="rows,total,sums", limit=500)
    assert other["id"] not in {row["id"] for row in page["rows"]} and page["total"] == len(page["rows"]) == 3
    assert page["sums"]["credit_limit"] == sum(row["credit_limit"] or 0 for row in page["rows"])
    counts = {node["id"]: node["count"] for node in api.get("/api/tree/customer_group", count="customer")}
    assert counts[one["group"]] == 3, "安信, 长江 and the one that ships"
    for text in ("白云", "by"):
        assert names(api, "customer", q=text) == set()
        assert api.get("/api/records/customer", q=text, want="total")["total"] == 0
    patch(api, "customer", api.get(f"/api/records/customer/{other['id']}")["row"], credit_limit=9_000)
    assert api.get("/api/records/customer", want="sums")["sums"]["credit_limit"] == page["sums"]["credit_limit"]
    split(api, other)
    whole = api.get("/api/records/customer", want="rows,total,sums")
    assert whole["total"] == 4 and whole["sums"]["credit_limit"] == page["sums"]["credit_limit"] + 9_000
    assert_sound(office.engine)


def test_filters_on_a_reference_mean_all_that_is_one(two: Any) -> None:
    api, one, other = two
    assert names(api, "contact", filter=where("parent", "contains", "安信")) == {"甲", "乙"}
    assert names(api, "contact", filter=where("parent", "contains", "白云")) == set()
    assert names(api, "contact", filter=where("parent", "not_contains", "安信")) == {"丙"}
    for id in (one["id"], other["id"]):
        assert names(api, "contact", filter=where("parent", "eq", id)) == {"甲", "乙"}
        assert names(api, "contact", filter=where("parent", "ne", id)) == {"丙"}
        related = api.get(f"/api/records/customer/{id}/related/contact-parent", want="rows,total")
        assert {row["name"] for row in related["rows"]} == {"甲", "乙"} and related["total"] == 2
        assert api.get(f"/api/records/customer/{id}/related")["contact-parent"] == 2
    assert names(api, "contact", field="parent", value="安信") == {"甲", "乙"}


@pytest.mark.parametrize("sign", ["", "-"])
def test_sorted_by_a_reference_the_merged_stand_with_their_winner(two: Any, sign: str) -> None:
    api, _, _ = two
    found = [row["name"] for row in api.get("/api/records/contact", sort=f"{sign}parent")["rows"]]
    assert set(found[:2] if not sign else found[1:]) == {"甲", "乙"} and set(found) == {"甲", "乙", "丙"}
    some = api.get("/api/records/contact", sort=f"{sign}parent,name", filter=where("parent", "not_empty"))["rows"]
    assert [row["name"] for row in some] == (["甲", "乙", "丙"] if not sign else ["丙", "甲", "乙"])


def test_exports_and_prints_name_the_winner(two: Any) -> None:
    api, _, _ = two
    lines = list(csv.reader(io.StringIO(exported(api, "contact", ["name", "parent"]))))
    assert sorted(line[0] for line in lines[1:]) == ["丙 长江", "乙 安信", "甲 安信"]
    paper = printed(api, "contact", ["name", "parent"])
    assert "白云" not in paper and paper.count("安信") == 2


def test_pickers_hide_the_merged_and_lead_from_its_name_to_the_winner(two: Any) -> None:
    api, one, other = two
    offered = api.get("/api/lookup/customer", limit=100)["rows"]
    assert other["id"] not in {row["id"] for row in offered}
    (found,) = api.get("/api/lookup/customer", q="白云")["rows"]
    assert found["id"] == one["id"] and found["title"] == "安信" and "「白云」已并入" in found["context"]
    (chip,) = api.get("/api/lookup/customer", ids=other["id"])["rows"]
    assert (chip["id"], chip["title"]) == (other["id"], "安信"), "a filter kept from before reads as the winner"
    asked = json.dumps({"parent": one["id"]})
    assert {row["title"] for row in api.get("/api/lookup/contact", where=asked)["rows"]} == {"甲", "乙"}


def test_the_main_contact_may_be_one_of_the_merged(two: Any, office: Office) -> None:
    api, one, other = two
    before = api.get(f"/api/records/customer/{other['id']}")["row"]["main_contact"]
    person = next(row for row in api.get("/api/records/contact")["rows"] if row["name"] == "乙")
    patch(api, "customer", one, main_contact=person["id"])
    mains = {row["name"]: row["is_main"] for row in api.get("/api/records/contact")["rows"]}
    assert mains == {"甲": False, "乙": True, "丙": True}, "the only one of hers is the main one by himself"
    first = next(row for row in api.get("/api/records/contact")["rows"] if row["name"] == "甲")
    patch(api, "contact", first, is_main=True)
    assert api.get(f"/api/records/customer/{one['id']}")["row"]["main_contact"] == first["id"]
    assert not [finding for finding in check(office.engine, lambda done, total: None) if finding.kind == "problem"]
    patch(api, "contact", person, is_main=True)
    assert api.get(f"/api/records/customer/{one['id']}")["row"]["main_contact"] == person["id"]
    left = api.get(f"/api/records/customer/{other['id']}")["row"]["main_contact"]
    assert left == before, "the merged one stays as it was"


def test_typing_something_like_the_merged_proposes_the_winner(two: Any) -> None:
    api, one, _ = two
    found = api.post("/api/records/customer/similar", {"values": {"name": "白云"}})
    assert [row["id"] for row in found] == [one["id"]] and "已并入「安信」" in found[0]["reasons"]
    assert api.post("/api/records/customer/similar", {"values": {"name": "白云"}, "id": one["id"]}) == []


def test_an_import_that_names_the_merged_means_the_winner(two: Any, office: Office) -> None:
    api, one, _ = two
    customer(api, "重名")
    second = customer(api, "重名")
    first = next(row for row in api.get("/api/records/customer", q="重名")["rows"] if row["id"] != second["id"])
    merge(api, second, first)
    text = "姓名,所属类型,所属单位\n丁,客户,白云\n戊,客户,重名\n"
    file = Importing.of(office, text.encode(), "contact", name="a.csv")
    assert file.check()["bad"] == 0, file.reasons()
    file.commit("new")
    parents = {row["name"]: row["parent"] for row in api.get("/api/records/contact")["rows"]}
    assert (parents["丁"], parents["戊"]) == (one["id"], first["id"])


# --------------------------------------------------------------------------------------------------- merging itself


def test_what_is_refused(two: Any) -> None:
    api, one, other = two
    third = next(row for row in api.get("/api/records/customer", q="长江")["rows"])
    path = "/api/merge/customer"
    assert "拆分" in api.refused("POST", path, 400, {"winner": third["id"], "losers": [other["id"]]})["title"]
    assert "两条" in api.refused("POST", path, 400, {"winner": one["id"], "losers": [one["id"]]})["title"]
    (retail,) = (row for row in api.get("/api/records/customer", limit=500)["rows"] if row["is_system"])
    assert "系统" in api.refused("POST", path, 400, {"winner": one["id"], "losers": [retail["id"]]})["title"]
    body = {"winner": one["id"], "losers": [third["id"]], "take": {"department": third["id"]}}
    assert "不能带过去" in api.refused("POST", path, 400, body)["title"]
    api.refused("POST", path, 404, {"winner": one["id"], "losers": ["0" * 32]})
    assert third["id"] in {row["id"] for row in api.get("/api/records/customer")["rows"]}, "all or nothing"
    api.refused("GET", "/api/duplicates/competitor", 404)


def test_values_taken_over_are_an_edit_of_the_winner(office: Office) -> None:
    api = office.api
    one, other = customer(api, "甲公司", note="甲"), customer(api, "乙公司", note="乙", website="https://b.example")
    done = merge(api, other, one, note=other["id"], website=other["id"])
    assert done["before"] == {"note": "甲", "website": None}
    row = api.get(f"/api/records/customer/{one['id']}")["row"]
    assert (row["note"], row["website"], row["rev"]) == ("乙", "https://b.example", one["rev"] + 1)
    entries = api.get(f"/api/records/customer/{one['id']}/history")["entries"]
    assert [entry["action"] for entry in entries if "of" not in entry] == ["edit", "merge", "add"]
    assert api.get(f"/api/records/customer/{other['id']}")["row"]["note"] == "乙", "the loser stays as it is"


def test_a_chain_is_taken_apart_link_by_link(office: Office) -> None:
    api = office.api
    one, middle, last = (customer(api, name) for name in ("一", "二", "三"))
    merge(api, last, middle)
    merge(api, middle, one)
    led = api.get(f"/api/records/customer/{last['id']}")["merged_into"]
    assert led == {"id": one["id"], "title": "一"}
    split(api, middle)
    assert api.get(f"/api/records/customer/{last['id']}")["merged_into"]["title"] == "二"
    assert names(api, "customer") >= {"一", "二"} and "三" not in names(api, "customer")
    assert_sound(office.engine)


def test_a_winner_in_use_through_what_was_merged_is_not_deleted(office: Office) -> None:
    api = office.api
    one, other = (create(api, "supplier", name=name) for name in ("供甲", "供乙"))
    merge(api, other, one, "supplier")
    person = create(api, "contact", name="供应商联系人", parent_kind="supplier", parent=other["id"])
    told = api.post("/api/records/supplier/delete", {"ids": [one["id"]], "preview": True})
    assert told["count"] == 1
    assert told["along"] == [{"label": "并入的供应商", "count": 1}, {"label": "联系人", "count": 1}]
    delete(api, "supplier", one)
    assert api.get("/api/records/contact", q=person["name"])["rows"] == []
    api.post("/api/records/supplier/restore", {"ids": [one["id"]]})
    assert names(api, "supplier") >= {"供甲"} and "供乙" not in names(api, "supplier")
    assert names(api, "contact") == {"供应商联系人"}
    assert_sound(office.engine)


def test_who_sees_the_winner_sees_what_hangs_on_the_merged(office: Office) -> None:
    api = office.api
    role = create_role(office)
    seller = operator(api, "seller", role)
    mine = customer(api, "我的", owner=seller["employee"])
    others = customer(api, "别人的")
    contact(api, others, "别人的联系人")
    contact(api, mine, "我的联系人")
    api.sign_in("seller", "long enough")
    assert names(api, "contact") == {"我的联系人"}
    api.sign_in()
    merge(api, others, mine)
    api.sign_in("seller", "long enough")
    assert names(api, "contact") == {"我的联系人", "别人的联系人"} and names(api, "customer") == {"我的"}
    api.sign_in()
    split(api, others)
    merge(api, mine, others)
    api.sign_in("seller", "long enough")
    assert "别人的联系人" not in names(api, "contact")
    api.sign_in()


def test_who_sees_only_the_merged_reads_nothing_that_hangs_on_its_winner(office: Office) -> None:
    api = office.api
    seller = operator(api, "seller", create_role(office))
    mine, others, third = (
        customer(api, "我的", owner=seller["employee"]),
        customer(api, "别人的"),
        customer(api, "第三"),
    )
    for row in (mine, others, third):
        attach(office, row["name"].encode(), f"{row['name']}.txt", row["id"])
        api.post(f"/api/comments/customer/{row['id']}", {"text": row["name"]})
    merge(api, mine, others)
    merge(api, third, others)
    assert (
        read_of(api, mine)
        == read_of(api, others)
        == ({"我的", "别人的", "第三"}, {"我的.txt", "别人的.txt", "第三.txt"}, 3, 3)
    )
    api.sign_in("seller", "long enough")
    assert read_of(api, mine) == ({"我的"}, {"我的.txt"}, 1, 1)
    api.refused("GET", f"/api/comments/customer/{others['id']}", 404)
    api.sign_in()
    split(api, mine)
    merge(api, others, mine)
    api.sign_in("seller", "long enough")
    assert read_of(api, mine)[0] == {"我的", "别人的", "第三"}, "who sees the winner sees what hangs on the merged"
    api.sign_in()


def test_an_own_customer_that_is_now_a_colleague_s_is_told_in_the_diary(office: Office) -> None:
    """The list leaves it out; the winner, which the owner does not see, stays untold."""
    api = office.api
    role = create_role(office)
    seller, colleague = operator(api, "seller", role), operator(api, "colleague", role)
    mine, kept = customer(api, "我的", owner=seller["employee"]), customer(api, "我的另一个", owner=seller["employee"])
    theirs, nobodys = customer(api, "别人的", owner=colleague["employee"]), customer(api, "没人的", owner=None)
    merge(api, mine, theirs)
    merge(api, kept, nobodys)
    name = api.get(f"/api/records/employee/{colleague['employee']}")["row"]["name"]
    admin = api.get("/api/session")["operator"]["name"]
    api.sign_in("seller", "long enough")
    assert names(api, "customer") == set()
    rest = f"所以您的列表里没有它了。不是同一个的话，请 {admin} 拆分。"
    assert told_of_mergers(api) == {
        f"{admin} 把您的客户「我的」并入了{name}的客户，{rest}",
        f"{admin} 把您的客户「我的另一个」并入了没有业务员的客户，{rest}",
    }
    api.sign_in("colleague", "long enough")
    assert not told_of_mergers(api)
    api.sign_in()
    assert not told_of_mergers(api)
    split(api, mine, kept)
    api.sign_in("seller", "long enough")
    assert names(api, "customer") == {"我的", "我的另一个"} and not told_of_mergers(api)
    api.sign_in()


def told_of_mergers(api: Api) -> set[str]:
    return {line["text"] for line in api.get("/api/sync/log")["items"] if line["kind"] == "merge"}


def read_of(api: Api, row: dict[str, Any]) -> tuple[set[str], set[str], int, int]:
    """Comments and files of a record, and how many of each the tabs promise."""
    said = api.get(f"/api/comments/customer/{row['id']}")["items"]
    files = api.get(f"/api/files/customer/{row['id']}")["items"]
    counts = api.get(f"/api/records/customer/{row['id']}/related")
    texts, names = {one["text"] for one in said}, {one["file_name"] for one in files}
    return texts, names, counts["__comment"], counts["__attachment"]


def create_role(office: Office) -> str:
    """Sees his own customers and their contacts."""
    made = office.api.post(
        "/api/roles",
        {
            "values": {"name": "试用业务", "data_scope": "own"},
            "boxes": {"customer": {"view": True, "edit": True}, "contact": {"view": True}},
        },
    )
    return str(made["id"])


# ------------------------------------------------------------------------------------------------------- duplicates


@pytest.mark.parametrize(
    ("one", "other", "score", "reasons"),
    [
        ({"tax_no": "91-32 X"}, {"tax_no": "9132x"}, 100, ["税号相同"]),
        ({"phone": "0512-5733 9025"}, {"mobile": "051257339025"}, 60, ["电话相同"]),
        ({"phone": "573390"}, {"phone": "573390"}, None, []),
        ({"name": "苏州市申越机械有限公司"}, {"name": "申越机械（集团）"}, None, []),
        ({"name": "申越有限公司", "email": "a@sy.example"}, {"name": "申越公司", "email": "b@SY.example"}, 65,
         ["名称相近", "邮箱域名相同"]),
        ({"name": "申越", "email": "a@qq.com"}, {"name": "申越公司", "email": "b@qq.com"}, None, []),
        ({"name": "一模一样"}, {"name": "一模一样"}, 60, ["名称相近"]),
        ({"email": "a@sy.example"}, {"email": "b@sy.example"}, None, []),
    ],
)  # fmt: skip
def test_pairs_are_scored_by_t28(
    office: Office, one: dict[str, str], other: dict[str, str], score: int | None, reasons: list[str]
) -> None:
    for values, name in ((one, "甲甲"), (other, "乙乙")):
        customer(office.api, **{"name": name, **values})
    found = [
        (group["score"], group["reasons"], group["kind"])
        for group in office.api.get("/api/duplicates/customer")["groups"]
    ]
    if score is None and (phone_digits(one.get("phone", "")) or not one.get("phone")):
        assert found == []
    elif score is not None:
        assert found == [(score, reasons, "same" if score >= 100 else "likely")]
    assert company_core("苏州市申越机械有限公司") == "申越机械"


def test_groups_hang_together_and_a_shared_switchboard_tells_nothing(office: Office) -> None:
    api = office.api
    one, two, three = (customer(api, f"连锁{name}", **values) for name, values in (
        ("甲", {"tax_no": "T1", "phone": "0512-1111111"}), ("乙", {"tax_no": "T1"}), ("丙", {"mobile": "05121111111"}),
    ))  # fmt: skip
    (group,) = api.get("/api/duplicates/customer")["groups"]
    assert {row["id"] for row in group["rows"]} == {one["id"], two["id"], three["id"]} and group["score"] == 100
    assert api.get("/api/duplicates/customer", kind="likely")["groups"] == []
    parent = customer(api, "总机单位")
    for number in range(60):
        contact(api, parent, f"同事{number}", phone="0512-9999999")
    assert api.get("/api/duplicates/contact")["total"] == 0


def test_a_dismissed_pair_leaves_the_others_together() -> None:
    pairs = [Pair("a", "b", 100, ("x",)), Pair("b", "c", 60, ("y",)), Pair("d", "e", 70, ("z",))]
    found = [(sorted(group.ids), group.score, list(group.reasons)) for group in _joined(pairs)]
    assert found == [(["a", "b", "c"], 100, ["x", "y"]), (["d", "e"], 70, ["z"])]
