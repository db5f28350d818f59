"""Opening stock, openings of parties and of accounts from a spreadsheet (T23, C10): lines become documents."""

from __future__ import annotations

import io
import json
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from desktop import db as database
from desktop.engine.access import Principal
from desktop.engine.documents.foretold import Foretold
from desktop.engine.documents.verbs import asking_of
from desktop.engine.fields.moment import today
from desktop.engine.imports import documents, most
from desktop.engine.imports.undoing import past
from desktop.engine.imports.writing import Choices
from desktop.errors import Confirm
from desktop.uploads import Upload
from desktop.workstation import Workstation
from sync_server.replication.changeset import Op
from tests.api.test_roles import PASSWORD, make
from tests.api.test_roles import hire as employ
from tests.engine.kit import assert_checked
from tests.engine.test_imports_running import Stopped, ask, cut_off, in_the_middle, is_under_way, save_beside, stop
from tests.importing import Importing, checked, fetched, quiet, xlsx
from tests.modules.trading.shop import D, Shop, fen, scaled, units, yuan

STOCK = ("仓库", "产品", "数量", "单位成本", "备注")


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P")
    shop.product("螺母")
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")


def stock(shop: Shop, *rows: Any) -> Importing:
    return Importing.of(shop.office, xlsx(STOCK, *rows), "stock_entry", "期初.xlsx")


def undone(shop: Shop, module: str, batch: str) -> dict[str, Any]:
    return dict(shop.api.ended(shop.api.post(f"/api/import/{module}/{batch}/undo")))


def test_a_sheet_of_lines_becomes_one_opening_for_each_warehouse_and_day(shop: Shop) -> None:
    one = stock(shop, ("主仓", "P", 10, 5, None), ("二仓", "P", 3, "4.5", "角落"), ("主仓", "螺母", 200, "0.12", None))
    counts = one.check()
    assert (counts["rows"], counts["good"], counts["bad"]) == (3, 3, 0), one.rows("bad")
    assert shop.rows("stock_entry") == [], "a dry run writes nothing"
    done = one.commit()
    assert done["result"]["added"] == 2 and "新增 2 张单据" in done["message"]
    made = shop.rows("stock_entry")
    assert {(row["kind"], row["state"], row["doc_on"]) for row in made} == {("opening", "posted", made[0]["doc_on"])}
    start = shop.api.get("/api/records/company_profile")["rows"][0]["start_on"]
    assert made[0]["doc_on"] < start, "the day before the books begin, though the file says none"
    (main,) = [row for row in made if row["warehouse"] == shop.names["主仓"]]
    lines = shop.read("stock_entry", {"row": main})["lines"]
    assert [(units(line["qty"]), yuan(line["cost_amount"])) for line in lines] == [(10, 50), (200, 24)]
    assert shop.stock("P") == (13, D("63.50"))

    # The same once more is told, as of records that are there; nothing comes twice unless somebody says so.
    again = stock(shop, ("主仓", "P", 10, 5, None))
    assert again.check()["twice"] == 1
    (row,) = again.rows("twice")
    assert [(hit["title"], hit["reason"]) for hit in row["like"]] == [(main["number"], "仓库、产品相同")]
    assert again.commit()["result"] | {"batch": ""} == {
        "batch": "", "added": 0, "changed": 0, "left_out": 1, "state": "posted", "left": {"like": 1},
    }  # fmt: skip
    assert shop.stock("P") == (13, D("63.50"))

    said = undone(shop, "stock_entry", done["result"]["batch"])
    assert said["state"] == "done" and said["message"] == "作废 2 张，0 张没有动"
    assert shop.stock("P") == (0, 0)
    assert {row["state"] for row in shop.rows("stock_entry")} == {"cancelled"}
    assert shop.api.get("/api/import/stock_entry")[-1]["undone_at"]


def test_what_is_wrong_is_told_at_its_cell_and_a_document_comes_whole_or_not(shop: Shop) -> None:
    one = stock(
        shop, ("主仓", "P", 10, 5, None), ("主仓", "没有的产品", 1, 1, None), ("二仓", "P", 0, 1, None),
        ("二仓", "螺母", 4, 1, None), ("主仓", "螺母", None, 1, None),
    )  # fmt: skip
    counts = one.check()
    bad = {row["number"]: row for row in one.rows("bad")}
    assert (counts["good"], sorted(bad)) == (2, [3, 4, 6])
    assert "没有叫「没有的产品」" in bad[3]["faults"]["1"] and bad[6]["faults"] == {"2": "请填写「数量」"}
    assert bad[4]["faults"] == {"2": "数量是 0，这一行没有可导入的"}, "and holds back no other"
    assert one.commit()["result"]["added"] == 2 and shop.stock("螺母") == (4, 4)


def entered_meanwhile(monkeypatch: pytest.MonkeyPatch, shop: Shop, module: str, about: dict[str, Any]) -> list[int]:
    """Somebody enters a document once the import has first been decided; one for each time that it is."""
    prepared, tries = documents.Commit._prepared, list[int]()

    def decided(self: documents.Commit, *given: Any) -> Any:
        found = prepared(self, *given)
        if not tries:
            thread = threading.Thread(target=shop.enter, args=(module, about))
            thread.start()
            thread.join()
        tries.append(1)
        return found

    monkeypatch.setattr(documents.Commit, "_prepared", decided)
    return tries


def test_all_rows_of_a_document_blame_the_one_that_is_wrong(shop: Shop) -> None:
    shop.product("慢走丝", kind="service")
    one = stock(shop, ("二仓", "螺母", 1, 1, None), ("二仓", "螺母", 2, 1, None), ("二仓", "慢走丝", 3, 1, None))
    one.check()
    reasons = {row["number"]: row["reason"] for row in one.rows("bad")}
    assert [reasons[number] for number in (2, 3)] == ["和第 4 行是同一张单据，那里改好才能一起导入"] * 2
    assert reasons[4].endswith("同一张单据的第 2、3 行也因此没有导入")


def test_a_product_is_found_by_its_barcode_but_not_by_that_of_a_box(shop: Shop) -> None:
    unit = {"product": shop.names["P"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    box = shop.api.post("/api/records/product_unit", unit)["row"]["id"]
    for code, more in (("6901234567892", {}), ("16901234567899", {"unit_row": box}), ("abc-1", {})):
        shop.api.post("/api/records/product_barcode", {"product": shop.names["P"], "barcode": code, **more})
    one = stock(shop, ("主仓", 6901234567892, 10, 5, None), ("二仓", "１６９０１ 234567899", 1, 5, None))
    assert one.check()["good"] == 1
    assert stock(shop, ("主仓", "ＡＢＣ-1", 10, 5, None)).check()["good"] == 1, "as a scanner reads it"
    (bad,) = one.rows("bad")
    assert "是辅助单位的条码" in bad["reason"] and one.commit()["result"]["added"] == 1
    shop.api.post(
        "/api/records/product_barcode?confirmed=same_barcode",
        {"product": shop.names["螺母"], "barcode": "6901234567892"},
    )
    two = stock(shop, ("主仓", "6901234567892", 1, 1, None), ("主仓", "6.90123E+12", 1, 1, None))
    two.check()
    both, short = two.reasons()
    assert "有几个都叫「6901234567892」（P、螺母）" in both and "把那一列设成文本" in short
    assert shop.stock("P") == (10, 50)


def test_what_changed_meanwhile_lets_nothing_in(shop: Shop) -> None:
    one = stock(shop, ("二仓", "P", 3, 1, None), ("主仓", "P", 10, 5, None))
    assert one.check()["good"] == 2
    line = {"product": shop.names["P"], "qty": scaled(1), "unit_cost": scaled(1)}
    shop.enter("stock_entry", {"kind": "opening", "doc_on": "2020-01-01", "warehouse": "主仓"}, line)
    job = one.commit()
    assert job["state"] == "failed" and "没有导入任何一行" in job["message"]
    assert shop.stock("P") == (1, 1) and len(shop.rows("stock_entry")) == 1


def test_parties_and_accounts_have_their_openings(shop: Shop) -> None:
    heads = ("类型", "客户", "供应商", "金额", "单据日期", "原单号")
    rows = (
        ("应收", "甲", None, 1200.5, None, "A-1"), ("预收", "甲", None, 100, date(2020, 5, 1), None),
        ("应付", None, "乙", 300, None, None), ("应付", "甲", None, 5, None, None),
        ("应付", "甲", "乙", 5, None, None),
    )  # fmt: skip
    one = Importing.of(shop.office, xlsx(heads, *rows), "opening_party", "往来期初.xlsx")
    counts = one.check()
    assert (counts["good"], counts["bad"]) == (3, 2), one.rows("bad")
    assert "「应付」只填供应商，不要填客户" in str(one.rows("bad")[-1]), one.rows("bad")
    done = one.commit()
    assert done["result"]["added"] == 3
    assert (shop.owes("甲"), shop.owes("甲", "advance_in"), shop.owes("乙", "payable")) == (D("1200.50"), 100, 300)
    days = {row["ref_number"]: row["doc_on"] for row in shop.rows("opening_party", kind="advance_in")}
    assert days == {None: "2020-05-01"}, "a day in the file stays"

    account = Importing.of(shop.office, xlsx(("账户", "期初余额"), ("现金", 88.8)), "opening_account", "账户.xlsx")
    assert account.check()["good"] == 1 and account.commit()["result"]["added"] == 1
    assert shop.cash() == D("88.80")

    # One that was used since stays, and says so; the others go.
    (owed,) = [row for row in shop.rows("opening_party") if row["ref_number"] == "A-1"]
    about = {"kind": "receipt", "customer": "甲", "amount": 50, "account": "现金"}
    target = {"target_kind": "opening_party", "target": owed["id"], "side": "receivable", "amount": fen(50)}
    shop.enter("settlement", about, target)
    said = undone(shop, "opening_party", done["result"]["batch"])
    assert (said["result"]["deleted"], said["result"]["refused_count"]) == (2, 1)
    assert said["result"]["refused"][0]["title"] == owed["number"]


PARTY = ("类型", "客户", "金额", "原单号")


def party(shop: Shop, *rows: Any) -> Importing:
    return Importing.of(shop.office, xlsx(PARTY, *rows), "opening_party", "往来.xlsx")


def flaws(shop: Shop) -> dict[str, int]:
    return {group["label"]: group["total"] for group in shop.api.get("/api/flaws")["groups"]}


def test_the_same_file_twice_brings_no_debt_twice_unless_somebody_says_so(shop: Shop) -> None:
    rows = (("应收", "甲", 1000, None), ("应收", "甲", 50, "A-1"))
    one = party(shop, *rows)
    assert one.check()["twice"] == 0 and one.commit()["result"]["added"] == 2

    again = party(shop, *rows, ("应收", "甲", 1000, "A-2"), ("预收", "甲", 1000, None), ("应收", "甲", 7, None))
    counts = again.check()
    assert (counts["good"], counts["bad"], counts["twice"]) == (5, 0, 2), (
        "another number, kind or amount is another debt"
    )
    told = {row["number"]: row["like"][0]["reason"] for row in again.rows("twice")}
    assert told == {2: "单位、类型、金额、日期相同", 3: "单位、类型、原单号相同"}
    done = again.commit(rows={3: "new"})
    assert (done["result"]["added"], done["result"]["left_out"]) == (4, 1), done
    assert shop.owes("甲") == 1000 + 50 + 50 + 1000 + 7
    assert flaws(shop) == {"期初重复": 2}

    # Equal rows of one file are told as well, and go in where somebody says so: then the books show it.
    equal = party(shop, ("应收", "甲", 7, None), ("应收", "甲", 7.5, None), ("应收", "甲", 7.5, None))
    assert equal.check()["twice"] == 2
    first, second = equal.rows("twice")
    assert first["like"] and second["earlier"] == {"number": 3, "reason": "单位、类型、金额、日期相同"}
    assert equal.commit(twice="new")["result"]["added"] == 3
    assert flaws(shop) == {"期初重复": 2, "期初相同": 4}
    (seven, _) = shop.rows("opening_party", amount=str(fen(7)))
    shop.change("opening_party", {"row": seven}, [], kind="receivable", customer="甲", amount=7, ref_number="另一笔")
    assert flaws(shop) == {"期初重复": 2, "期初相同": 2}, "two debts have numbers of their own"


def test_what_a_file_repeats_is_told_before_it_is_written(shop: Shop) -> None:
    numbers = party(shop, ("应收", "甲", 10, "B-1"), ("应收", "甲", 11, "B-1"))
    assert numbers.check()["twice"] == 1
    assert numbers.rows("twice")[0]["earlier"] == {"number": 2, "reason": "单位、类型、原单号相同"}
    assert numbers.commit()["result"]["added"] == 1 and shop.owes("甲") == 10
    # of a row that is wrong the next one is no repetition: it would be left out, and none of them come in
    wrong = party(shop, ("应收", "甲", "九", "B-2"), ("应收", "甲", 9, "B-2"))
    assert {name: wrong.check()[name] for name in ("good", "bad", "twice")} == {"good": 1, "bad": 1, "twice": 0}

    account = Importing.of(
        shop.office, xlsx(("账户", "期初余额"), ("现金", 88.8), ("现金", 8)), "opening_account", "账户.xlsx"
    )
    counts = account.check()
    assert (counts["good"], counts["bad"]) == (1, 1)
    assert account.rows("bad")[0]["faults"] == {"0": "和第 2 行账户相同，只能有一行"}
    assert account.commit()["state"] == "done" and shop.cash() == D("88.80")

    heads = ("仓库", "产品", "数量", "单位成本", "单据日期")
    first, other = date(2020, 1, 1), date(2020, 1, 2)
    rows = (
        ("主仓", "P", 10, 5, first),
        ("主仓", "P", 1, 5, other),
        ("主仓", "P", 3, 6, first),
        ("二仓", "P", 1, 5, first),
    )
    sheet = Importing.of(shop.office, xlsx(heads, *rows), "stock_entry", "期初.xlsx")
    assert (sheet.check()["good"], sheet.check()["twice"]) == (4, 2)
    assert {row["number"]: row["earlier"]["number"] for row in sheet.rows("twice")} == {3: 2, 4: 2}
    done = sheet.commit(rows={3: "new", 4: "new"})
    assert done["state"] == "done" and done["result"]["added"] == 3, done
    assert shop.stock("P") == (15, 50 + 5 + 18 + 5)


def test_what_nobody_may_post_becomes_drafts_that_can_be_taken_back(shop: Shop) -> None:
    hire(shop, "clerk", "view add import")
    hire(shop, "looker", "view import")
    shop.api.sign_in("looker", "another secret")
    one = party(shop, ("应收", "甲", 10, None))
    fields = [column["field"] for column in one.about["columns"]]
    body = {"sheet": one.about["sheet"], "head": one.about["head"], "fields": fields, "key": ""}
    assert shop.api.call("POST", f"{one.path}/check", body).status_code == 403, "not only when it is written"

    shop.api.sign_in("clerk", "another secret")
    one = party(shop, ("应收", "甲", 10, None))
    assert one.check()["good"] == 1
    done = one.commit()
    assert done["result"]["state"] == "draft" and "新增 1 张草稿" in done["message"]
    assert party(shop, ("应收", "甲", 10, None)).check()["twice"] == 1, "a draft is there, too"
    said = undone(shop, "opening_party", done["result"]["batch"])
    assert said["message"] == "作废 0 张，删除草稿 1 张，0 张没有动" and said["result"]["deleted"] == 1, said
    assert shop.rows("opening_party") == []


def test_what_waits_for_approval_says_so_and_is_withdrawn(shop: Shop) -> None:
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {"approval.stock_entry": True}}))
    one = stock(shop, ("主仓", "P", 10, 5, None), ("二仓", "P", 10, 5, None))
    assert one.check()["good"] == 2
    done = one.commit()
    assert done["result"]["state"] == "waiting" and "新增 2 张待审批的单据" in done["message"]
    (main,) = shop.rows("stock_entry", warehouse=shop.names["主仓"])
    shop.api.post(f"/api/documents/stock_entry/{main['id']}/approve")
    what = shop.api.get(f"/api/import/stock_entry/{done['result']['batch']}/undo")
    assert (what["deleted"], what["drafts"]) == (2, 1)
    said = undone(shop, "stock_entry", done["result"]["batch"])
    assert said["message"] == "作废 1 张，删除草稿 1 张，0 张没有动", said
    assert [row["state"] for row in shop.rows("stock_entry")] == ["cancelled"]
    assert shop.stock("P") == (0, 0) and shop.rows("stock_entry_line", state="draft") == []


def test_two_who_take_it_back_at_once_do_not_meet(shop: Shop) -> None:
    one = party(shop, *(("应收", "甲", 10 + n, None) for n in range(20)))
    assert one.check()["good"] == 20
    batch = one.commit()["result"]["batch"]
    path = f"/api/import/opening_party/{batch}/undo"
    with shop.office.engine.importing.lock:  # an import is being written: both wait for their turn
        jobs = [shop.api.post(path), shop.api.post(path)]
    ended = sorted((shop.api.ended(job) for job in jobs), key=lambda job: str(job["state"]))
    assert [job["message"] for job in ended] == ["作废 20 张，0 张没有动", "这次导入已经撤销过了"]
    assert shop.owes("甲") == 0


# ------------------------------------------------------------------------------------------- written while others save


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document at a time, so that there is much in between."""
    monkeypatch.setattr(database, "_PIECE_S", 0.0)


DEBTS = 30


def debts(shop: Shop, who: Principal | None = None) -> Upload:
    rows = (("应收", "甲", 10 + n, None) for n in range(DEBTS))
    return checked(shop.office.workstation, who or shop.office.admin, xlsx(PARTY, *rows), "opening_party")


def states(shop: Shop) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in shop.rows("opening_party"):
        found[row["state"]] = found.get(row["state"], 0) + 1
    return found


@pytest.mark.usefixtures("pieces")
def test_others_save_while_documents_are_written_and_taken_back(shop: Shop) -> None:
    upload, office = debts(shop), shop.office
    typed: list[str] = []

    def type_one() -> None:
        about = {"kind": "receivable", "customer": "甲", "amount": 7}
        typed.append(shop.enter("opening_party", about)["row"]["number"])

    told = in_the_middle(office, type_one)
    written, longest = save_beside(office, lambda: upload.write(office.engine, office.admin, Choices(), told))
    assert written >= 3 and longest < 5, (written, longest)
    numbers = sorted(row["number"] for row in shop.rows("opening_party"))
    counts = [int(number.rsplit("-", 1)[1]) for number in numbers]
    assert counts == list(range(1, DEBTS + 2)), "neither gaps nor doubles, whoever draws in between"
    assert typed[0] in numbers[1:-1] and states(shop) == {"posted": DEBTS + 1}
    versions = {
        body["header"]["number"]
        for body in (json.loads(row[0]) for row in rows_of(shop, "SELECT body FROM document_version"))
    }
    assert versions == set(numbers), "each version says the number of its document"

    assert upload.done is not None
    undo = documents.undo_of(office.engine, office.admin, office.engine.definition("opening_party"), upload.done.batch)
    written, longest = save_beside(office, lambda: undo.run(quiet))
    assert written >= 3 and longest < 5, (written, longest)
    assert states(shop) == {"cancelled": DEBTS, "posted": 1} and shop.owes("甲") == 7 and not is_under_way(office)


def rows_of(shop: Shop, sql: str) -> list[Any]:
    with shop.office.engine.db.read() as db:
        return db.execute(sql).fetchall()


@pytest.mark.usefixtures("pieces")
def test_documents_that_are_stopped_half_way_are_cancelled_and_those_in_use_stay(shop: Shop) -> None:
    """Also by somebody who may post, but cancel nothing of others."""
    hire(shop, "poster", "view add post import")
    office = shop.office
    with office.engine.db.read() as db:
        (id,) = db.execute("SELECT id FROM operator WHERE login_name = 'poster'").fetchone()
    who = office.workstation._principal_of(id)
    upload = debts(shop, who)
    with pytest.raises(Stopped):
        upload.write(office.engine, who, Choices(), in_the_middle(office, stop, 5))
    assert states(shop) == {"cancelled": 5} and shop.owes("甲") == 0 and not is_under_way(office)
    assert upload.stayed and upload.stayed.cancelled == 5, "which the list shows, and the one who stopped it is told"
    assert past(office.engine, office.admin, "opening_party") == []

    again = debts(shop)

    def settle_and_stop() -> None:
        owed = next(row for row in shop.rows("opening_party") if row["state"] == "posted")
        about = {"kind": "receipt", "customer": "甲", "amount": 5, "account": "现金"}
        target = {"target_kind": "opening_party", "target": owed["id"], "side": "receivable", "amount": fen(5)}
        shop.enter("settlement", about, target)
        raise Stopped

    with pytest.raises(Stopped):
        again.write(office.engine, office.admin, Choices(), in_the_middle(office, settle_and_stop, 5))
    assert states(shop) == {"cancelled": 9, "posted": 1} and again.stayed and again.stayed.refused_count == 1
    (line,) = past(office.engine, office.admin, "opening_party")
    assert line["undone_at"], "and the log tells where it comes from"


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("what", ["written", "taken back"])
def test_a_start_finishes_documents_that_were_cut_off(shop: Shop, what: str) -> None:
    upload, office = debts(shop), shop.office

    def write(told: Any) -> None:
        done = upload.write(office.engine, office.admin, Choices(), told if what == "written" else quiet)
        if what != "written":
            definition = office.engine.definition("opening_party")
            documents.undo_of(office.engine, office.admin, definition, done.batch).run(told)

    station = Workstation.open(cut_off(office, write))
    try:
        with station.engine.db.read() as db:
            found = db.execute(
                "SELECT state, count(*), count(DISTINCT number) FROM opening_party GROUP BY 1"
            ).fetchall()
        state = "posted" if what == "written" else "cancelled"
        assert [tuple(row) for row in found] == [(state, DEBTS, DEBTS)]
        (line,) = past(station.engine, office.admin, "opening_party")
        assert line["was_cut"] and not line["doing"] and bool(line["undone_at"]) is (what != "written")
        assert_checked(station.engine)
    finally:
        station.close()


def test_what_changes_before_documents_are_kept_is_decided_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A debt with the same old number, entered after the dry run, and after it was looked for: nothing comes in."""
    one = party(shop, ("应收", "甲", 50, "A-1"))
    assert one.check()["twice"] == 0
    about = {"kind": "receivable", "customer": "甲", "amount": 50, "ref_number": "A-1", "doc_on": "2020-01-01"}
    entered_meanwhile(monkeypatch, shop, "opening_party", about)
    job = one.commit()
    assert job["state"] == "failed" and "原单 A-1 的期初已记在" in job["message"], job
    assert shop.owes("甲") == 50 and not is_under_way(shop.office)
    assert ask(shop.office, "SELECT count(*) FROM import_log") == 0


@pytest.mark.usefixtures("pieces")
def test_what_rests_on_balances_lets_others_save_in_between(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts below zero that may be, each for itself; a balance that was turned before it is kept is asked anew."""
    shop.add("account", "透支户", allow_overdraft=True)
    shop.add("account", "另一户", allow_overdraft=True)
    file = xlsx(("账户", "期初余额"), ("现金", 88.8), ("透支户", -20), ("另一户", -30))
    upload = checked(shop.office.workstation, shop.office.admin, file, "opening_account")
    about = {"from_account": "透支户", "to_account": "另一户", "amount": 5}
    tries = entered_meanwhile(monkeypatch, shop, "account_transfer", about)
    seen: list[bool] = []
    done = upload.write(
        shop.office.engine, shop.office.admin, Choices(), lambda *_: seen.append(is_under_way(shop.office))
    )
    assert (done.added, len(tries)) == (3, 2) and seen.count(True) >= 3, "a document at a time"
    assert (shop.cash(), shop.cash("透支户"), shop.cash("另一户")) == (D("88.80"), -25, -25)
    assert len({row["number"] for row in shop.rows("opening_account")} - {None}) == 3


def test_what_a_document_before_may_turn_is_decided_after_it(shop: Shop) -> None:
    """Else the second of two would go by what the first has not taken yet."""
    account = shop.names["现金"]
    with shop.office.engine.db.read() as db:
        asking = asking_of(shop.office.engine, db)
        free, bound, merged = Foretold(), Foretold(), Foretold(has_merged=True)
        for foretold, named in ((free, "x" * 32), (bound, account), (merged, "x" * 32)):
            foretold.decided([Op("opening_account", "o" * 32, "ins", {"account": named})])
            foretold.noting(asking).balance("account_balance", {"account": account})
        assert [one.is_of_figures for one in (free, bound, merged)] == [False, True, True]
        assert free.is_still_found(asking, ())
    shop.enter("opening_account", {"account": "现金", "amount": 5})
    with shop.office.engine.db.read() as db:
        assert not free.is_still_found(asking_of(shop.office.engine, db), ())


def test_long_documents_are_parted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LINES_MAX", 2)
    for name in "ABC":
        shop.product(name)
    one = stock(shop, *(("主仓", name, 1, 5, None) for name in "ABC"))
    assert one.check()["good"] == 3 and one.commit()["result"]["added"] == 2


def test_a_file_that_would_take_too_long_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(most, "DOCUMENTS", 2)
    one = party(shop, *(("应收", "甲", 10 + n, None) for n in range(3)))
    job = shop.api.ended(one.start_check())
    assert (job["state"], job["message"]) == ("failed", "一次最多导入 2 行，请分成几个文件")
    days = [date(2020, 1, day) for day in (1, 2, 3)]
    heads = ("仓库", "产品", "数量", "单位成本", "单据日期")
    lines = Importing.of(
        shop.office, xlsx(heads, *(("主仓", "P", 1, 5, day) for day in days)), "stock_entry", "期初.xlsx"
    )
    job = shop.api.ended(lines.start_check())
    assert (job["state"], job["message"]) == ("failed", "一次最多导入 2 张单据，请分成几个文件")


def test_an_imported_product_in_use_says_on_which_documents(shop: Shop) -> None:
    one = Importing.of(shop.office, xlsx(("产品名称", "产品类别"), ("垫片", "未分类")), "product", "产品.xlsx")
    assert one.check()["good"] == 1
    batch = one.commit("new")["result"]["batch"]
    (made,) = [row for row in shop.rows("product") if row["name"] == "垫片"]
    shop.names["垫片"] = made["id"]
    bought = shop.buy(("垫片", 5, 2), ("垫片", 1, 0))["row"]["number"]
    sold = shop.sell(("垫片", 1, 3))["row"]["number"]
    said = undone(shop, "product", batch)
    (refused,) = said["result"]["refused"]
    assert f"进货单 {bought}" in refused["reason"] and f"销货单 {sold}" in refused["reason"], refused
    assert refused["reason"].startswith("还有 ") and refused["reason"].endswith("在用"), refused
    assert "个产品" not in refused["reason"]


def hire(shop: Shop, name: str, rights: str) -> None:
    """Somebody who has these rights on openings of parties."""
    boxes = {"opening_party": dict.fromkeys(rights.split(), True), "customer": {"view": True}}
    body = {"values": {"name": f"角色{name}"}, "boxes": boxes, "scopes": dict.fromkeys(boxes, "all")}
    role = shop.api.post("/api/roles", body)["id"]
    department = shop.api.get("/api/lookup/department")["rows"][0]["id"]
    employee = shop.api.post("/api/records/employee", {"code": name, "name": name, "department": department})["row"][
        "id"
    ]
    login = {"login_name": name, "employee": employee, "roles": [role], "password": "another secret"}
    shop.api.post("/api/records/operator", login)


def test_the_template_asks_for_lines_and_only_openings_take_files(shop: Shop) -> None:
    job = shop.api.ended(shop.api.post("/api/import/stock_entry/template"))
    book = load_workbook(io.BytesIO(fetched(shop.office, job)))
    assert (job["label"], book.worksheets[0].title) == ("期初库存导入模板", "期初库存")
    assert str(book.worksheets[0]["B2"].value).endswith("空着是启用日期的前一天；要填就填启用日期以前的日期")
    described = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    assert described["stock_entry"]["document"]["imports_label"] == "期初库存"
    heads = [cell.value for cell in book.worksheets[0][1]]
    assert str(book.worksheets[0]["C2"].value).endswith("名称、编号或条码")
    assert heads[:3] == ["仓库 *", "单据日期", "产品 *"] and {"数量 *", "单位成本", "备注"} <= set(heads)
    assert shop.api.call("POST", "/api/import/sale/template").status_code == 403
    rights = {one["name"]: one["rights"] for one in shop.api.get("/api/modules")["modules"]}
    assert "import" in rights["stock_entry"] and "import" not in rights["sale"]


def test_an_opening_is_of_the_day_it_is_booked_on_from_the_start(shop: Shop) -> None:
    (company,) = shop.api.get("/api/records/company_profile")["rows"]
    before, now = str(date.fromisoformat(company["start_on"]) - timedelta(days=1)), today()

    def day(kind: str, doc_on: str, *lines: Any, **changed: str) -> str:
        body = {"values": {"kind": kind, "doc_on": doc_on}, "lines": list(lines)}
        body |= {"changed": changed} if changed else {}
        return str(shop.api.post("/api/documents/stock_entry/work-out", body)["values"]["doc_on"])

    assert day("opening", now) == before, "begun from 期初库存"
    assert day("in", now) == now and day("opening", "2020-01-01") == "2020-01-01"
    line = {"product": shop.names["P"], "qty": scaled(1)}
    assert day("opening", now, line) == now and day("opening", now, field="doc_on") == now, "typed by somebody"
    made = shop.enter("stock_entry", {"kind": "opening", "doc_on": before, "warehouse": "主仓"}, line)
    assert made["row"]["book_on"] == before


def test_services_have_no_stock_and_are_not_offered_where_goods_are_entered(shop: Shop) -> None:
    shop.product("送货上门", kind="service")
    job = shop.api.ended(shop.api.post("/api/import/stock_entry/template"))
    lists = load_workbook(io.BytesIO(fetched(shop.office, job)))["可选项"]
    offered = {cell.value for column in lists.iter_cols() for cell in column}
    assert "P" in offered and "送货上门" not in offered

    def found(module: str, text: str) -> list[str]:
        return [one["title"] for one in shop.api.get(f"/api/documents/{module}/find", text=text)["items"]]

    for module in ("stock_entry", "stock_transfer"):
        assert "P" in found(module, "") and found(module, "送货") == [], module
    assert found("sale", "送货") == ["送货上门"], "it is sold all the same"
    code = next(row["code"] for row in shop.api.get("/api/records/product")["rows"] if row["name"] == "送货上门")
    for text in (code, "送货"):
        said = shop.api.get("/api/documents/stock_entry/find", text=text)
        assert (said["items"], said["barred"]) == ([], "「送货上门」是服务，不进出库存"), "nor is it made anew"
    assert shop.api.get("/api/documents/stock_entry/find", text="没有的")["barred"] == ""
    assert found("sale", code) == ["送货上门"]

    def picked(line: str) -> set[str]:
        page = shop.api.get("/api/lookup/product", **{"for": f"{line}.product", "limit": "50"})
        return {one["title"] for one in page["rows"]}

    assert "送货上门" not in picked("stock_entry_line") | picked("stock_transfer_line")
    assert "送货上门" in picked("sale_line") and "P" in picked("stock_entry_line")
    id = shop.names["送货上门"]
    asked = shop.api.get("/api/lookup/product", **{"for": "stock_entry_line.product", "ids": id})
    assert [one["title"] for one in asked["rows"]] == ["送货上门"], "what stands there is called by its name"


def test_what_a_save_would_ask_or_refuse_of_one_line_is_told_at_its_very_row(shop: Shop) -> None:
    kept = stock(shop, ("主仓", "螺母", 1, 1, None), ("主仓", "P", 2, 1, None))
    assert kept.check()["good"] == 2
    line = {"product": shop.names["P"], "qty": scaled(1), "unit_cost": scaled(1)}
    shop.enter("stock_entry", {"kind": "opening", "doc_on": "2020-01-01", "warehouse": "主仓"}, line)
    assert "第 3 行：产品 P" in kept.commit()["message"], "it was recorded meanwhile: of the second row of the document"
    told = documents._faults(Confirm({"a": "甲。", "b": "乙。"}, {"a": "lines.1.product", "b": ""}))
    assert {name: text[:2] for name, text in told.items()} == {"lines.1.product": "甲。", "": "乙。"}


def begin(shop: Shop, start: str) -> str:
    (profile,) = shop.api.get("/api/records/company_profile")["rows"]
    shop.api.ok(shop.api.call("PATCH", f"/api/records/company_profile/{profile['id']}", {"start_on": start}))
    return (date.fromisoformat(start) - timedelta(days=1)).isoformat()


def test_an_opening_of_long_ago_needs_no_right_and_a_wrong_day_is_told_which_it_should_be(shop: Shop) -> None:
    now = date.fromisoformat(today())
    start = (now - timedelta(days=200)).isoformat()
    before = begin(shop, start)
    rights = {"stock_entry": "view add post", "product": "view"}
    role = make(shop.api, "仓管二", rights, values={"data_scope": "branch"})
    employ(shop.office, "cang", role["id"])
    shop.api.sign_in("cang", PASSWORD)
    about: dict[str, Any] = {"kind": "opening", "warehouse": "主仓"}
    line = {"product": shop.names["P"], "qty": scaled(1)}
    assert shop.enter("stock_entry", about | {"doc_on": before}, line)["row"]["book_on"] == before
    wanted = {"doc_on": f"期初的日期要在启用日期 {start} 之前，一般是 {before}"}
    for day in ((now - timedelta(days=100)).isoformat(), (now + timedelta(days=9)).isoformat()):
        assert shop.refused("stock_entry", about | {"doc_on": day}, line)["fields"] == wanted
    gain = {"kind": "gain", "doc_on": before, "warehouse": "主仓"}
    assert "补录以前的单据" in shop.refused("stock_entry", gain, line)["fields"]["doc_on"], "only openings are of then"
