"""What buying and selling share: a party, terms, offered prices, orders and returns (modules.md 2.2.2 and 2.2.6)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...engine.documents.declare import Asking, Columns, Hint, Posting, Sheet, Typing, Wanted, Wrong
from ...engine.fields import DateTime, Enum, Field, Money, Quantity, Rate, Ref, Signs, Text
from ...engine.fields.moment import today
from .amounts import Amounts, discount_refusals
from .carried import basis_of, carry
from .money import PAID_STATES, settled
from .offer import LastLine, Offer, rate_along
from .order_book import PROGRESS, delivered_stays, not_more_than_ordered, order_progress
from .papers import (
    PARTY_STAYS,
    accounts_hold,
    complete_line,
    complete_orders,
    days_in_turn,
    decide_tax,
    discounted,
    frozen_money,
    links_of,
    newest_price,
    price_stays,
    quantities,
    returned_before,
    still_fits,
    sum_of,
    taxed,
    worked_out,
)
from .refusal import shown_in
from .repricing import OFFERED, is_priced, set_aside, settle, told
from .rounding import WHOLE_RATE
from .same import is_same
from .settings import USE_LAST_PRICE
from .strangers import not_of_party, stranger_hints
from .taken import taken_too_much
from .terms import due_on

OfferFor = Callable[[Columns, Columns, LastLine | None, str, Asking], Offer | None]
"""(header, line, newest line of this party, day, what may be looked up) → the price offered."""


BACK = Signs("doc_type", {"return": -1, "order": 0}, "退货为减，订货不计")
"""How sales and purchases of all kinds add up."""
BACK_SHOWN = replace(BACK, is_shown=True)
"""The same of their lines, which lists show with a minus where goods come back (modules.md 2.2.3, 2.2.7)."""
NO_ORDERS = Signs("doc_type", {"order": 0}, "订货不计")
"""The same of amounts that have their sign."""
BACK_CALLED = {
    "doc_on": "退货日期", "due_on": "退款到期日", "paid_amount": "本次退款", "account": "退款账户",
}  # fmt: skip
"""What fields of the header are called where goods go back, on either side."""
BACK_LINES = {"qty": "退货数量", "price": "退货单价", "amount": "退货金额"}
BACK_TURNED = {"settled": "已退", "outstanding": "未退"}
ORDER_LINES = {"qty": "订货数量"}


@dataclass(frozen=True, kw_only=True)
class Bargain:
    """One of the two sides. `sold` are the kinds whose lines count as the last price, `money` the fields that the first
    posting fixes, `cleared` the fields that another party has another value of."""

    module: str
    party: str
    plain: str
    """The kind a sheet is of when nothing is said."""
    sold: tuple[str, ...]
    sources: Mapping[str, str]
    offer: OfferFor
    money: str
    cleared: tuple[str, ...]
    deliver_label: str
    due_label: str
    origin_label: str
    never: str
    """What is said of a {product} that this {party} never had."""
    fewer: str
    """What is said where more of it comes back than it had: {sold}, {back} already, {now}."""
    many: str
    """The same of a party that all have in common: what they dealt in together is nobody's business."""
    rate: Callable[[Columns, Asking], int] = lambda header, asking: WHOLE_RATE
    """The discount that goes with what is offered."""

    @property
    def lines(self) -> str:
        return f"{self.module}_line"

    def kind(self, header: Mapping[str, Any]) -> str:
        return str(header.get("doc_type") or self.plain)

    def sign(self, header: Mapping[str, Any]) -> int:
        """Which way a document counts: an order not at all, a return back."""
        return {"return": -1, "order": 0}.get(self.kind(header), 1)

    def complete(self, header: Columns, lines: Sequence[Columns], asking: Asking) -> dict[str, Any] | None:
        """Terms, due date (T14) and what lines repeat of their products; gives the party."""
        found = asking.look(self.party, str(header[self.party])) if header.get(self.party) else None
        party = dict(found) if found else None
        if party:
            header["settlement_method"] = header.get("settlement_method") or party["settlement_method"]
        if header.get("doc_on") and not header.get("due_on"):
            method = header.get("settlement_method")
            terms = asking.look("settlement_method", str(method)) if method else None
            header["due_on"] = due_on(str(header["doc_on"]), terms)
        for line in lines:
            complete_line(line, asking)
            self._complete_links(header, line, asking)
            if line.get("price") is not None and not line.get("price_source"):
                line["price_source"] = "typed"
        complete_orders(lines, self.lines, asking)
        decide_tax(header, asking, basis_of(lines, self.lines, asking))
        return party

    def _complete_links(self, header: Mapping[str, Any], line: Columns, asking: Asking) -> None:
        """A kind that delivers nothing, or takes nothing back, has no such links: they would count all the same."""
        if self.kind(header) == "order":
            line["order_line"] = None
        if self.kind(header) == "return":
            line["order_line"] = self._reopened(header, line, asking)
        else:
            line["origin_line"] = None
        line["origin"] = self._origin_of(line, asking)

    def _origin_of(self, line: Columns, asking: Asking) -> Any:
        """The document that a line takes goods back of."""
        row = asking.look(self.lines, str(line["origin_line"])) if line.get("origin_line") else None
        return row["document"] if row else None

    def _reopened(self, header: Mapping[str, Any], line: Columns, asking: Asking) -> Any:
        """The order line that is still to come again by what a return takes back (`order.return_reopens`)."""
        is_asked = header.get("order_effect") == "reopens" and line.get("origin_line")
        origin = asking.look(self.lines, str(line["origin_line"])) if is_asked else None
        is_of = origin and is_same(asking, "product", origin["product"], line.get("product"))
        return origin["order_line"] if origin and is_of else None

    def fill(
        self, typing: Typing, complete: Callable[[Columns, Sequence[Columns], Asking], object]
    ) -> tuple[Sheet, Sequence[Hint]]:
        """Prices offered for lines whose product was just chosen (T18)."""
        sheet, asking = typing.sheet, typing.asking
        if typing.line is None and typing.field in (self.party, "doc_on", "settlement_method"):
            sheet.header["due_on"] = None
            if typing.field == self.party:
                sheet.header.update(dict.fromkeys(self.cleared))
        if not sheet.header.get("number"):
            sheet.header["tax_basis"] = None  # it goes by the lines there are now
        complete(sheet.header, sheet.lines, asking)
        aside = self._set_aside(typing)
        hints: list[Hint] = []
        for place, line in enumerate(sheet.lines):
            is_here = typing.line == place
            by_hand = line.get("price") is not None and line.get("price_source") == "typed"
            line |= discounted(line, typing.field if is_here else None, by_hand=by_hand)
            taxed(line, typing.field if is_here else None, asking)
            hints += self._carried(typing, place)
            if is_here and typing.field == "unit_row" and by_hand:
                offer = self._offered(sheet.header, line, asking)[0]
                source = self.sources[offer.source] if offer else ""
                hints += price_stays(line, place, self.lines, offer.price if offer else None, source)
            if line.get("product") and line.get("price") is None and not (is_here and typing.field == "price"):
                hints += self._offer(sheet.header, line, place, asking, is_fresh=is_here and typing.field == "product")
        return sheet, [*hints, *self._settle(typing, aside), *self._other_party(sheet, asking)]

    def _other_party(self, sheet: Sheet, asking: Asking) -> Iterator[Hint]:
        """Why a sheet cannot be saved with its party."""
        id, party = str(sheet.header.get("id") or ""), sheet.header.get(self.party)
        posted = asking.look(self.module, id) if party and asking.version(id) else None
        if posted and not is_same(asking, self.party, posted[self.party], party):
            yield Hint(PARTY_STAYS, self.party, level="warn")
        else:
            yield from stranger_hints(self.party, self.lines, sheet, asking)

    def with_party(self, typing: Typing, by: str, party: str, why: str) -> tuple[Typing, Sequence[Hint]]:
        """A choice (`by`) that settles the party: where that is another one, all follows as if it had been chosen. Who
        chooses another one all the same is told `why` it stays."""
        header, was = typing.sheet.header, typing.sheet.header.get(self.party)
        if typing.line is not None or typing.field not in (by, self.party) or was == party:
            return typing, ()
        header[self.party] = party
        if typing.field == by:
            return replace(typing, field=self.party, was=None if was is None else str(was)), ()
        return replace(typing, field=by, was=None), (Hint(why, self.party, level="warn"),)

    def without_party(self, typing: Typing, party: str) -> Typing:
        """What settled the party does so no more: nobody knows yet which one it is, but of what is posted."""
        header, asking = typing.sheet.header, typing.asking
        if header.get(self.party) != party:
            return typing
        id = str(header.get("id") or "")
        posted = asking.look(self.module, id) if asking.version(id) else None
        header[self.party] = posted[self.party] if posted else None
        return typing if header[self.party] == party else replace(typing, field=self.party, was=party)

    def _set_aside(self, typing: Typing) -> dict[int, tuple[Columns, int]]:
        """The prices that came by themselves, where another party is chosen: by line, with the discount that came
        along."""
        header, asking = typing.sheet.header, typing.asking
        if typing.line is not None or typing.field != self.party or not header.get(self.party):
            return {}
        own = self.rate({self.party: typing.was}, asking)
        found: dict[int, tuple[Columns, int]] = {}
        for place, line in enumerate(typing.sheet.lines):
            if is_priced(line) and line.get("price_source") in OFFERED:
                along = WHOLE_RATE if line["price_source"] == "last" else own
                found[place] = set_aside(line, along), along
        return found

    def _settle(self, typing: Typing, aside: Mapping[int, tuple[Columns, int]]) -> Iterator[Hint]:
        lines, header = typing.sheet.lines, typing.sheet.header
        changed = [place for place, (was, along) in aside.items() if settle(lines[place], was, along)]
        typed = sum(is_priced(line) and line.get("price_source") == "typed" for line in lines)
        if changed and (party := typing.asking.look(self.party, str(header[self.party]))):
            yield from told(self.lines, f"「{party['name']}」", changed, typed)

    def _carried(self, typing: Typing, place: int) -> Iterator[Hint]:
        """The amount that came along with a line follows its quantity."""
        sheet, line = typing.sheet, typing.sheet.lines[place]
        if line.get("typed_amount") is None:
            return
        if (typing.line, typing.field) == (place, "qty"):
            carry(sheet.lines, place, self.lines, str(sheet.header.get("id") or ""), typing.asking)
        if line.get("origin_line"):
            yield Hint("原单优惠以后的价", "price", place)

    def _offer(
        self, header: Columns, line: Columns, place: int, asking: Asking, *, is_fresh: bool
    ) -> Iterator[Hint]:  # fmt: skip
        offer, last = self._offered(header, line, asking)
        if offer or is_fresh:
            is_net, own = offer is not None and offer.source == "last", self.rate(header, asking)
            before, was = line.get("discount_rate"), line.get("price_source")
            rate = rate_along(before, own, is_net=is_net, is_fresh=is_fresh, was=was)
            line |= {} if rate is None else {"discount_rate": rate}
        if offer:
            line["price"], line["price_source"] = offer.price, offer.source
            words = last.words if last and offer.source == "last" else ""
            source = f"单价取自{self.sources[offer.source]}"
            text = f"{source}（折后价：{words}）" if words else source
            yield Hint(text, "price", place, tells=(self.lines, "price") if words else None, bare=source)

    def _offered(self, header: Columns, line: Columns, asking: Asking) -> tuple[Offer | None, LastLine | None]:
        last = self.last_line(header, line, asking) if line.get("product") else None
        day = str(header.get("doc_on") or today())
        return (self.offer(header, line, last, day, asking) if line.get("product") else None), last

    def last_line(self, header: Columns, line: Columns, asking: Asking) -> LastLine | None:
        """The newest line of this party and product, where the company goes by it."""
        is_asked = asking.settings[USE_LAST_PRICE]
        return newest_price(asking, self.lines, self.party, header, line, self.sold) if is_asked else None

    def work_out(self, sheet: Sheet, amounts: Amounts) -> Sheet:
        """A sheet with its amounts, and which way they count."""
        header, lines = worked_out(sheet, amounts)
        sign = self.sign(header)
        header["signed_total"] = sign * int(header["total"] or 0)
        return Sheet(header, [line | {"signed_qty": sign * int(line["base_qty"] or 0)} for line in lines])

    def judge(self, posting: Posting) -> Iterator[Wrong]:
        """What both sides ask of a sheet."""
        header, kind = posting.sheet.header, self.kind(posting.sheet.header)
        yield from quantities(posting)
        yield from days_in_turn(posting, {"deliver_on": self.deliver_label, "due_on": self.due_label})
        for refusal in discount_refusals(header, posting.sheet.lines):
            yield Wrong(refusal.message, refusal.field, bare=refusal.bare)
        if kind == "order" and not header.get("deliver_on"):
            yield Wrong(f"请填写「{self.deliver_label}」", "deliver_on")
        if kind != "order" and not header.get("warehouse"):
            yield Wrong("请填写「仓库」", "warehouse")
        if header.get("paid_amount") and not header.get("account"):
            yield Wrong("请选择账户", "account")
        yield from frozen_money(posting, self.money)
        yield from still_fits(posting, self.module)
        yield from accounts_hold(posting)
        if kind != "return":
            yield from self._links_fit(posting, "order_line", "订货单", ("order",))
            yield from not_more_than_ordered(posting, self.module)
        if kind == "order":
            yield from delivered_stays(posting, self.module)
        if kind == "return":
            yield from self._not_more_than_left(posting)
            yield from self._never_had(posting)
            yield from self._had_less(posting)

    def _links_fit(self, posting: Posting, name: str, what: str, kinds: Sequence[str]) -> Iterator[Wrong]:
        """What a line delivers or gives back is of this party and product, and counts."""
        before, party = links_of(posting.old, name), posting.sheet.header.get(self.party)
        for place, line in enumerate(posting.sheet.lines):
            link = line.get(name)
            if not link or before.get(str(line["id"])) == link:
                continue
            row = posting.asking.look(self.lines, str(link))
            paper = posting.asking.look(self.module, str(row["document"])) if row else None
            if row is None or paper is None:
                yield Wrong(f"{what}的这一行已不存在", "product", place)
            elif paper["state"] != "posted":
                yield Wrong(f"{what} {paper['number']} 没有过账，或已作废", "product", place)
            elif paper["doc_type"] not in kinds:
                yield Wrong(f"{paper['number']} 不是{what}", "product", place)
            elif not is_same(posting.asking, self.party, paper[self.party], party):
                yield Wrong(not_of_party(f"{what} {paper['number']}", self.party), "product", place)
            elif not is_same(posting.asking, "product", row["product"], line["product"]):
                yield Wrong(f"{what} {paper['number']} 的这一行不是这个产品", "product", place)

    def _never_had(self, posting: Posting) -> Iterator[Wrong]:
        """Goods come back that were never dealt in with this party: more likely another product or party was meant, or
        it was before the books began. A line that says what it goes back on has been found already."""
        header, asking = posting.sheet.header, posting.asking
        old, party_now = posting.old, header.get(self.party)
        was = old if old and is_same(asking, self.party, old.header.get(self.party), party_now) else None
        before = {str(line["id"]): line["product"] for line in was.lines} if was else {}
        party, known = asking.look(self.party, str(party_now)), dict[str, bool]()
        for place, line in enumerate(posting.sheet.lines):
            product = str(line["product"])
            if party is None or line.get("origin_line") or before.get(str(line["id"])) == product:
                continue
            if product not in known:
                known[product] = any(self._dealt(header[self.party], product, asking))
            if not known[product]:
                words = self.never.format(party=party["name"], product=line.get("product_name") or "")
                yield Wrong(words, "product", place, ask="never_had")

    def _had_less(self, posting: Posting) -> Iterator[Wrong]:
        """More comes back than this party ever had, less what came back: a slip of the hand is more likely, or it was
        before the books began. What a line takes of its original document is held to that already, and counts."""
        header, asking = posting.sheet.header, posting.asking
        party = asking.look(self.party, str(header.get(self.party)))
        old = posting.old
        was = old if old and is_same(asking, self.party, old.header.get(self.party), header.get(self.party)) else None
        before, after = (_quantities(lines, asking) for lines in (was.lines if was else (), posting.sheet.lines))
        asked = set[str]()
        for place, line in enumerate(posting.sheet.lines):
            product = str(asking.meant("product", line["product"]))
            if party is None or line.get("origin_line") or product in asked or after[product] <= before[product]:
                continue
            asked.add(product)
            about: dict[str, Wanted] = {"product": product, self.party: header[self.party], "state": "posted"}
            sums = asking.sums(self.lines, about, "base_qty", "doc_type")
            sold, back = sum(sums.get(kind, 0) for kind in self.sold), sums.get("return", 0) - before[product]
            if 0 < sold < back + after[product]:
                told = {"sold": sold, "back": back, "now": after[product]}
                shown = {name: shown_in(qty, line) for name, qty in told.items()}
                words = (self.many if party["is_system"] else self.fewer).format(
                    party=party["name"], product=line.get("product_name") or "", **shown
                )
                yield Wrong(words, "qty", place, ask="had_less")

    def _dealt(self, party: Wanted, product: str, asking: Asking) -> Iterator[Columns]:
        """Posted lines of a product with a party: by index, whatever unit they are in."""
        units = [None, *(row["id"] for row in asking.find("product_unit", {"product": product}))]
        for unit in units:
            about: dict[str, Wanted] = {"product": product, self.party: party, "unit_row": unit}
            yield from asking.newest(self.lines, about | {"state": "posted", "doc_type": self.sold})

    def _not_more_than_left(self, posting: Posting) -> Iterator[Wrong]:
        yield from self._links_fit(posting, "origin_line", self.origin_label.removesuffix("行") + "单", self.sold)
        taken: Counter[str] = Counter()
        for place, line in enumerate(posting.sheet.lines):
            origin = posting.asking.look(self.lines, str(line["origin_line"])) if line.get("origin_line") else None
            if origin is None or not is_same(posting.asking, "product", origin["product"], line["product"]):
                continue
            link, qty = str(line["origin_line"]), int(line["base_qty"] or 0)
            left = origin["base_qty"] - returned_before(posting.asking, self.lines, posting.id, line) - taken[link]
            taken[link] += qty
            if qty > left:
                yield Wrong(f"最多还能退 {shown_in(max(left, 0), line)}", "qty", place)

    # ------------------------------------------------------------------------------------------------------- fields

    def settling(self, settled: str, outstanding: str, state: str) -> dict[str, Field]:
        """How far a document is settled, and an order delivered."""
        return {
            "settled": Money(settled, calc=True, readonly=True, width=110),
            "outstanding": Money(outstanding, calc=True, readonly=True, index=True, sum=True, width=110),
            "progress": Enum("执行状态", PROGRESS, calc=True, readonly=True, index=True, width=84),
            "over_delivered": Rate("超交%", calc=True, readonly=True, index=True, hidden=True, width=80),
            "closed_at": DateTime("关闭时间", readonly=True),
            "close_reason": Text("关闭原因", readonly=True),
            "paid_state": Enum(state, PAID_STATES, calc=True, readonly=True, index=True, width=84),
            "deposit_left": Money("订金余额", calc=True, readonly=True, width=100),
            "over_returned": Quantity("多退数", calc=True, readonly=True, index=True, hidden=True, width=80),
        }

    def linking(self) -> dict[str, Field]:
        """What a line delivers or gives back."""
        return {
            "price_source": Enum("价格来源", self.sources, width=80),
            "order_line": Ref("订货行", self.lines, loose=True, hidden=True),
            "order": Ref("订货单", self.module, loose=True, hidden=True),
            "order_warehouse": Ref("订货仓库", "warehouse", loose=True, hidden=True),
            "origin_line": Ref(self.origin_label, self.lines, loose=True, hidden=True),
            "origin": Ref("原单", self.module, loose=True, hidden=True),
            "warehouse": Ref("仓库", "warehouse", hidden=True),
            "signed_qty": Quantity("净数量", calc=True, readonly=True, width=90),
        }


def _quantities(lines: Sequence[Columns], asking: Asking) -> Counter[str]:
    """What lines come to of each product, in base units."""
    found: Counter[str] = Counter()
    for line in lines:
        found[str(asking.meant("product", line["product"]))] += int(line.get("base_qty") or 0)
    return found


STANDS = "settled outstanding paid_state progress over_delivered deposit_left over_returned"


def standing(header: Mapping[str, Any], balance: str, rows: Sequence[Mapping[str, Any]]) -> Columns:
    """What other documents say of one: how far it is settled, and as an order delivered and paid for ahead."""
    if balance == "deposit_balance":
        return {"deposit_left": sum_of(rows, "balance")}
    if balance == "taken_balance":
        return {"over_returned": taken_too_much(header, rows)}
    if balance == "order_balance":
        return order_progress(header, rows) | {"settled": header["paid_amount"]}
    return settled(header, rows) | {"settled": _paid_so_far(header, rows)}


def _paid_so_far(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> int | None:
    """What was paid of a document and settled with others, beside what was written off on it: with that and what is
    still open it comes to its total."""
    if header["state"] == "cancelled":
        return None
    total, off = int(header.get("signed_total") or 0), int(header.get("write_off_amount") or 0)
    return total - sum_of(rows, "balance") - (off if total > 0 else -off)
