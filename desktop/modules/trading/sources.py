"""Filling a sheet from another document: 查询订货, 查询原单, 形成销货单 (T16, B2, S3, Q1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...engine.documents.declare import Asking, Columns, Sheet, Source, Wanted
from .amounts import line_amount
from .carried import carry
from .deposits import advance_of, left_of
from .orders import OPEN_ORDERS, delivery_line, offered_discount
from .papers import as_typed, sum_of
from .paying import deposit_offered


@dataclass(frozen=True)
class _Turn:
    """How lines of `module` come of lines of `paper`, which they point at by `link`."""

    module: str
    paper: str
    link: str
    price_source: str = "order"

    @property
    def lines(self) -> str:
        return f"{self.module}_line"

    def rows(self, id: str, asking: Asking) -> list[Columns]:
        """The lines of the other document, in their order."""
        found = asking.find(f"{self.paper}_line", {"document": id})
        return sorted(found, key=lambda line: int(line["line_no"] or 0))

    def taken(self, rows: Sequence[Columns], asking: Asking) -> list[Columns]:
        """Posted lines that come of some; what came back of what was delivered is none."""
        found = asking.find(self.lines, {self.link: [str(row["id"]) for row in rows], "state": "posted"})
        return [row for row in found if self.link == "origin_line" or row["doc_type"] != "return"]

    def filled(self, sheet: Sheet, id: str, asking: Asking) -> tuple[list[Columns], list[Columns]]:
        """The lines of a sheet with those for what is left to do, and these alone."""
        known = {line.get(self.link) for line in sheet.lines}
        lines, fresh = [line for line in sheet.lines if line.get("product")], []
        for row in self.rows(id, asking):
            left = self._left(row, asking)
            if left > 0 and row["id"] not in known:
                fresh.append(self._line(row, left))
                lines.append(fresh[-1])
                carry(lines, len(lines) - 1, self.lines, str(sheet.header.get("id") or ""), asking)
        return lines, fresh

    def _line(self, row: Columns, left: int) -> Columns:
        copied = delivery_line(row, left)
        copied[self.link] = copied.pop("order_line")
        place = {"warehouse": row["warehouse"]} if self.link == "origin_line" else {}
        return {"id": "", "price_source": self.price_source, **copied, **place}

    def _left(self, row: Columns, asking: Asking) -> int:
        if self.link == "order_line":
            about: dict[str, Wanted] = {"order_module": self.module, "order_line": row["id"]}
            return sum_of(asking.find("order_balance", about), "remaining")
        return int(row["base_qty"] or 0) - sum_of(self.taken([row], asking), "base_qty")

    def terms(self, sheet: Sheet, paper: Columns, fresh: Sequence[Columns], asking: Asking) -> Columns:
        """What goes with fresh lines: their part of the discount, and the freight where nobody charged it yet; beside
        what the sheet has already."""
        rows = self.rows(str(paper["id"]), asking)
        taken = self.taken(rows, asking)
        whole, amount = sum_of(rows, "amount"), _worth(fresh)
        discount = offered_discount(
            int(paper["discount_amount"] or 0), whole, given=sum_of(taken, "share_amount"), amount=amount,
            is_last=sum_of(taken, "amount") + amount >= whole,
        )  # fmt: skip
        freight = self._freight(paper, taken, asking) if fresh else 0
        more = {"discount_amount": discount, "charge_amount": freight}
        return {name: int(sheet.header.get(name) or 0) + by or None for name, by in more.items()}

    def _freight(self, paper: Columns, taken: Sequence[Columns], asking: Asking) -> int:
        ids = sorted({str(row["document"]) for row in taken})
        charged = sum_of(asking.find(self.module, {"id": ids}), "charge_amount") if ids else 0
        return max(int(paper["charge_amount"] or 0) - charged, 0)


def _worth(lines: Sequence[Columns]) -> int:
    return sum(line_amount(line) for line in as_typed(lines))


def from_order(module: str, party: str, kinds: tuple[str, ...]) -> Source:
    """查询订货: what is still to come of an order."""
    turn = _Turn(module, module, "order_line")

    def offers(header: Columns, asking: Asking) -> Iterable[Columns]:
        about: dict[str, Wanted] = {"state": "posted", "doc_type": "order", "progress": OPEN_ORDERS}
        return asking.each(module, about | {party: header[party]}) if header.get(party) else []

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        order = asking.find(module, {"id": id})[0]
        lines, fresh = turn.filled(sheet, id, asking)
        terms = turn.terms(sheet, order, fresh, asking)
        if module == "sale" and fresh:
            terms |= _with_deposit(sheet.header, order, _total(terms, sheet.header, fresh), asking)
        about = {party: order[party], "warehouse": order["warehouse"] or sheet.header.get("warehouse")}
        return Sheet(sheet.header | about | terms, lines)

    return Source(
        name="order", label="查询订货", module=module, kinds=kinds, columns="number doc_on total progress deliver_on",
        offers=offers, take=take, turns="转销货" if module == "sale" else "转进货", turning=("order",),
    )  # fmt: skip


def _total(terms: Columns, before: Columns, fresh: Sequence[Columns]) -> int:
    """What fresh lines come to, with what goes with them."""
    more = {name: int(value or 0) - int(before.get(name) or 0) for name, value in terms.items()}
    return _worth(fresh) - more["discount_amount"] + more["charge_amount"]


def _with_deposit(header: Columns, order: Columns, total: int, asking: Asking) -> Columns:
    """The order's deposit that goes with lines of so much (T11), beside what the sheet uses already. It goes on with
    the total where nobody said how much to use."""
    used = int(header.get("advance_used") or 0)
    there = max(advance_of(asking, "customer", order["customer"]) - used, 0)
    offered = deposit_offered(min(left_of(asking, "sale", order["id"]), there), 0, total)
    source = header.get("advance_source") or ("typed" if used else "deposit")
    return {"advance_used": used + offered or None, "advance_source": source}


def from_origin(module: str, party: str) -> Source:
    """查询原单: a return goes back on what was sold or bought, for what was paid."""
    turn = _Turn(module, module, "origin_line", price_source="origin")
    done = ("sale", "retail") if module == "sale" else ("purchase",)

    def offers(header: Columns, asking: Asking) -> Iterable[Columns]:
        about: dict[str, Wanted] = {"state": "posted", "doc_type": done}
        return asking.each(module, about | {party: header[party]}) if header.get(party) else []

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        origin = asking.find(module, {"id": id})[0]
        header = sheet.header | {party: origin[party], "warehouse": origin["warehouse"]}
        return Sheet(header, turn.filled(sheet, id, asking)[0])

    return Source(
        name="origin", label="查询原单", module=module, kinds=("return",), columns="number doc_on doc_type total",
        offers=offers, take=take, turns="退货", turning=done,
    )  # fmt: skip


def from_quote() -> Source:
    """形成销货单: what was offered and not sold yet (Q1)."""
    turn = _Turn("sale", "quote", "quote_line", price_source="quote")

    def offers(header: Columns, asking: Asking) -> Iterable[Columns]:
        about: dict[str, Wanted] = {"state": "posted", "result": ("open", "won")}
        of = {"customer": header["customer"]} if header.get("customer") else {}
        return asking.each("quote", about | of)

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        quote = asking.find("quote", {"id": id})[0]
        lines, fresh = turn.filled(sheet, id, asking)
        about = {"customer": quote["customer"], "contact": quote["contact"]}
        return Sheet(sheet.header | about | turn.terms(sheet, quote, fresh, asking), lines)

    return Source(
        name="quote", label="从报价单", module="quote", kinds=("sale", "order"), columns="number doc_on subject total",
        offers=offers, take=take, turns="形成销货单",
    )  # fmt: skip


def sold_of(asking: Asking, quote_lines: Sequence[str]) -> list[Columns]:
    """Posted lines that were made of lines of a quote."""
    return asking.find("sale_line", {"quote_line": quote_lines, "state": "posted"})


def from_oversold(kind: str) -> Source:
    """补做进货, 补做入库: what a warehouse is short of."""

    def take(sheet: Sheet, id: str, asking: Asking) -> Sheet:
        balance = asking.find("stock_balance", {"id": id})[0]
        short = max(-int(balance["on_hand"] or 0), 0)
        line: Columns = {"id": "", "product": balance["product"], "qty": short}
        return Sheet(sheet.header | {"warehouse": balance["warehouse"]}, [line] if short else [])

    return Source(
        name="oversold", label="", module="stock_balance", kinds=(kind,), columns="product on_hand",
        offers=lambda header, asking: (), take=take,
    )  # fmt: skip
