"""联系人信息 (modules.md 2.1.2)."""

from ...engine.define import Module, Section, Tab
from ...engine.fields import Birthday, Bool, Date, Dict, Email, Enum, LongText, Mirror, Phone, Ref, Text
from ...engine.fields.usual import MOBILE
from .party import contact_grounds

contact = Module(
    name="contact",
    label="联系人信息",
    also="通讯录 名片",
    noun="联系人",
    chapter="customers",
    icon="contact",
    position=20,
    title="name",
    scope="follow",
    parent="parent",
    fields=dict(
        name=Text("姓名", required=True, max_length=60, width=90),
        parent_kind=Enum(
            "所属类型",
            {"customer": "客户", "supplier": "供应商", "competitor": "竞争对手"},
            required=True,
            default="customer",
        ),
        parent=Ref(
            "所属单位",
            target_by=(
                "parent_kind",
                {"customer": "customer", "supplier": "supplier", "competitor": "competitor"},
            ),
            required=True,
            index=True,
            width=200,
        ),
        gender=Enum("性别", {"m": "男", "f": "女", "u": "未知"}, default="u"),
        title=Text("职务", max_length=60, index=True),
        department_name=Text("部门", max_length=60),
        role=Dict("决策角色", "contact_role"),
        is_main=Mirror(
            "主联系人",
            parent="parent",
            names="main_contact",
            targets=("customer", "supplier", "competitor"),
            first=True,
        ),
        mobile=Phone("手机", usual=MOBILE, unique=True, search=True, index=True),
        phone=Phone("办公电话", unique=True, index=True),
        home_phone=Phone("家庭电话"),
        email=Email("电子邮件", index=True),
        wechat=Text("微信"),
        qq=Text("QQ"),
        birth=Birthday("生日"),
        hobby=Text("爱好"),
        id_no=Text("证件号", masked=True, max_length=30),
        native_place=Text("籍贯"),
        reports_to=Ref("上级", "contact", loose=True, above=True, depends={"parent": "parent"}),
        is_left=Bool("已离职"),
        is_no_sms=Bool("不收短信"),
        registered_on=Date("登记日期", default="today", index=True),
        note=LongText("备注"),
    ),
    units=("parent_kind parent",),
    retire="is_left",
    mergeable=True,
    alike=contact_grounds(),
    when="registered_on",
    columns="name parent_kind parent title mobile phone email birth registered_on",
    quick="name parent mobile phone email wechat title registered_on",
    context="parent title",
    sort="-registered_on",
    tabs=(
        Tab(
            "基本",
            "name gender parent_kind parent title department_name role reports_to is_main",
            (
                Section("联系方式", "mobile phone home_phone email wechat qq"),
                Section("其他", "registered_on is_left is_no_sms note"),
            ),
        ),
        Tab("个人", "birth hobby native_place id_no"),
    ),
    rights=dict(manager="view export print", sales="view add edit export print", finance="view export print"),
    help="contact",
)
