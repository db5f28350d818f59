"""Made-up customers, suppliers and competitors with the people who work there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate

from sync_server.replication.changeset import Op, Scalar

from ..engine.ids import new_id
from . import people, words
from .ground import Ground
from .people import Values
from .words import City

DAYS_KNOWN = 1_095
"""Customers were registered over the last three years."""


@dataclass
class Batch:
    """Rows that are written together, by table: parents before what points at them."""

    parties: list[Op] = field(default_factory=list)
    contacts: list[Op] = field(default_factory=list)
    addresses: list[Op] = field(default_factory=list)
    rest: list[Op] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.parties) + len(self.contacts) + len(self.addresses) + len(self.rest)

    def add(self, other: Batch) -> None:
        self.parties += other.parties
        self.contacts += other.contacts
        self.addresses += other.addresses
        self.rest += other.rest

    @property
    def ops(self) -> list[Op]:
        return [*self.parties, *self.contacts, *self.addresses, *self.rest]


@dataclass(frozen=True)
class _Firm:
    """What the name, the address and the numbers of one firm are made from."""

    kind: str
    name: str
    short_name: str | None
    industry: str | None
    city: City
    phone: str | None
    trade: str


# How often each kind of customer occurs.
_KINDS = ("firm",) * 80 + ("shop",) * 8 + ("person",) * 8 + ("office",) * 4
_GROUPS = {
    "firm": (
        *("企业客户",) * 9, *("展会线索", "网络咨询", "转介绍") * 2, *("大客户", "连锁客户", "战略客户", "经销商"),
        "代理商", "安装服务商", "一般客户", "潜在客户", "重点客户",
    ),
    "shop": ("企业客户", "经销商", "网络咨询", "一般客户"),
    "person": ("个人客户", "个人客户", "个人客户", "转介绍", "网络咨询"),
    "office": ("机关单位",),
}  # fmt: skip
_WARM = frozenset(("大客户", "连锁客户", "战略客户", "重点客户", "经销商", "代理商"))
_COLD = frozenset(("展会线索", "网络咨询", "转介绍", "潜在客户"))
_STATUS_WARM = ("成交",) * 9 + ("休眠",)
_STATUS_COLD = ("潜在",) * 5 + ("意向",) * 4 + ("无效",)
_STATUS = ("成交",) * 11 + ("意向",) * 4 + ("潜在",) * 3 + ("休眠", "流失")
_LIMITS = (None, None, None, 0, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000)
_CAPITALS = (1_000, 3_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
_CITY_WEIGHTS = tuple(accumulate(6 if city.province in words.BUSY else 1 for city in words.CITIES))


class Parties:
    """Makes parties one after the other; the same random generator gives the same ones."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.random = ground.random
        self.today: date = ground.today
        self._last: _Firm | None = None

    # -------------------------------------------------------------- customers

    def customer(self, batch: Batch) -> None:
        """A customer with contacts, addresses and tags."""
        random, ground = self.random, self.ground
        if self._last is not None and random.random() < 0.015:
            firm = self._nearly(self._last)
        else:
            firm = self._firm(random.choice(_KINDS))
        if firm.kind == "firm":
            self._last = firm
        id = new_id()
        values = self._customer_values(firm)
        people_count = self._people_count(firm)
        if people_count:
            values["main_contact"] = self._contacts(batch, "customer", id, firm, people_count, values["registered_on"])
        batch.parties.append(ground.op("customer", id, values))
        if random.random() < 0.25:
            self._addresses(batch, id, firm)
        if ground.tags and random.random() < 0.3:
            for tag in random.sample(ground.tags, random.choice((1, 1, 2))):
                batch.rest.append(ground.link("customer_tags", id, tag))

    def _people_count(self, firm: _Firm) -> int:
        if firm.kind == "person":
            return 0
        return self.random.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4))

    def _customer_values(self, firm: _Firm) -> Values:
        random, ground = self.random, self.ground
        group = random.choice(_GROUPS[firm.kind])
        level = ground.word("customer_level", self._level(group))
        owner = random.choice(ground.sellers) if ground.sellers and random.random() < 0.96 else None
        values: Values = {
            "name": firm.name,
            "short_name": firm.short_name,
            "group": ground.groups[group],
            "kind": "person" if firm.kind == "person" else "company",
            "level": level,
            "price_level": ground.slots.get(level or ""),
            "status": ground.word("customer_status", self._status(group)),
            "source": ground.any_word("customer_source"),
            "industry": ground.word("industry", firm.industry) if firm.industry else None,
            "owner": owner.id if owner else None,
            "department": owner.department if owner else None,
            "settlement_method": self._settlement(),
            "discount_rate": random.choice((1_000_000,) * 6 + (980_000, 950_000, 900_000)),
            "credit_limit": random.choice(_LIMITS),
            "next_contact_on": self._next_contact(),
            "registered_on": people.day_before(random, self.today, DAYS_KNOWN, 1.3),
            "note": random.choice(words.NOTES) if random.random() < 0.12 else None,
            "is_blacklisted": int(random.random() < 0.004),
            "is_no_sms": int(random.random() < 0.03),
            "is_system": 0,
        }
        values |= self._place(firm)
        values |= self._person_values() if firm.kind == "person" else self._company_values(firm)
        return values

    def _level(self, group: str) -> str:
        if group in _COLD:
            return "潜在" if self.random.random() < 0.5 else "普通"
        if group in _WARM:
            return "批发" if group == "经销商" else "代理" if group == "代理商" else "VIP"
        return "普通" if self.random.random() < 0.85 else "批发"

    def _status(self, group: str) -> str:
        return self.random.choice(_STATUS_COLD if group in _COLD else _STATUS_WARM if group in _WARM else _STATUS)

    def _settlement(self) -> str | None:
        methods = list(self.ground.settlements.values())
        return self.random.choice(methods[:1] * 4 + methods) if methods else None

    def _next_contact(self) -> str | None:
        """Around today: some overdue, most ahead."""
        if self.random.random() < 0.4:
            return None
        return (self.today + timedelta(days=int(self.random.triangular(-25, 60, 5)))).isoformat()

    def _place(self, firm: _Firm) -> Values:
        random, city = self.random, firm.city
        return {
            "region": self.ground.regions.get((city.province, city.name)),
            "address": people.address(random, city),
            "postcode": city.postcode,
            "phone": firm.phone,
        }

    def _person_values(self) -> Values:
        random = self.random
        values: Values = {"mobile": people.mobile(random)}
        if random.random() < 0.5:
            values |= people.birthday(random, "birth", oldest=1950, youngest=2004, lunar=0.4)
        return values

    def _company_values(self, firm: _Firm) -> Values:
        random, city = self.random, firm.city
        values: Values = {
            "nature": self.ground.any_word("company_nature"),
            "fax": people.landline(random, city) if random.random() < 0.3 else None,
            "mobile": people.mobile(random) if random.random() < 0.25 else None,
            "legal_person": people.person(random)[0] if random.random() < 0.6 else None,
            "registered_capital": random.choice(_CAPITALS) if random.random() < 0.6 else None,
            "employee_count": int(random.lognormvariate(3.4, 1.1)) + 1 if random.random() < 0.5 else None,
            "order_cycle_days": random.choice((None, None, 15, 30, 45, 60, 90)),
        }
        if random.random() < 0.35:
            host = people.domain(firm.trade, random)
            values |= {"email": f"info@{host}", "website": f"www.{host}"}
        if random.random() < 0.55:
            values |= {
                "tax_no": people.tax_number(random, city),
                "bank_name": f"{random.choice(words.BANKS)}{city.prefix}分行",
                "bank_account": people.bank_account(random),
                "invoice_title": firm.name,
            }
        if random.random() < 0.4:
            values |= people.founded(random, "birth", self.today)
        return values

    # ------------------------------------------------------------------ firms

    def _firm(self, kind: str) -> _Firm:
        random = self.random
        city = random.choices(words.CITIES, cum_weights=_CITY_WEIGHTS)[0]
        phone = people.landline(random, city) if random.random() < 0.85 else None
        if kind == "person":
            return _Firm(kind, people.person(random)[0], None, None, city, None, "")
        trade = people.trade_name(random)
        if kind == "office":
            name = f"{city.address.removeprefix(city.province + '省')}{trade[:2]}{random.choice(words.OFFICES)}"
            return _Firm(kind, name, None, "政府机关", city, phone, trade)
        industry, lines = random.choice(_INDUSTRIES)
        line = random.choice(lines)
        if kind == "shop":
            name = f"{city.prefix}{trade}{line}{random.choice(words.SHOPS)}"
        else:
            name = self._company_name(city, trade, line)
        return _Firm(kind, name, f"{trade}{line[:2]}", industry, city, phone, trade)

    def _company_name(self, city: City, trade: str, line: str) -> str:
        form = self.random.choice(words.FORMS)
        style = self.random.random()
        if style < 0.7:
            return f"{city.prefix}{trade}{line}{form}"
        if style < 0.8:
            return f"{city.prefix}市{trade}{line}{form}"
        if style < 0.95:
            return f"{trade}（{city.prefix}）{line}{form}"
        return f"{trade}{line}{form}"

    def _nearly(self, firm: _Firm) -> _Firm:
        """The same firm entered once more by somebody else: what 合并重复 is there for."""
        name = self.random.choice(
            (
                firm.name.replace("有限责任公司", "有限公司").replace("（", "(").replace("）", ")"),
                firm.name.replace("有限公司", "公司"),
                f"{firm.name}{firm.city.prefix}分公司",
                firm.name.replace("市", "", 1),
            )
        )
        return _Firm(firm.kind, name, firm.short_name, firm.industry, firm.city, firm.phone, firm.trade)

    # --------------------------------------------------------------- contacts

    def _contacts(self, batch: Batch, kind: str, parent: str, firm: _Firm, count: int, since: Scalar) -> str:
        """People at a party; returns the main contact."""
        main, boss = "", None
        for _ in range(count):
            id = new_id()
            title = self.random.choice(words.TITLES)
            leads = boss is None and title in words.MANAGERS
            # Who is the main contact or somebody's superior is still there.
            has_left = self.random.random() < 0.03 and bool(main) and not leads
            batch.contacts.append(self._contact(id, kind, parent, firm, title, boss, since, has_left))
            main = main or id
            boss = id if leads else boss
        return main

    def _contact(
        self,
        id: str,
        kind: str,
        parent: str,
        firm: _Firm,
        title: str,
        boss: str | None,
        since: Scalar,
        has_left: bool,
    ) -> Op:
        random, ground = self.random, self.ground
        name, gender = people.person(random)
        number = people.mobile(random)
        values: Values = {
            "name": name,
            "parent_kind": kind,
            "parent": parent,
            "gender": gender,
            "title": title,
            "department_name": words.TITLE_DEPARTMENTS[title],
            "role": ground.word("contact_role", words.TITLE_ROLES.get(title, "")),
            "mobile": number,
            "phone": firm.phone if random.random() < 0.4 else None,
            "wechat": number.replace(" ", "") if random.random() < 0.35 else None,
            "hobby": random.choice(words.HOBBIES) if random.random() < 0.15 else None,
            "native_place": random.choice(words.CITIES).prefix if random.random() < 0.1 else None,
            "reports_to": boss,
            "is_left": int(has_left),
            "is_no_sms": int(random.random() < 0.02),
            "registered_on": since,
        }
        if random.random() < 0.25:
            values["email"] = f"{people.latin(name)}@{people.domain(firm.trade, random)}"
        if random.random() < 0.45:
            values |= people.birthday(random, "birth", oldest=1958, youngest=2003, lunar=0.35)
        return ground.op("contact", id, values)

    def _addresses(self, batch: Batch, parent: str, firm: _Firm) -> None:
        random = self.random
        for place in range(random.choice((1, 1, 2))):
            values: Values = {
                "parent_kind": "customer",
                "parent": parent,
                "receiver": people.person(random)[0],
                "phone": people.mobile(random),
                "region": self.ground.regions.get((firm.city.province, firm.city.name)),
                "address": people.address(random, firm.city),
                "is_default": int(place == 0),
            }
            batch.addresses.append(self.ground.op("party_address", new_id(), values))

    # ------------------------------------------------- suppliers, competitors

    def supplier(self, batch: Batch) -> None:
        random, ground = self.random, self.ground
        firm = self._firm("firm")
        id, since = new_id(), people.day_before(random, self.today, DAYS_KNOWN)
        goods = random.sample(words.GOODS, random.randrange(2, 6))
        values: Values = {
            "name": firm.name,
            "short_name": firm.short_name,
            "category": ground.any_word("supplier_category"),
            "level": ground.any_word("supplier_level"),
            "status": random.choice(("active",) * 8 + ("trial", "stopped")),
            "mobile": people.mobile(random) if random.random() < 0.3 else None,
            "buyer": random.choice(ground.buyers).id if ground.buyers else None,
            "tax_no": people.tax_number(random, firm.city),
            "bank_name": f"{random.choice(words.BANKS)}{firm.city.prefix}分行",
            "bank_account": people.bank_account(random),
            "invoice_title": firm.name,
            "settlement_method": self._settlement(),
            "lead_days": random.choice((3, 5, 7, 7, 10, 15, 30)),
            "supply_scope": "、".join(goods),
            "registered_on": since,
            "is_system": 0,
        }
        values |= self._place(firm)
        values["main_contact"] = self._contacts(batch, "supplier", id, firm, random.choice((1, 1, 2, 3)), since)
        batch.parties.append(ground.op("supplier", id, values))

    def competitor(self, batch: Batch) -> None:
        random, ground = self.random, self.ground
        firm = self._firm("firm")
        id, since = new_id(), people.day_before(random, self.today, DAYS_KNOWN)
        goods = random.sample(words.GOODS, random.randrange(3, 7))
        values: Values = {
            "name": firm.name,
            "short_name": firm.short_name,
            "threat": random.choice(("low", "mid", "mid", "high")),
            "scale": ground.any_word("company_scale"),
            "market_share": random.randrange(1, 60) * 5_000,
            "website": f"www.{people.domain(firm.trade, random)}",
            "products": "、".join(goods),
            "price_policy": random.choice(("比市价低一成左右，量大再谈", "统一价，不还价", "旺季提价，淡季打折")),
            "channel": random.choice(("直销为主", "经销商加网店", "每个省一家总代理")),
            "strength": random.choice(("交货快，本地有仓库", "品种齐全", "账期长")),
            "weakness": random.choice(("售后慢", "价格偏高", "起订量大")),
            "our_answer": random.choice(("强调上门服务", "用组合价应对", "先做样品，再谈数量")),
            "registered_on": since,
        }
        place = self._place(firm)
        del place["postcode"]
        values |= place
        values["main_contact"] = self._contacts(batch, "competitor", id, firm, 1, since)
        batch.parties.append(ground.op("competitor", id, values))
        for name in goods:
            product: Values = {
                "competitor": id, "name": name, "price": random.randrange(50, 90_000) * 1_000,
                "seen_on": people.day_before(random, self.today, 180),
            }  # fmt: skip
            batch.rest.append(ground.op("competitor_product", new_id(), product))


_INDUSTRIES = tuple(words.INDUSTRIES.items())
