"""Special rights about buying and selling (modules.md 0.6)."""

from ...engine.define import Special

see_purchase_price = Special(
    "see_purchase_price", "查看进价", "看到和填写参考进价，看到供应产品的供货价。没有它，这些地方都不出现。", 50
)
see_cost = Special("see_cost", "查看成本和毛利", "看到成本、毛利、库存金额。没有它，这些地方都不出现。", 55)
negative_stock = Special("negative_stock", "负库存出库", "库存不够时也可以出库，出库前会再问一次。", 60)
below_min_price = Special("below_min_price", "低于最低售价", "单价低于最低售价也可以卖，保存前会再问一次。", 80)
over_credit = Special("over_credit", "超信用过账", "客户超出信用额度，系统配置又不让过账时，确认后仍可以过账。", 65)
back_date = Special(
    "back_date", "补录以前的单据", "可以过账很早以前的单据。没有它，只能补录系统配置里「可补录天数」以内的单据。", 67
)
edit_price = Special(
    "edit_price", "改单价和优惠",
    "销货时单价可以与带出的不同，整单优惠、抹零和收付款时的优惠、核销可以超过上限。没有它，只能按带出的单价卖。", 70,
)  # fmt: skip
