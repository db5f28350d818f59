"""Special rights about buying and selling (modules.md 0.6)."""

from ...engine.define import Special

see_purchase_price = Special(
    "see_purchase_price", "查看进价", "看到和填写参考进价，看到供应产品的供货价。没有它，这些地方都不出现。", 50
)
