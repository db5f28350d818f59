"""公司基本资料, 分公司 and 部门 (modules.md 2.8.1)."""

from collections.abc import Iterator

from ...engine.define import Draft, Emblem, Fault, Module, Section, Tab
from ...engine.fields import Bool, Date, Email, Int, LongText, Money, Phone, Ref, Text, Url
from ...engine.fields.usual import POSTCODE


def start_is_fixed(draft: Draft) -> Iterator[Fault]:
    """T23: what was there before is booked on the day before it, so it stays once anything is booked."""
    is_other = bool(draft.old and draft.new and draft.old["start_on"] != draft.new["start_on"])
    if is_other and draft.find("document_version", {"state": "posted"}):
        yield Fault("已有过账的单据，启用日期不能再改", "start_on")


company_profile = Module(
    name="company_profile",
    label="公司基本资料",
    noun="公司资料",
    chapter="company",
    icon="building-2",
    position=10,
    title="name",
    single=True,
    search=False,
    edit_right="settings",
    fields=dict(
        name=Text("公司名称", required=True, width=220),
        short_name=Text("简称"),
        english_name=Text("英文名"),
        legal_person=Text("法人代表"),
        tax_no=Text("税号", merge="flag"),
        business_scope=LongText("经营范围"),
        address=Text("地址", width=240),
        postcode=Text("邮编", max_length=10, usual=POSTCODE),
        phone=Phone("电话"),
        fax=Phone("传真"),
        email=Email("邮件"),
        website=Url("网址"),
        bank_name=Text("开户银行", merge="flag"),
        bank_account=Text("银行账号", merge="flag"),
        start_on=Date("启用日期", required=True, default="today", help="业务从这一天开始，期初在它的前一天"),
        intro=LongText("公司简介"),
        print_footer=LongText("单据页脚", help="印在单据和小票的下面"),
        contract_terms=LongText("合同条款", help="印在购销合同里，一条一行；空着用通用的几条"),
    ),
    columns="name short_name phone address start_on",
    sort="name",
    tabs=(
        Tab(
            "基本",
            "name short_name english_name legal_person tax_no start_on",
            (
                Section("联系", "phone fax email website address postcode"),
                Section("银行", "bank_name bank_account"),
            ),
        ),
        Tab("介绍与页脚", "business_scope intro print_footer contract_terms"),
    ),
    emblems=(Emblem("logo", "标志"), Emblem("seal", "公章", right="settings")),
    rules=(start_is_fixed,),
    seed=(dict(seed="company", name="（未命名公司）", start_on="2020-01-01"),),
    rights=dict(manager="view", finance="view"),
    help="company_profile",
)


def code_is_two_characters(draft: Draft) -> Iterator[Fault]:
    """It stands inside every number, so its shape is fixed, no two are alike, and it stays once a machine of the
    branch may have drawn numbers."""
    if draft.new is None or draft.new["code"] == (draft.old or {}).get("code"):
        return
    code = str(draft.new["code"])
    if len(code) != 2 or not code.isascii() or not code.isalnum() or code != code.upper():
        yield Fault("编号是两位数字或大写字母", "code")
    elif any(one["id"] != draft.id for one in draft.find("branch", {"code": code})):
        yield Fault(f"已有编号为「{code}」的分公司，请换一个", "code")
    elif draft.old and draft.find("machine", {"branch": draft.id}):
        yield Fault("这个分公司的机器已用它编号，不能再改", "code")


branch = Module(
    name="branch",
    label="分公司",
    noun="分公司",
    chapter="company",
    icon="map",
    position=20,
    title="name",
    lookup=True,
    search=False,
    edit_right="settings",
    parent="parent",
    fields=dict(
        code=Text("编号", required=True, unique=True, max_length=2, help="两位数字或大写字母，印在单据编号里"),
        name=Text("名称", required=True, index=True),
        parent=Ref("上级", "branch", tree=True),
        address=Text("地址"),
        phone=Phone("电话"),
        manager=Ref("负责人", "employee", loose=True),
        print_name=Text("打印抬头"),
        is_stopped=Bool("停用"),
    ),
    retire="is_stopped",
    columns="code name parent manager phone is_stopped",
    rules=(code_is_two_characters,),
    quick="code name",
    context="code",
    sort="code",
    tabs=(Tab("基本", "code name parent manager phone address print_name is_stopped"),),
    rights=dict(manager="view", finance="view"),
    help="branch",
)


department = Module(
    name="department",
    label="部门",
    noun="部门",
    chapter="company",
    icon="network",
    position=30,
    title="name",
    lookup=True,
    search=False,
    edit_right="settings",
    parent="parent",
    fields=dict(
        name=Text("名称", required=True, index=True),
        code=Text("编号", max_length=20),
        branch=Ref("分公司", "branch", required=True),
        parent=Ref("上级", "department", tree=True),
        head=Ref("负责人", "employee", loose=True, index=True),
        expense_budget=Money("月费用预算", min=0),
        sort=Int("排序"),
    ),
    columns="name code branch parent head sort",
    quick="name code",
    context="branch",
    sort="sort,name",
    tabs=(Tab("基本", "name code branch parent head expense_budget sort"),),
    rights=dict(manager="view", finance="view"),
    help="department",
)
