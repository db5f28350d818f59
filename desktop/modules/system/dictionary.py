"""基本资料: the dictionaries users edit (modules.md 2.10.4)."""

from collections.abc import Iterator
from typing import Any

from ...engine.define import Module, Only, Section, Tab
from ...engine.fields import Bool, Enum, Int, Money, Rate, Ref, Text

LISTS = {
    "customer_level": "客户级别",
    "customer_status": "客户状态",
    "customer_source": "客户来源",
    "industry": "所属行业",
    "company_nature": "企业性质",
    "company_scale": "企业规模",
    "contact_role": "决策角色",
    "supplier_category": "供应商类别",
    "supplier_level": "供应商级别",
    "position": "职务",
    "education": "学历",
    "unit": "计量单位",
    "return_reason": "退货原因",
    "delivery_method": "送货方式",
    "pay_method": "收付方式",
    "lost_reason": "未成交原因",
    "write_off_reason": "核销原因",
    "stock_reason": "出入库原因",
}

_WORDS = {
    "customer_status": "潜在 意向 成交* 休眠 流失 无效",
    "customer_source": "电话开发 客户介绍 网络 展会 广告 上门 老客户 公海 其他",
    "industry": "制造业 批发零售 建筑房产 信息技术 医药卫生 教育 餐饮住宿 交通物流 金融 农林牧渔 政府机关 其他",
    "company_nature": "民营 国有 合资 外资 个体 事业单位",
    "company_scale": "1–20人 21–100人 101–500人 500人以上",
    "contact_role": "决策人 影响人 使用人 采购 财务 技术",
    "supplier_category": "生产商 代理商 经销商 物流 服务商",
    "supplier_level": "A B* C 淘汰",
    "position": "总经理 副总 经理 主管 业务员 采购员 仓管员 会计 出纳 客服 前台 司机",
    "return_reason": "质量问题 发错货 数量不符 客户不要 其他",
    "delivery_method": "自提 送货上门 快递 物流",
    "pay_method": "现金 转账 支票 微信 支付宝 承兑汇票",
    "write_off_reason": "尾差 坏账 优惠 其他",
    "stock_reason": "破损 过期 丢失 自用 样品 赠送 盘点 其他",
    "lost_reason": "价格 交期 质量 竞争对手 取消采购 其他",
    "education": "高中 中专 大专 本科 硕士 博士",
}

# name, digits after the point
_UNITS = (
    ("个", 0), ("件", 0), ("台", 0), ("套", 0), ("箱", 0), ("包", 0), ("瓶", 0), ("盒", 0), ("张", 0), ("米", 2),
    ("千克", 3), ("吨", 3), ("平方米", 2), ("小时", 1),
)  # fmt: skip

# name, price slot, days between visits
_LEVELS = (("普通", "1", 60), ("VIP", "3", 30), ("批发", "2", 45), ("代理", "4", 30), ("潜在", "1", 30))


def _seeds() -> tuple[dict[str, Any], ...]:
    rows: list[dict[str, Any]] = []
    for place, (name, slot, days) in enumerate(_LEVELS, 1):
        rows.append(
            dict(seed=f"customer_level.{name}", list="customer_level", name=name, sort=place * 10,
                 is_default=place == 1, price_slot=slot, visit_days=days)
        )  # fmt: skip
    for code, words in _WORDS.items():
        for place, word in enumerate(words.split(), 1):
            name = word.rstrip("*")
            rows.append(
                dict(
                    seed=f"{code}.{name}",
                    list=code,
                    name=name,
                    sort=place * 10,
                    is_default=word.endswith("*"),
                )
            )
    return (*rows, *_units())


def _units() -> Iterator[dict[str, Any]]:
    for place, (name, decimals) in enumerate(_UNITS, 1):
        yield dict(seed=f"unit.{name}", list="unit", name=name, sort=place * 10, is_default=place == 1,
                   decimals=decimals)  # fmt: skip


dict_item = Module(
    name="dict_item",
    label="基本资料",
    noun="资料项",
    chapter="system",
    icon="book-marked",
    position=10,
    title="name",
    lookup=True,
    search=False,
    edit_right="settings",
    fields=dict(
        list=Enum("资料", LISTS, required=True, index=True, width=110),
        name=Text("名称", required=True, max_length=60),
        sort=Int("排序", help="小的在前", index=True),
        is_default=Bool("默认"),
        is_stopped=Bool("停用", help="停用后不能再选，已用的照常显示"),
        color=Text("颜色", max_length=20),
        price_slot=Enum(
            "价格级别",
            {"1": "零售价", "2": "批发价", "3": "会员价", "4": "代理价"},
            options_called="price.slot_names",
        ),
        discount_rate=Rate("默认折扣%", min=0, max=1_000_000),
        credit_limit=Money("信用额度", min=0),
        visit_days=Int("拜访间隔(天)", min=1, max=3650),
        decimals=Int("小数位", min=0, max=4, help="单据里的数量写几位小数"),
    ),
    retire="is_stopped",
    columns="list name sort is_default is_stopped",
    quick="name list",
    sort="list,sort",
    tabs=(
        Tab(
            "基本",
            "list name sort is_default is_stopped color",
            (
                Section("客户级别专用", "price_slot discount_rate credit_limit visit_days"),
                Section("计量单位专用", "decimals"),
            ),
        ),
    ),
    only=Only("list", {"customer_level": "price_slot discount_rate credit_limit visit_days", "unit": "decimals"}),
    seed=_seeds(),
    rights=dict(manager="view", finance="view"),
    help="dict_item",
)

settlement_method = Module(
    name="settlement_method",
    label="结算方式",
    also="付款方式 支付方式",
    noun="结算方式",
    chapter="system",
    icon="calendar-clock",
    position=30,
    title="name",
    lookup=True,
    search=False,
    edit_right="settings",
    fields=dict(
        name=Text("名称", required=True, max_length=60),
        kind=Enum("方式", {"cash": "现结", "days": "若干天后", "monthly": "月结"}, required=True, default="cash"),
        days=Int("天数", min=0, max=3650),
        months=Int("几个月后", min=0, max=36),
        day=Int("付款日", min=1, max=31),
        is_default=Bool("默认"),
        is_stopped=Bool("停用"),
        sort=Int("排序"),
    ),
    units=("kind days months day",),
    retire="is_stopped",
    columns="name kind days months day is_default is_stopped",
    quick="name",
    sort="sort,name",
    tabs=(Tab("基本", "name kind days months day sort is_default is_stopped"),),
    seed=(
        dict(seed="cash", name="现结", kind="cash", is_default=True, sort=10),
        dict(seed="days30", name="货到30天", kind="days", days=30, sort=20),
        dict(seed="monthly25", name="月结次月25日", kind="monthly", months=1, day=25, sort=30),
        dict(seed="days60", name="月结60天", kind="days", days=60, sort=40),
        dict(seed="prepaid", name="预付", kind="cash", sort=50),
    ),
    rights=dict(manager="view", finance="view"),
    help="dict_item",
)

tag = Module(
    name="tag",
    label="标签",
    noun="标签",
    chapter="system",
    icon="tag",
    position=40,
    title="name",
    lookup=True,
    search=False,
    edit_right="settings",
    fields=dict(
        name=Text("名称", required=True, unique=True, max_length=40),
        color=Text("颜色", max_length=20),
        module=Text("用于", max_length=60, help="空着到处可用"),
        is_stopped=Bool("停用"),
    ),
    retire="is_stopped",
    columns="name color is_stopped",
    quick="name",
    sort="name",
    tabs=(Tab("基本", "name color module is_stopped"),),
    seed=tuple(dict(seed=name, name=name) for name in ("重点跟进", "价格敏感", "转介绍", "需回访")),
    rights=dict(manager="view", finance="view"),
    help="dict_item",
)

_AREAS = {
    "华北": "北京 天津 河北 山西 内蒙古",
    "东北": "辽宁 吉林 黑龙江",
    "华东": "上海 江苏 浙江 安徽 福建 江西 山东 台湾",
    "华中": "河南 湖北 湖南",
    "华南": "广东 广西 海南 香港 澳门",
    "西南": "重庆 四川 贵州 云南 西藏",
    "西北": "陕西 甘肃 青海 宁夏 新疆",
}


def _regions() -> tuple[dict[str, Any], ...]:
    rows: list[dict[str, Any]] = []
    for place, (area, provinces) in enumerate(_AREAS.items(), 1):
        rows.append(dict(seed=area, name=area, level=1, sort=place * 100))
        for inner, province in enumerate(provinces.split(), 1):
            rows.append(dict(seed=province, name=province, level=2, parent=f"@region:{area}", sort=place * 100 + inner))
    return tuple(rows)


region = Module(
    name="region",
    label="区域",
    noun="区域",
    chapter="system",
    icon="map-pinned",
    position=20,
    title="name",
    lookup=True,
    search=False,
    edit_right="settings",
    parent="parent",
    fields=dict(
        name=Text("名称", required=True, max_length=60),
        code=Text("编号", max_length=20),
        parent=Ref("上级区域", "region", tree=True, help="留空就是最高一级"),
        level=Int("层级", min=1, max=9),
        sort=Int("排序", index=True),
    ),
    columns="name parent level sort",
    quick="name code",
    context="parent",
    sort="sort,name",
    tabs=(Tab("基本", "name parent code level sort"),),
    seed=_regions(),
    rights=dict(manager="view", finance="view"),
    help="dict_item",
)
