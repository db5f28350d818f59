"""Made-up products: what a dealer in machine parts has on the shelf, with units, barcodes, prices and suppliers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sync_server.replication.changeset import Op, Scalar

from ..engine.define import seed_id
from ..engine.ids import derived_id, new_id
from .ground import Ground

TENTH = 1_000
"""A tenth of a yuan as a price."""
CENT = 100


@dataclass(frozen=True)
class Family:
    """Products that differ in size only. Costs are in 分: that of the first size, and what each further one adds."""

    category: tuple[str, str]
    prefix: str
    name: str
    unit: str
    spec: str
    cost: int
    step: int
    sizes: str
    box: int = 0
    """How many stand in a 箱, if it is sold by the box."""


FAMILIES: tuple[Family, ...] = (
    Family(("轴承", "深沟球轴承"), "BR", "深沟球轴承", "个", "P5 级 双面密封", 310, 95,
           "6200-2RS 6201-2RS 6202-2RS 6203-2RS 6204-2RS 6205-2RS 6206-2RS 6207-2RS 6208-2RS 6209-2RS 6210-2RS", 200),
    Family(("轴承", "深沟球轴承"), "BR", "深沟球轴承", "个", "P5 级 铁盖", 420, 160,
           "6300-ZZ 6301-ZZ 6302-ZZ 6303-ZZ 6304-ZZ 6305-ZZ 6306-ZZ 6307-ZZ 6308-ZZ 6309-ZZ", 100),
    Family(("轴承", "圆锥滚子轴承"), "BR", "圆锥滚子轴承", "个", "P6 级", 1_150, 320,
           "30203 30204 30205 30206 30207 30208 30209 30210", 50),
    Family(("轴承", "带座轴承"), "BR", "带座轴承", "个", "铸铁座", 1_680, 410,
           "UCP204 UCP205 UCP206 UCP207 UCP208 UCF204 UCF205"),
    Family(("气动元件", "接头与气管"), "PN", "气动快插接头", "个", "铜镀镍", 95, 28,
           "PC4-M5 PC6-01 PC6-02 PC8-01 PC8-02 PC8-03 PC10-02 PC10-03 PC12-03 PC12-04", 500),
    Family(("气动元件", "接头与气管"), "PN", "聚氨酯气管", "米", "透明 耐压 0.8 MPa", 120, 85,
           "4×2.5 6×4 8×5 10×6.5 12×8 16×12", 100),
    Family(("气动元件", "气缸"), "PN", "标准气缸", "件", "双作用 带磁", 4_800, 1_150,
           "SC32×50 SC32×100 SC40×50 SC40×100 SC50×50 SC50×100 SC63×100 SC80×100 SC100×150"),
    Family(("气动元件", "阀与过滤"), "PN", "电磁换向阀", "件", "二位五通 DC24V", 3_900, 900,
           "4V110-06 4V210-08 4V310-10 4V410-15"),
    Family(("气动元件", "阀与过滤"), "PN", "气源处理三联件", "套", "自动排水", 6_200, 1_900,
           "AC2010-02 AC3010-03 AC4010-04 AC5010-06"),
    Family(("电线电缆", "护套线"), "CB", "护套软线 RVV", "米", "国标 黑色", 180, 145,
           "2×0.75 2×1.0 2×1.5 3×1.0 3×1.5 3×2.5 4×1.5 4×2.5 5×2.5", 100),
    Family(("电线电缆", "拖链电缆"), "CB", "高柔拖链电缆", "米", "耐弯 500 万次", 620, 210,
           "4×0.5 4×0.75 6×0.5 8×0.5 12×0.3"),
    Family(("紧固件", "内六角螺栓"), "FT", "内六角螺栓", "个", "8.8 级 发黑", 8, 5,
           "M4×10 M4×16 M5×12 M5×20 M6×16 M6×25 M8×20 M8×30 M10×30 M10×50 M12×40 M12×60 M16×60", 1_000),
    Family(("紧固件", "螺母垫圈"), "FT", "六角螺母", "个", "镀锌", 3, 3, "M4 M5 M6 M8 M10 M12 M16 M20", 2_000),
    Family(("紧固件", "螺母垫圈"), "FT", "弹簧垫圈", "个", "镀锌", 1, 1, "4 5 6 8 10 12 16", 5_000),
    Family(("传动件", "同步带与轮"), "TR", "同步带", "件", "橡胶 玻纤芯", 1_350, 330,
           "HTD5M-300 HTD5M-425 HTD5M-600 HTD8M-560 HTD8M-720 HTD8M-960 HTD8M-1200"),
    Family(("传动件", "联轴器"), "TR", "梅花联轴器", "套", "铝合金", 2_300, 760,
           "D25×L30 D30×L35 D40×L50 D55×L65 D65×L80"),
    Family(("润滑与清洗", "润滑脂"), "LB", "极压锂基脂", "包", "EP2", 980, 4_900, "1kg 4kg 15kg 17kg"),
    Family(("润滑与清洗", "润滑油"), "LB", "抗磨液压油", "瓶", "HM", 9_800, 5_200, "32# 46# 68#"),
    Family(("润滑与清洗", "清洗剂"), "LB", "除锈润滑剂", "瓶", "喷雾", 860, 540, "200ml 350ml 500ml", 24),
    Family(("劳保用品", "手套"), "GL", "丁腈防护手套", "包", "12 双/包", 2_100, 90, "S M L XL", 20),
    Family(("劳保用品", "眼耳防护"), "GL", "防护眼镜", "件", "防雾", 720, 410, "透明 茶色 加宽", 60),
    Family(("劳保用品", "眼耳防护"), "GL", "防噪耳塞", "盒", "200 付/盒", 6_400, 700, "子弹型 带线型"),
    Family(("工具", "手动工具"), "TL", "内六角扳手", "套", "CR-V 加长", 1_450, 680, "7件套 9件套 13件套"),
    Family(("工具", "手动工具"), "TL", "活动扳手", "件", "镀铬", 1_900, 720, "6寸 8寸 10寸 12寸"),
    Family(("工具", "切削工具"), "TL", "钨钢铣刀", "件", "4 刃 涂层", 1_250, 640, "D3 D4 D5 D6 D8 D10 D12 D16"),
    Family(("工具", "切削工具"), "TL", "麻花钻头", "件", "含钴 直柄", 190, 110,
           "D2.0 D2.5 D3.2 D4.2 D5.0 D6.8 D8.5 D10.2"),
    Family(("电气控制", "伺服与变频"), "SV", "交流伺服套装", "套", "含 3 米线缆", 98_000, 31_000,
           "0.4kW 0.75kW 1.0kW 1.5kW 2.0kW"),
    Family(("电气控制", "伺服与变频"), "SV", "变频器", "台", "三相 380V", 72_000, 24_000,
           "0.75kW 1.5kW 2.2kW 3.7kW 5.5kW 7.5kW"),
    Family(("电气控制", "传感器"), "SV", "接近开关", "件", "NPN 常开", 2_400, 850, "M8 M12 M18 M30", 40),
    Family(("电气控制", "低压电器"), "SV", "小型断路器", "件", "C 型", 1_100, 420,
           "1P-10A 1P-16A 1P-32A 2P-32A 3P-32A 3P-63A", 60),
    Family(("服务", "安装与维修"), "FW", "设备上门安装", "小时", "含交通", 9_000, 3_000, "市内 省内"),
)  # fmt: skip
_BRANDS = ("瑞拓力", "恒钧达", "沃凌", "捷固威", "钧驰", "诺泽", "")
_ORIGINS = ("江苏", "浙江", "山东", "广东", "上海", "")

# Reference prices as percent of the cost: retail, wholesale, members, agents, and the lowest.
_MARKUP = {"price_1": 148, "price_2": 128, "price_3": 136, "price_4": 120, "min_price": 112}


class Goods:
    """Makes the products that are not there yet; the same random generator gives the same ones."""

    def __init__(
        self, ground: Ground, db: sqlite3.Connection, random: Random, families: tuple[Family, ...] = FAMILIES
    ) -> None:  # fmt: skip
        self.ground, self.random, self.families = ground, random, families
        self._codes = {row[0] for row in db.execute("SELECT code FROM product WHERE deleted_at IS NULL")}
        self._categories = dict(db.execute("SELECT name, id FROM product_category WHERE deleted_at IS NULL").fetchall())
        sql = "SELECT id FROM supplier WHERE deleted_at IS NULL AND is_system IS NOT 1 ORDER BY code LIMIT 20"
        self._suppliers = [row[0] for row in db.execute(sql)]
        self._keeps_stock = db.execute(
            "SELECT 1 FROM warehouse WHERE id = ? AND deleted_at IS NULL", (_WAREHOUSE,)
        ).fetchone()

    def ops(self) -> Iterator[Op]:
        """Rows in an order in which each finds what it points at."""
        for place, family in enumerate(self.families, 1):
            if self.ground.word("unit", family.unit) is None:
                continue
            yield from self._category(place, *family.category)
            for number, size in enumerate(family.sizes.split()):
                code = f"{family.prefix}-{size}".upper().replace("×", "X")
                if family.prefix in ("FT", "TL", "SV", "LB", "GL", "FW"):
                    code = f"{family.prefix}{place:02d}-{size}".upper().replace("×", "X")
                if code not in self._codes:
                    yield from self._product(family, code, number, size)

    def _category(self, place: int, *path: str) -> Iterator[Op]:
        above = None
        for depth, name in enumerate(path):
            if name not in self._categories:
                self._categories[name] = new_id()
                values = {"name": name, "parent": above, "sort": place * 10 + depth}
                yield self.ground.op("product_category", self._categories[name], values)
            above = self._categories[name]

    def _product(self, family: Family, code: str, number: int, size: str) -> Iterator[Op]:
        random, ground, id = self.random, self.ground, new_id()
        cost = (family.cost + family.step * number) * CENT
        prices = {name: _rounded(cost * percent // 100) for name, percent in _MARKUP.items()}
        barcode, supplier = new_id(), random.choice(self._suppliers) if self._suppliers else None
        is_service = family.category[0] == "服务"
        low = 0 if is_service else random.choice((5, 10, 20, 50, 100)) * 10_000
        day = ground.today - timedelta(days=random.randrange(30, 900))
        values: dict[str, Scalar] = {
            "code": code, "name": f"{family.name} {size}", "category": self._categories[family.category[1]],
            "spec": family.spec, "model": size, "brand": random.choice(_BRANDS) or None,
            "origin": random.choice(_ORIGINS) or None, "unit": ground.word("unit", family.unit),
            "main_barcode": None if is_service else barcode, "kind": "service" if is_service else "goods", **prices,
            "tax_rate": 130_000, "stock_min": low or None, "stock_max": low * 10 or None, "supplier": supplier,
            "warranty_months": 12 if family.prefix == "SV" else None, "is_stopped": int(random.random() < 0.03),
            "registered_on": day.isoformat(),
        }  # fmt: skip
        yield ground.op("product", id, values)
        about: dict[str, Scalar] = {"name": values["name"], "product": id, "purchase_price": cost}
        yield ground.op("product_cost", derived_id(f"product_cost:{id}", ""), about)
        if not is_service:
            yield from self._on_the_shelf(family, id, barcode, low, supplier, cost)

    def _on_the_shelf(
        self, family: Family, id: str, barcode: str, low: int, supplier: str | None, cost: int
    ) -> Iterator[Op]:
        random, ground = self.random, self.ground
        yield ground.op("product_barcode", barcode, {"product": id, "barcode": self._barcode()})
        box = ground.word("unit", "箱")
        if family.box and box:
            unit = new_id()
            about: dict[str, Scalar] = {"product": id, "unit": box, "name": "箱", "ratio": family.box * 10_000}
            yield ground.op("product_unit", unit, about)
            yield ground.op("product_barcode", new_id(), {"product": id, "barcode": self._barcode(), "unit_row": unit})
        if self._keeps_stock:
            place = f"{random.choice('ABCD')}-{random.randrange(1, 13):02d}-{random.randrange(1, 5)}"
            limits: dict[str, Scalar] = {
                "product": id,
                "warehouse": _WAREHOUSE,
                "stock_min": low,
                "stock_max": low * 6,
                "place": place,
            }
            yield ground.op("stock_limit", new_id(), limits)
        if supplier:
            offer: dict[str, Scalar] = {
                "product": id, "supplier": supplier, "price": cost, "lead_days": random.choice((3, 5, 7, 10, 15)),
                "supplier_code": f"{family.prefix}{random.randrange(10_000, 99_999)}",
            }  # fmt: skip
            yield ground.op("product_supplier", new_id(), offer)

    def _barcode(self) -> str:
        """Beginning with 2: numbers that shops give themselves, so no maker's."""
        digits = f"21{self.random.randrange(10**10):010d}"
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
        return f"{digits}{-total % 10}"


_WAREHOUSE = seed_id("warehouse", "main")


def _rounded(price: int) -> int:
    """To a tenth from one yuan on, to the cent below it."""
    step = TENTH if price >= 10 * TENTH else CENT
    return max((price + step // 2) // step * step, CENT)
