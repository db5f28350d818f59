"""What documents of trading look like on paper (modules.md 2.2.2, 2.2.4, 2.2.6, 2.2.8, 2.2.9 "打印")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...engine.documents.declare import Letterhead, Party, Print, Spelled
from .words import in_words

SHEET_HEAD = Letterhead("company_profile", "name", footer="print_footer", logo="logo")
SHOP_HEAD = Letterhead("company_profile", "short_name name", footer="print_footer", logo="logo")
TOTAL = Spelled("total", in_words)
WITH_PRICES = "product_name spec unit_name qty price discount_rate amount note"
WITHOUT_PRICES = "product_name spec unit_name qty note"
PARTICULARS = "name address phone legal_person tax_no bank_name bank_account"
MACHINE = "本机号"


def on_sheets(name: str, titles: Mapping[str, str], head: Sequence[str], **rest: object) -> tuple[Print, Print]:
    """The same on A4 and on three-part paper."""
    made = Print(name=f"{name}_a4", titles=titles, paper="a4", head=tuple(head), letterhead=SHEET_HEAD, **rest)  # type: ignore[arg-type]
    return made, replace(made, name=f"{name}_form", paper="form")


def on_rolls(
    name: str, titles: Mapping[str, str], head: Sequence[str], sums: str, **rest: object
) -> tuple[Print, Print]:  # fmt: skip
    """A receipt of the shop, 80 and 58 mm wide."""
    made = Print(
        name=f"{name}_80", titles=titles, paper="roll80", head=tuple(head), letterhead=SHOP_HEAD,
        columns="product_name qty unit_name price discount_rate amount", sums=sums, notes="", machine=MACHINE,
        qr=True, **rest,  # type: ignore[arg-type]
    )  # fmt: skip
    return made, replace(made, name=f"{name}_58", paper="roll58")


def contract(titles: Mapping[str, str], head: Sequence[str]) -> Print:
    """Both parties, the goods, the terms, and room for seals."""
    parties = (
        Party("供方（甲方）", PARTICULARS, module="company_profile"),
        Party("需方（乙方）", PARTICULARS, by="customer"),
    )
    return Print(
        name="contract", titles=titles, paper="a4", head=tuple(head), parties=parties,
        columns=WITH_PRICES, sums="total discount_amount charge_amount",
        labels={"number": "合同编号", "doc_on": "签订日期"}, spelled=TOTAL,
        terms=Party("", "contract_terms", module="company_profile"), terms_else=TERMS, seals=("供方", "需方"),
        letterhead=Letterhead("company_profile", "", logo="logo", seal="seal"), logo=True, sealed=0,
    )  # fmt: skip


TERMS = (
    "一、质量要求：按国家标准、行业标准或双方确认的样品执行。",
    "二、交货：供方按约定的日期和地点交货，需方收货时当面核对品种、规格和数量，有异议的在收货后七日内书面提出。",
    "三、付款：需方按双方约定的结算方式和期限付款。",
    "四、违约责任：一方违约给对方造成损失的，按《中华人民共和国民法典》的规定承担责任。",
    "五、争议解决：双方协商解决；协商不成的，可向合同签订地人民法院起诉。",
    "六、本合同一式两份，双方各执一份，自双方盖章之日起生效。",
)
"""What a contract says while the company has written no terms of its own."""
