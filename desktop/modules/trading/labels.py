"""What stands on the label of a product (打印条码标签): its name, a price, and the code that is scanned."""

from collections.abc import Mapping
from typing import Any

from ...engine.define import Labelled, Tag
from ...engine.documents.declare import Asking, Columns
from ...engine.fields import Price
from .amounts import unit_price
from .rounding import TEN_THOUSAND
from .settings import PRICES_UNTIL

Row = Mapping[str, Any]


def _tag(product: Row, line: Columns, price: str, asking: Asking) -> Tag:
    unit = _own_unit(line, asking)
    code = str(line["barcode"]) if line.get("barcode") and unit else _code(product, unit, asking)
    below = "  ".join(str(product[name]) for name in ("spec", "model") if product[name])
    return Tag(str(product["name"]), below, _price(product, unit, price, asking) if price else "", code)


def _own_unit(line: Columns, asking: Asking) -> Row | None:
    """The unit of a line that is sold as such: one with a barcode of its own. Other boxes are opened, and each piece in
    them has a label."""
    unit = asking.look("product_unit", str(line["unit_row"])) if line.get("unit_row") else None
    return unit if unit and _barcodes(line["product"], unit["id"], asking) else None


def _copies(line: Columns, asking: Asking) -> int:
    """A label for each piece, one for a part of one."""
    if line.get("is_service"):
        return 0
    name = "qty" if not line.get("unit_row") or _own_unit(line, asking) else "base_qty"
    return -(-int(line[name] or 0) // TEN_THOUSAND)


def _price(product: Row, unit: Row | None, name: str, asking: Asking) -> str:
    amount = unit_price(product[name], int(unit["ratio"]) if unit else TEN_THOUSAND, unit[name] if unit else None)
    base = asking.look("dict_item", str(product["unit"])) if product["unit"] else None
    per = unit or base
    return f"¥{Price('').format(amount, {})}{'/' + per['name'] if per else ''}" if amount is not None else ""


def _code(product: Row, unit: Row | None, asking: Asking) -> str:
    """The barcode: the main one, else the first; of what has none its number, which is found by scanning, too."""
    found = _barcodes(product["id"], unit["id"] if unit else None, asking)
    main = next((row for row in found if row["id"] == product["main_barcode"]), None)
    return str((main or found[0])["barcode"]) if found else str(product["code"] or "")


def _barcodes(product: Any, unit: Any, asking: Asking) -> list[Columns]:
    rows = [row for row in asking.find("product_barcode", {"product": product}) if row["unit_row"] == unit]
    return sorted(rows, key=lambda row: str(row["id"]))


LABELS = Labelled(
    prices="price_1 price_2 price_3 price_4", listed="category code name spec model unit", until=PRICES_UNTIL,
    tag=_tag, copies=_copies,
)  # fmt: skip
