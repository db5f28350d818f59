"""供应商信息 (modules.md 2.1.3)."""

from ...engine.define import Module, Related, Section, Tab
from ...engine.fields import Bool, Date, Dict, Email, Enum, Int, LongText, Phone, Ref, Serial, Text, Url
from ...engine.fields.usual import MOBILE, POSTCODE
from .party import party_grounds

supplier = Module(
    name="supplier",
    label="供应商信息",
    also="厂家 厂商 供货商",
    noun="供应商",
    chapter="customers",
    icon="truck",
    position=30,
    title="name",
    fields=dict(
        code=Serial("供应商编号", prefix="GY", unique=True),
        name=Text("供应商名称", required=True, unique=True, width=200),
        short_name=Text("简称", max_length=40, index=True),
        category=Dict("供应商类别", "supplier_category", index=True),
        level=Dict("级别", "supplier_level", default="default", index=True),
        status=Enum(
            "状态",
            {"active": "合作中", "trial": "试用", "stopped": "停止"},
            default="active",
            index=True,
            tones={"active": "good", "trial": "draft", "stopped": "quiet"},
        ),
        region=Ref("区域", "region", tree=True),
        address=Text("地址", width=220),
        postcode=Text("邮编", max_length=10, usual=POSTCODE),
        phone=Phone("电话", unique=True, index=True),
        mobile=Phone("手机", usual=MOBILE, unique=True),
        fax=Phone("传真"),
        email=Email("邮件"),
        website=Url("网址"),
        main_contact=Ref("主联系人", "contact", loose=True, index=True, depends={"parent": "id"}, width=84),
        buyer=Ref("采购员", "employee", index=True, width=76),
        tax_no=Text("税号", unique=True, merge="flag"),
        bank_name=Text("开户银行", merge="flag"),
        bank_account=Text("银行账号", merge="flag"),
        invoice_title=Text("户名"),
        settlement_method=Ref("结算方式", "settlement_method", default="default", small=True, merge="flag"),
        lead_days=Int("供货周期(天)", default=7, min=0, max=3650),
        supply_scope=LongText("供应范围"),
        registered_on=Date("登记日期", default="today", index=True),
        note=LongText("备注"),
        is_system=Bool("系统供应商", readonly=True, hidden=True),
    ),
    when="registered_on",
    columns="code name short_name category level status phone main_contact buyer registered_on",
    quick="code name short_name phone mobile tax_no buyer registered_on",
    context="code category",
    sort="-code",
    tabs=(
        Tab(
            "基本",
            "name code short_name category level status lead_days settlement_method",
            (
                Section("联系", "phone mobile fax email region address postcode website main_contact buyer"),
                Section("其他", "registered_on supply_scope note"),
            ),
        ),
        Tab("开票", "tax_no invoice_title bank_name bank_account"),
    ),
    related=(
        Related("联系人", "contact", "parent", {"parent_kind": "supplier"}),
        Related("收货地址", "party_address", "parent", {"parent_kind": "supplier"}),
        Related("供应产品", "product_supplier", "supplier"),
        Related("进货", "purchase", "supplier"),
        Related("收付", "settlement", "supplier"),
        Related("往来", "party_entry", "supplier"),
    ),
    mergeable=True,
    children="contact party_address",
    fixed="is_system",  # CRM3
    alike=party_grounds("phone mobile"),
    seed=(dict(seed="retail", name="零售", status="active", is_system=True, registered_on="2020-01-01"),),
    rights=dict(manager="view export print", sales="view add edit export print", finance="view export print"),
    help="supplier",
)
