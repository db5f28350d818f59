"""A small company to simulate: every merge policy, a merge unit, links, a tree, children of children, seed rows, and
documents with lines, a ledger and costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from desktop import manifest
from desktop.engine.check import check
from desktop.engine.define import Balance, Chapter, Document, Draft, Fault, Ledger, Module, Tab, Tree
from desktop.engine.documents.declare import STATES, Annex, Asking, Columns, Move, Posted, Sheet
from desktop.engine.fields import Date, DateTime, Enum, Int, LongText, Money, Ref, Refs, Serial, Text
from desktop.engine.registry import Registry
from desktop.modules.system.attachment import attachment as real_attachment
from desktop.modules.system.conflict import conflict
from sync_server.manifest import Manifest
from sync_server.manifest import read as read_manifest

LEVELS = {"new": "新", "active": "合作", "key": "重点", "closed": "结束"}

branch = Module(
    name="branch",
    label="门店",
    noun="门店",
    chapter="sim",
    title="name",
    fields=dict(
        name=Text("名称", required=True, max_length=60),
        code=Text("编号", max_length=2),
        above=Ref("上级", "branch", tree=True, above=True),
    ),
    parent="above",
    columns="name code above",
    tabs=(Tab("基本", "name code above"),),
    seed=(dict(seed="head", name="总部", code="00"), dict(seed="east", name="东区", above="@branch:head")),
)

tag = Module(
    name="tag",
    label="标签",
    noun="标签",
    chapter="sim",
    title="name",
    fields=dict(name=Text("名称", required=True, max_length=60), note=Text("说明")),
    columns="name note",
    tabs=(Tab("基本", "name note"),),
    mergeable=True,
    seed=(dict(seed="vip", name="贵宾"), dict(seed="slow", name="慢付")),
)

client = Module(
    name="client",
    label="客户",
    noun="客户",
    chapter="sim",
    title="name",
    fields=dict(
        code=Serial("编号", prefix="KH", unique=True),
        name=Text("名称", required=True, max_length=60),
        credit=Money("额度", merge="flag", sum=True),
        level=Enum("等级", LEVELS, merge="rank"),
        visits=Int("次数", merge="max"),
        month=Int("月"),
        day=Int("日"),
        note=LongText("备注"),
        memo=Text("附注"),
        home=Ref("门店", "branch"),
        tags=Refs("标签", "tag"),
    ),
    units=("month day",),
    columns="code name credit level",
    quick="code name note",
    tabs=(Tab("基本", "code name credit level visits month day note memo home tags"),),
    tree=Tree("home", "全部门店"),
    children="person",
    mergeable=True,
)

person = Module(
    name="person",
    label="联系人",
    noun="联系人",
    chapter="sim",
    title="name",
    fields=dict(
        name=Text("姓名", required=True, max_length=60),
        client=Ref("客户", "client", required=True),
        phone=Text("电话"),
    ),
    parent="client",
    columns="name client phone",
    tabs=(Tab("基本", "name client phone"),),
    children="call",
)

call = Module(
    name="call",
    label="通话",
    noun="通话",
    chapter="sim",
    title="about",
    fields=dict(about=Text("事由", required=True, max_length=60), person=Ref("联系人", "person", required=True)),
    parent="person",
    columns="about person",
    tabs=(Tab("基本", "about person"),),
)

# ---------------------------------------------------------------------------------------------------------- documents


def amount_of(line: Columns) -> int:
    """What a line of a slip comes to."""
    return int(line.get("qty") or 0) * int(line.get("price") or 0)


def _work_out(sheet: Sheet) -> Sheet:
    lines = [line | {"amount": amount_of(line)} for line in sheet.lines]
    return Sheet(sheet.header | {"total": sum(amount_of(line) for line in lines)}, lines)


def _moves(posted: Posted) -> Iterator[Move]:
    sign = 1 if posted.sheet.header.get("kind") == "in" else -1
    for line in posted.sheet.lines:
        cost = posted.annexes.get("slip_cost", {}).get(str(line["id"]))
        qty = sign * int(line.get("qty") or 0)
        booked = {"booked": qty, "cost": sign * int(cost["cost"] or 0)} if cost else {"booked": 0, "cost": 0}
        yield Move("entry", "goods", {"tag": line.get("tag"), "qty": qty} | booked, str(line["id"]))


def _costs(posted: Posted, asking: Asking) -> Iterator[tuple[str, Columns]]:
    """In: what was paid; out: its share of all that was costed before."""
    for line in posted.sheet.lines:
        sums, qty = asking.balance("stock", {"tag": line.get("tag")}), int(line.get("qty") or 0)
        share = sums["cost"] * qty // sums["booked"] if sums["booked"] > 0 else 0
        yield str(line["id"]), {"cost": amount_of(line) if posted.sheet.header.get("kind") == "in" else share}


def _drafts_only(draft: Draft) -> Iterator[Fault]:
    if draft.old and draft.new is None and draft.old["state"] != "draft":
        yield Fault("已过账的不能删除")


_STATE = Enum("状态", STATES, calc=True, readonly=True)

slip = Module(
    name="slip",
    label="单子",
    noun="单子",
    chapter="sim",
    title="number",
    fields=dict(
        number=Serial("编号", prefix="DJ"),
        doc_on=Date("日期", required=True, default="today"),
        kind=Enum("类型", {"in": "入", "out": "出"}, required=True, default="in"),
        client=Ref("客户", "client"),
        level=Enum("等级", LEVELS, merge="rank"),
        remark=Text("说明"),
        total=Money("合计", calc=True, readonly=True),
        cost=Money("成本", calc=True, readonly=True),
        state=_STATE,
        version=Int("版本", calc=True, readonly=True),
        book_on=Date("入账日期", calc=True, readonly=True),
        posted_at=DateTime("过账时间", calc=True, readonly=True),
        posted_by=Text("过账人", calc=True, readonly=True),
        cancelled_on=Date("作废日期", calc=True, readonly=True),
        cancel_reason=Text("作废原因", calc=True, readonly=True),
        note=LongText("备注"),
    ),
    document=Document(
        lines="slip_line",
        prefixes={"": "DJ"},
        work_out=_work_out,
        totals=lambda lines: {"cost": sum(int(line.get("cost") or 0) for line in lines)},
        moves=_moves,
        annexes=(Annex("slip_cost", _costs),),
        after="note",
        copied="number state",
    ),
    columns="number kind client total state",
    tabs=(Tab("基本", "number doc_on kind client level remark note"),),
    children="slip_line",
    rules=(_drafts_only,),
)

slip_line = Module(
    name="slip_line",
    label="单子明细",
    noun="行",
    chapter="sim",
    title="about",
    writable=False,
    parent="document",
    fields=dict(
        about=Text("事由", max_length=60),
        document=Ref("单子", "slip", required=True, whole=True),
        line_no=Int("行号", default=0),
        tag=Ref("标签", "tag", required=True),
        qty=Int("数量"),
        price=Money("单价"),
        amount=Money("金额", calc=True, readonly=True),
        cost=Money("成本", calc=True, readonly=True),
        number=Text("编号", calc=True, readonly=True),
        state=_STATE,
    ),
    columns="about tag qty price amount",
    tabs=(Tab("基本", "about tag qty price"),),
)

slip_cost = Module(
    name="slip_cost",
    label="成本",
    noun="成本",
    chapter="sim",
    title="label",
    writable=False,
    fields=dict(
        label=Text("说明"),
        module=Text("模块", max_length=64),
        document=Text("单子", max_length=32),
        line=Text("行", max_length=32),
        version=Text("版本", max_length=32),
        cost=Money("成本"),
    ),
    columns="label cost",
    tabs=(Tab("基本", "label cost"),),
)

entry = Module(
    name="entry",
    label="流水",
    noun="流水",
    chapter="sim",
    title="number",
    local=True,
    writable=False,
    search=False,
    fields=dict(
        number=Text("编号"),
        book_on=Date("日期"),
        posted_at=DateTime("过账时间"),
        tag=Ref("标签", "tag"),
        qty=Int("数量"),
        booked=Int("已核算数"),
        cost=Money("成本"),
        module=Text("模块", max_length=64),
        document=Text("单子", max_length=32),
        line=Text("行", max_length=32),
    ),
    columns="number tag qty cost",
    tabs=(Tab("基本", "number tag qty cost"),),
)

stock = Module(
    name="stock",
    label="库存",
    noun="库存",
    chapter="sim",
    title="label",
    local=True,
    writable=False,
    search=False,
    fields=dict(
        label=Text("说明"),
        tag=Ref("标签", "tag", index=True),
        on_hand=Int("数量"),
        booked=Int("已核算数"),
        cost=Money("成本"),
        entries=Int("流水数"),
    ),
    columns="tag on_hand cost",
    tabs=(Tab("基本", "tag on_hand cost"),),
)

attachment = replace(
    real_attachment,
    columns="file_name role size module record",
    fields={name: one for name, one in real_attachment.fields.items() if name != "uploaded_by"},
)
"""As it ships, but for who added it: there are no employees here."""

LEDGERS = (
    Ledger(
        moves="entry",
        amounts=("qty", "booked", "cost"),
        balances=(Balance(module="stock", keys=("tag",), sums={"qty": "on_hand", "booked": "booked", "cost": "cost"}),),
    ),
)

CHAPTERS = (Chapter("sim", "模拟", "box"), Chapter("system", "系统", "settings"))
MODULES = (branch, tag, client, person, call, slip, slip_line, slip_cost, entry, stock, conflict, attachment)


@cache
def registry() -> Registry:
    """The modules, compiled and checked."""
    made = Registry(CHAPTERS, MODULES, ledgers=LEDGERS)
    check(made)
    return made


@cache
def server_manifest() -> Manifest:
    """What the server of this company knows of them."""
    return manifest_of(registry())


def manifest_of(modules: Registry) -> Manifest:
    return read_manifest(manifest.build(modules))
