"""A small company to simulate: every merge policy, a merge unit, links, a tree, children of children, seed rows."""

from __future__ import annotations

from functools import cache

from desktop import manifest
from desktop.engine.check import check
from desktop.engine.define import Chapter, Module, Tab, Tree
from desktop.engine.fields import Enum, Int, LongText, Money, Ref, Refs, Serial, Text
from desktop.engine.registry import Registry
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

CHAPTERS = (Chapter("sim", "模拟", "box"), Chapter("system", "系统", "settings"))
MODULES = (branch, tag, client, person, call, conflict)


@cache
def registry() -> Registry:
    """The modules, compiled and checked."""
    made = Registry(CHAPTERS, MODULES)
    check(made)
    return made


@cache
def server_manifest() -> Manifest:
    """What the server of this company knows of them."""
    return manifest_of(registry())


def manifest_of(modules: Registry) -> Manifest:
    return read_manifest(manifest.build(modules))
