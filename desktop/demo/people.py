"""Names, numbers and days of made-up people and firms. Everything comes from the one random generator."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sync_server.replication.changeset import Scalar

from ..engine.text import pinyin
from . import words
from .words import City

Values = dict[str, Scalar]

_DIGITS_TAX = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def person(random: Random) -> tuple[str, str]:
    """(name, gender)."""
    if random.random() < 0.03:
        surname = random.choice(words.RARE_SURNAMES)
    else:  # the front of the list is much more frequent
        surname = words.SURNAMES[int(len(words.SURNAMES) * random.random() ** 2)]
    gender = "m" if random.random() < 0.58 else "f"
    given = words.GIVEN_MALE if gender == "m" else words.GIVEN_FEMALE
    name = surname + random.choice(given)
    if random.random() < 0.72:
        name += random.choice(given)
    return name, gender


def mobile(random: Random) -> str:
    number = f"{random.randrange(10**8):08d}"
    prefix = random.choice(words.MOBILES)
    return f"{prefix} {number[:4]} {number[4:]}" if random.random() < 0.06 else prefix + number


def landline(random: Random, city: City) -> str:
    digits = city.number_length
    number = random.randrange(2, 9) * 10 ** (digits - 1) + random.randrange(10 ** (digits - 1))
    text = f"{city.area_code}-{number}"
    return f"{text}-{random.randrange(800, 900)}" if random.random() < 0.04 else text


def birthday(random: Random, name: str, *, oldest: int, youngest: int, lunar: float) -> Values:
    """The five columns of a birthday; the year is unknown now and then."""
    kind = "lunar" if random.random() < lunar else "solar"
    year = random.randrange(oldest, youngest)
    return {
        f"{name}_kind": kind,
        f"{name}_year": year if random.random() < 0.7 else None,
        f"{name}_month": random.randrange(1, 13),
        f"{name}_day": random.randrange(1, 29),
        f"{name}_is_leap_month": 0,
    }


def founded(random: Random, name: str, day: date) -> Values:
    """The founding day of a firm, as the five columns of a birthday."""
    return {
        f"{name}_kind": "solar",
        f"{name}_year": day.year - random.randrange(1, 28),
        f"{name}_month": random.randrange(1, 13),
        f"{name}_day": random.randrange(1, 29),
        f"{name}_is_leap_month": 0,
    }


def trade_name(random: Random) -> str:
    """`恒远`, `鼎盛`, `佳美特`: two characters, sometimes three."""
    name = random.choice(words.TRADE_FIRST) + random.choice(words.TRADE_SECOND)
    return name + random.choice(words.TRADE_THIRD) if random.random() < 0.12 else name


def address(random: Random, city: City) -> str:
    place = random.choice(words.PLACES)
    if place:
        floor = random.randrange(1, 25)
        room = floor * 100 + random.randrange(1, 20)
        place = place.format(n=random.randrange(1, 30), f=floor, r=room)
    road = random.choice(words.ROADS) + random.choice(words.ROAD_ENDS)
    return f"{city.address}{road}{random.randrange(1, 999)}号{place}"


def tax_number(random: Random, city: City) -> str:
    """18 characters like a credit code; its check digit is left to chance, so that it is nobody's."""
    body = "".join(random.choices(_DIGITS_TAX, k=10))
    return f"91{city.postcode[:2]}{random.randrange(100, 1000)}{random.randrange(10)}{body}"


def bank_account(random: Random) -> str:
    return f"{random.randrange(10**18, 10**19)}"


def latin(name: str) -> str:
    """A name in letters, for addresses: `恒远` → `hengyuan`."""
    return pinyin(name).replace(" ", "")


def domain(trade: str, random: Random) -> str:
    """A host name that can never lead anywhere: example.com is reserved for examples."""
    return f"{latin(trade)}{random.choice(('', '', 'cn', '88'))}.example.com"


def day_before(random: Random, day: date, days: int, power: float = 1.0) -> str:
    """A day up to `days` ago; a power above one favours recent days."""
    return (day - timedelta(days=int(days * random.random() ** power))).isoformat()
