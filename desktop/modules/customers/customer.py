"""客户信息 (modules.md 2.1.1)."""

from collections.abc import Iterator

from ...engine.define import Draft, Fault, Module, Related, Section, Tab, Tree
from ...engine.fields import (
    Birthday,
    Bool,
    Date,
    Dict,
    Email,
    Enum,
    Int,
    LongText,
    Money,
    Phone,
    Rate,
    Ref,
    Refs,
    Serial,
    Text,
    Url,
)  # fmt: skip
from ...engine.fields.usual import MOBILE, POSTCODE
from .party import party_grounds


def main_contact_is_own(draft: Draft) -> Iterator[Fault]:
    """The main contact is one of the customer's contacts."""
    contact = draft.new and draft.new["main_contact"] and draft.look("contact", draft.new["main_contact"])
    if contact and draft.meant("customer", contact["parent"]) != draft.meant("customer", draft.id):
        yield Fault("主联系人要从这个客户的联系人里选", "main_contact")


customer = Module(
    name="customer",
    label="客户信息",
    noun="客户",
    chapter="customers",
    icon="users",
    position=10,
    title="name",
    scope="owner",
    fields=dict(
        code=Serial("客户编号", prefix="KH", unique=True, width=108),
        name=Text("客户名称", required=True, unique=True, width=188, help="营业执照上的全称"),
        short_name=Text("简称", max_length=40),
        group=Ref("客户分组", "customer_group", tree=True, required=True, index=True, width=100),
        kind=Enum("客户类型", {"company": "企业", "person": "个人"}, default="company"),
        level=Dict(
            "客户级别",
            "customer_level",
            default="default",
            merge="flag",
            index=True,
            copies={"price_level": "price_slot", "discount_rate": "discount_rate", "credit_limit": "credit_limit"},
            # a level without a limit says nothing of it: nobody becomes unlimited by going down to one
            kept=("credit_limit",),
        ),
        status=Dict("客户状态", "customer_status", default="default", index=True),
        source=Dict("客户来源", "customer_source"),
        industry=Dict("所属行业", "industry"),
        nature=Dict("企业性质", "company_nature"),
        region=Ref("所在区域", "region", tree=True, index=True, width=70),
        address=Text("地址", width=220),
        postcode=Text("邮编", max_length=10, usual=POSTCODE),
        phone=Phone("电话", masked=True, unique=True, width=108),
        mobile=Phone("手机", usual=MOBILE, masked=True, unique=True),
        fax=Phone("传真", unique=True),
        email=Email("电子邮件"),
        website=Url("网址"),
        wechat=Text("微信", max_length=60),
        qq=Text("QQ", max_length=60),
        main_contact=Ref("主联系人", "contact", loose=True, index=True, depends={"parent": "id"}, width=70),
        owner=Ref(
            "业务员",
            "employee",
            default="me",
            index=True,
            merge="flag",
            edit="assign",
            width=62,
            copies={"department": "department"},
            help="更换业务员要有「数据分配」权限",
        ),
        department=Ref("所属部门", "department", readonly=True, merge="flag", index=True, help="随业务员"),
        legal_person=Text("法人代表", max_length=60),
        registered_capital=Money("注册资金(万元)", min=0, sum=True),
        employee_count=Int("员工人数", min=0),
        tax_no=Text("税号", unique=True, merge="flag"),
        bank_name=Text("开户银行", merge="flag"),
        bank_account=Text("银行账号", merge="flag"),
        invoice_title=Text("开票抬头"),
        invoice_address=Text("开票地址电话"),
        price_level=Enum(
            "价格级别",
            {"1": "零售价", "2": "批发价", "3": "会员价", "4": "代理价"},
            options_called="price.slot_names",
            merge="flag",
            help="空着就随客户级别",
        ),
        settlement_method=Ref("结算方式", "settlement_method", default="default", small=True),
        credit_limit=Money(
            "信用额度",
            min=0,
            merge="flag",
            sum=True,
            width=96,
            help="空着不限，0 是只做现款；新客户没填的随客户级别",
        ),
        discount_rate=Rate(
            "默认折扣%",
            min=0,
            max=1_000_000,
            help="90 是九折；新客户没填的随客户级别",
        ),
        linked_supplier=Ref("对应供应商", "supplier", loose=True),
        birth=Birthday("生日/成立日"),
        next_contact_on=Date("下次联系", index=True, width=88),
        order_cycle_days=Int("订货周期(天)", min=1, max=3650),
        tags=Refs("标签", "tag"),
        is_blacklisted=Bool("黑名单", help="不再做新的销售"),
        is_no_sms=Bool("不收短信"),
        registered_on=Date("登记日期", default="today", index=True),
        note=LongText("备注"),
        is_system=Bool("系统客户", readonly=True, hidden=True),
    ),
    tree=Tree("group", "全部客户"),
    when="registered_on",
    columns="code name level status region phone main_contact owner next_contact_on credit_limit",
    quick="code name short_name phone mobile fax tax_no owner region status level registered_on",
    context="code owner",
    sort="-code",
    tabs=(
        Tab(
            "基本",
            "name code short_name group kind level status source industry nature",
            (
                Section(
                    "联系",
                    "phone mobile fax main_contact next_contact_on email region address postcode website wechat qq",
                ),
                Section("归属", "owner registered_on tags note"),
            ),
        ),
        Tab(
            "企业",
            "legal_person registered_capital employee_count order_cycle_days linked_supplier is_blacklisted is_no_sms",
        ),
        Tab("开票", "tax_no invoice_title bank_name bank_account invoice_address"),
        Tab("价格与信用", "price_level settlement_method credit_limit discount_rate"),
        Tab("生日与纪念", "birth"),
    ),
    related=(
        Related("联系人", "contact", "parent", {"parent_kind": "customer"}),
        Related("收货地址", "party_address", "parent", {"parent_kind": "customer"}),
        Related("报价", "quote", "customer"),
        Related("销货", "sale", "customer"),
        Related("会员零售", "sale", "member"),
        Related("收付", "settlement", "customer"),
        Related("往来", "party_entry", "customer"),
    ),
    mergeable=True,
    children="contact party_address",
    rules=(main_contact_is_own,),
    fixed="is_system",  # CRM3
    alike=party_grounds("phone mobile fax"),
    seed=(
        dict(
            seed="retail",
            name="零售客户",
            group="@customer_group:general",
            kind="person",
            discount_rate=1_000_000,  # seeds stay as they shipped first: machines of all versions hold the same rows
            is_system=True,
            registered_on="2020-01-01",
        ),
    ),
    rights=dict(manager="view export print", sales="view add edit export print", finance="view export print"),
    help="customer",
)

party_address = Module(
    name="party_address",
    label="收货地址",
    noun="收货地址",
    chapter="customers",
    icon="map-pin",
    menu=False,
    search=False,
    title="receiver",
    scope="follow",
    parent="parent",
    fields=dict(
        parent_kind=Enum("所属类型", {"customer": "客户", "supplier": "供应商"}, required=True, default="customer"),
        parent=Ref(
            "所属单位",
            target_by=("parent_kind", {"customer": "customer", "supplier": "supplier"}),
            required=True,
            width=180,
        ),
        receiver=Text("收货人", required=True, max_length=60),
        phone=Phone("电话"),
        region=Ref("区域", "region", tree=True),
        address=Text("地址", required=True, width=260),
        is_default=Bool("默认"),
    ),
    units=("parent_kind parent",),
    columns="receiver phone region address is_default",
    quick="receiver phone address",
    sort="receiver",
    tabs=(Tab("基本", "parent_kind parent receiver phone region is_default address"),),
    rights=dict(manager="view export print", sales="view add edit delete export print", finance="view export print"),
)
