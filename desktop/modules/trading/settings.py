"""What a company decides about buying and selling (modules.md 2.10.7)."""

from ...engine.define import Setting
from ...engine.documents.declare import BY_BRANCH
from ...engine.documents.declare import SAVE_POSTS as SAVE_POSTS
from ...engine.fields import Bool, Date, Enum, Int, Money, Rate, Words
from .amounts import Step
from .credit import Check
from .rounding import WHOLE_RATE

_DOCUMENT, _TAX, _PRICE, _ORDER, _CREDIT, _STOCK = "单据", "税", "价格", "订货", "信用与收付", "库存与成本"

BACK_DAYS = Setting[int](
    "doc.back_days",
    Int(
        "可补录天数", required=True, min=0, max=3650, default=7,
        help="单据日期早于今天这些天以内，人人都可以过账；更早的要有「补录以前的单据」的权限",
    ),
    _DOCUMENT,
    20,
    levels=BY_BRANCH,
)  # fmt: skip
FUTURE_DAYS = Setting[int](
    "doc.future_days",
    Int("可提前天数", required=True, min=0, max=365, default=0, help="单据日期最多晚于今天几天，0 是只到今天"),
    _DOCUMENT,
    30,
    levels=BY_BRANCH,
)

TAX_INCLUDED = Setting[bool](
    "tax.price_includes",
    Bool("单价含税", default=True, help="以后新录的单据按它算税，已保存的单据不变"),
    _TAX,
    100,
)
TAX_RATE = Setting[int](
    "tax.default_rate",
    Rate("默认税率%", required=True, min=0, max=WHOLE_RATE, default=0, help="新产品带出的税率"),
    _TAX,
    110,
)
SLOT_NAMES = Setting[str](
    "price.slot_names",
    Words(
        "四个参考售价的名称", required=True, count=4, default="零售价,批发价,会员价,代理价",
        help="用逗号隔开，不能相同。列表、表单、打印、导出和价格级别都用它们",
    ),
    _PRICE,
    190,
)  # fmt: skip
OFFICE_PRICES = Setting[bool](
    "price.office_only",
    Bool(
        "参考售价只许总部改", default=False, help="打开以后，只有「系统配置」权限的人能改产品和辅助单位的四个参考售价"
    ),
    _PRICE,
    195,
)
USE_LAST_PRICE = Setting[bool](
    "price.use_last",
    Bool("优先带出上次价", default=True, help="同一往来单位上次买卖这个产品的单价；关掉就按级别价和标价"),
    _PRICE,
    200,
)
LAST_PRICE_DAYS = Setting[int](
    "price.last_days",
    Int("上次价有效天数", required=True, min=0, max=3650, default=180, help="更早的成交价不再带出"),
    _PRICE,
    210,
)
PRICE_ALERT = Setting[int](
    "purchase.price_alert",
    Rate(
        "进价变动提醒%", required=True, min=0, max=WHOLE_RATE * 10, default=WHOLE_RATE // 5,
        help="进货单价比这个产品上次的进价高或低超过百分之几，就在单价上标出来，0 是不标",
    ),
    _PRICE,
    215,
)  # fmt: skip
QUOTE_DAYS = Setting[int](
    "quote.valid_days",
    Int("报价有效天数", required=True, min=0, max=3650, default=15, help="新报价单的有效期，从报价日期算起"),
    _PRICE,
    220,
)
OVER_RATE = Setting[int](
    "order.over_rate",
    Rate(
        "允许超交%", required=True, min=0, max=WHOLE_RATE, default=0,
        help="交货最多可以比订货多百分之几，0 是一点也不能多",
    ),
    _ORDER,
    250,
)  # fmt: skip
RETURN_REOPENS = Setting[bool](
    "order.return_reopens",
    Bool(
        "退货恢复订货", default=False,
        help="客户退回按订货交的货以后，退回的数量重新算未交。以后新录的退货单按它算，已保存的单据不变",
    ),
    _ORDER,
    260,
)  # fmt: skip
CREDIT_CHECK = Setting[Check](
    "credit.check",
    Enum(
        "超出信用额度时", {"off": "不检查", "warn": "提醒", "block": "不让过账"}, required=True, default="warn",
        help="「不让过账」时，有「超信用过账」权限的人仍可确认后过账",
    ),
    _CREDIT,
    300,
)  # fmt: skip
COUNT_ORDERS = Setting[bool](
    "credit.count_orders",
    Bool("信用算上未交订货", default=True, help="客户还没交货的销货订货也占用信用额度"),
    _CREDIT,
    310,
)
OVERDUE_DAYS = Setting[int](
    "credit.overdue_days",
    Int(
        "逾期几天起限制", required=True, min=0, max=3650, default=0,
        help="有单据逾期超过这些天，就和超出额度一样处理；0 不检查",
    ),
    _CREDIT,
    320,
)  # fmt: skip
WRITE_OFF_LIMIT = Setting[int](
    "money.write_off_limit",
    Money(
        "优惠和核销上限",
        required=True,
        min=0,
        default=1_00,
        help="整单优惠、抹零、收付款时的优惠和核销超过它，要有「改单价和优惠」的权限",
    ),
    _CREDIT,
    330,
)
ROUNDING = Setting[Step](
    "money.rounding",
    Enum(
        "收款取整", {"fen": "到分", "jiao": "到角", "yuan": "到元"}, required=True, default="fen",
        help="零售收整角或整元，零头自动记在「抹零」里；销货、收款收到整角或整元、只差零头的，零头也不再要。都可以自己改",
    ),
    _CREDIT,
    335,
)  # fmt: skip
PRICES_UNTIL = Setting[str | None](
    "price.valid_until",
    Date("价目有效期至", help="过了这一天，按级别价、标价卖的销货单标上「需总部确认」；空着是一直有效。印在价目表上"),
    _PRICE,
    198,
)
CREDITS_FIRST = Setting[bool](
    "money.auto_use_credit",
    Bool("自动先用退货抵", default=False, help="收付款自动分配时，先用没抵掉的退货和多付的，再用这次的钱"),
    _CREDIT,
    340,
)
STOCK_NEGATIVE = Setting[str](
    "stock.negative",
    Enum(
        "库存不够时出库", {"block": "不允许", "warn": "提醒", "allow": "允许"}, required=True, default="block",
        help="「不允许」时，有「负库存出库」权限的人仍可确认后出库",
    ),
    _STOCK,
    400,
    levels=BY_BRANCH,
)  # fmt: skip
COST_SCOPE = Setting[str](
    "cost.scope",
    Enum(
        "成本计算范围", {"company": "全公司", "warehouse": "分仓库"}, required=True, default="company",
        help="全公司：一个产品在各仓库同一个平均成本；分仓库：每个仓库各算各的，调拨带着成本走。有了库存流水就不能再改",
    ),
    _STOCK,
    407,
    stays_once="stock_move",
    stays_because="已经有库存流水，成本都是按现在的范围算的，不能再改",
)  # fmt: skip
CHECK_AVAILABLE = Setting[bool](
    "stock.check_available",
    Bool(
        "出库按可用数量检查", default=False,
        help="出库不能用掉留给别的销货订货的数量；关掉就只看库存数量。怎么拦，看「库存不够时出库」",
    ),
    _STOCK,
    405,
    levels=BY_BRANCH,
)  # fmt: skip
PROFIT_WITHOUT_TAX = Setting[bool](
    "profit.ex_tax",
    Bool(
        "毛利按不含税", default=False,
        help="毛利 = 不含税的销售额 − 成本，成本也不含税时打开（见「成本计价」）。以后新录的销货单按它算，已保存的不变",
    ),
    _STOCK,
    415,
)  # fmt: skip
COST_WITH_TAX = Setting[str](
    "cost.basis",
    Enum(
        "成本计价", {"gross": "含税", "net": "不含税"}, required=True, default="gross",
        help="以后新录的进货单按它计成本，已保存的单据不变",
    ),
    _STOCK,
    410,
)  # fmt: skip
RETURN_FREELY = Setting[bool](
    "sale.return_without_origin",
    Bool("可以无原单退货", default=True, help="关掉以后，客户退货的每一行都要从原销货单带出"),
    _STOCK,
    420,
)
