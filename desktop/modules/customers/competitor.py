"""竞争对手信息 (modules.md 2.1.4)."""

from ...engine.define import Alike, Module, Related, Section, Tab
from ...engine.fields import Date, Dict, Enum, LongText, Phone, Price, Rate, Ref, Text, Url
from .party import company_core

competitor = Module(
    name="competitor",
    label="竞争对手信息",
    noun="竞争对手",
    chapter="customers",
    icon="swords",
    position=40,
    title="name",
    fields=dict(
        name=Text("名称", required=True, unique=True, width=200),
        short_name=Text("简称", index=True),
        threat=Enum(
            "威胁程度",
            {"low": "低", "mid": "中", "high": "高"},
            default="mid",
            index=True,
            tones={"low": "quiet", "mid": "draft", "high": "look"},
        ),
        region=Ref("区域", "region", tree=True, index=True),
        scale=Dict("规模", "company_scale", index=True),
        market_share=Rate("市场份额%", min=0, max=1_000_000, index=True),
        phone=Phone("电话"),
        address=Text("地址", width=220),
        website=Url("网址"),
        main_contact=Ref("联系人", "contact", loose=True, depends={"parent": "id"}),
        products=LongText("主要产品"),
        price_policy=LongText("价格策略"),
        channel=LongText("渠道"),
        strength=LongText("优势"),
        weakness=LongText("劣势"),
        our_answer=LongText("我方对策"),
        registered_on=Date("登记日期", default="today", index=True),
        note=LongText("备注"),
    ),
    when="registered_on",
    columns="name short_name threat region scale market_share registered_on",
    quick="name short_name phone threat region registered_on",
    context="short_name",
    sort="name",
    tabs=(
        Tab(
            "基本",
            "name short_name threat region scale market_share",
            (Section("联系", "phone main_contact website address"), Section("其他", "registered_on note")),
        ),
        Tab("产品与渠道", "products price_policy channel"),
        Tab("优劣与对策", "strength weakness our_answer"),
    ),
    related=(
        Related("联系人", "contact", "parent", {"parent_kind": "competitor"}),
        Related("竞品价格", "competitor_product", "competitor"),
    ),
    children="contact competitor_product",
    alike=(Alike("name", 60, "名称相近", company_core),),
    rights=dict(manager="view export print", sales="view add edit export print", finance="view export print"),
    help="competitor",
)

competitor_product = Module(
    name="competitor_product",
    label="竞品价格",
    noun="竞品价格",
    chapter="customers",
    icon="tag",
    menu=False,
    search=False,
    title="name",
    scope="follow",
    parent="competitor",
    fields=dict(
        competitor=Ref("竞争对手", "competitor", required=True, width=180),
        name=Text("竞品名称", required=True, width=180),
        price=Price("价格", min=0),
        seen_on=Date("采集日期", default="today"),
        note=LongText("备注"),
    ),
    when="seen_on",
    columns="name price seen_on note",
    quick="name seen_on",
    sort="name",
    tabs=(Tab("基本", "competitor name price seen_on note"),),
    rights=dict(manager="view export print", sales="view add edit delete export print", finance="view export print"),
)
