"""Demonstration data: the same for the same seed, sound by the modules' own rules, made while others work."""

from __future__ import annotations

import json
import re
import threading
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from desktop import accounts, commands, demo, maintenance
from desktop.demo import words
from desktop.engine import records
from desktop.engine.access import Principal
from desktop.engine.define import seed_id
from desktop.engine.registry import Definition
from desktop.engine.rows import fetch
from desktop.engine.saving import Saving
from desktop.errors import Invalid, Refused
from desktop.jobs import Cancelled
from desktop.workstation import Workstation
from tests.support import copy_of

PARTIES = ("customer", "contact", "supplier", "competitor", "competitor_product", "party_address", "employee")

GOODS = ("product_category", "product", "product_barcode", "product_unit", "stock_limit", "product_supplier")


def content(workstation: Workstation) -> dict[str, list[str]]:
    """All rows without ids, times and what is random by nature (the salt of a password)."""
    found: dict[str, list[str]] = {}
    with workstation.db.read() as db:
        for definition in workstation.registry.sent.values():
            names = [name for name in definition.column_names if name not in ("password", "branch")]
            plain = [name for name in names if not hasattr(definition.fields.get(name), "targets")]
            rows = db.execute(f"SELECT {', '.join(f'{chr(34)}{n}{chr(34)}' for n in plain)} FROM {definition.name}")
            found[definition.name] = sorted(json.dumps(list(row), ensure_ascii=False) for row in rows)
    return found


def test_same_seed_same_data(template: Path, folder: Path, tmp_path: Path) -> None:
    other = Workstation.open(copy_of(template, tmp_path / "other"))
    first = Workstation.open(folder)
    demo.fill(other.engine, 150)
    same = content(first) == content(other)
    other.close()
    first.close()
    assert same


def test_another_seed_gives_other_data(template: Path, tmp_path: Path, workstation: Workstation) -> None:
    other = Workstation.open(copy_of(template, tmp_path / "other"))
    demo.fill(other.engine, 150, seed=2)
    names = [set(content(one)["customer"]) for one in (workstation, other)]
    other.close()
    assert len(names[0] & names[1]) < 10


def test_counts_are_what_was_asked_for(workstation: Workstation) -> None:
    with workstation.db.read() as db:
        count = {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in PARTIES}
        months = db.execute("SELECT count(DISTINCT substr(registered_on, 1, 4)) FROM customer").fetchone()[0]
        lunar = Counter(row[0] for row in db.execute("SELECT birth_kind FROM contact"))
    assert count["customer"] == 150 + 1  # and 零售客户
    assert count["supplier"] >= 20 + 1
    assert count["competitor"] >= 8
    assert count["competitor_product"] > count["competitor"]
    assert 20 <= count["employee"] <= 61
    assert count["contact"] > 150
    assert months >= 3
    assert lunar["lunar"] and lunar["solar"]


@pytest.mark.parametrize("module", PARTIES + GOODS)
def test_rows_keep_the_rules_of_their_module(workstation: Workstation, module: str) -> None:
    """What saving checks: required fields, references, rules; and every value survives the field's own test."""
    definition = workstation.registry[module]
    engine, everybody = workstation.engine, Principal("", everything=True)
    with engine.db.read() as db:
        saving = Saving(engine, db, everybody, definition, system=True)
        live = (
            "COALESCE(product, '') NOT IN (SELECT id FROM product WHERE is_stopped)"
            if "product" in definition.fields
            else "1"
        )
        sql = f"SELECT row FROM {module} WHERE {live} ORDER BY row DESC LIMIT 200"
        numbers = [row[0] for row in db.execute(sql)]
        for row in fetch(db, engine.registry, definition, numbers, None):
            values = {name: row[name] for name in definition.fields}
            saving.check(row["id"], None, values, values)
            assert {name: parsed(definition, name, value) for name, value in values.items()} == values


def parsed(definition: Definition, name: str, value: Any) -> Any:
    return definition.fields[name].parse(value)


def test_there_are_products_each_once_however_often_it_is_asked_for(workstation: Workstation) -> None:
    counts = "SELECT count(*), count(DISTINCT code), count(price_1) FROM product"
    with workstation.db.read() as db:
        before = tuple(db.execute(counts).fetchone())
        costs = db.execute("SELECT count(*) FROM product_cost WHERE purchase_price > 0").fetchone()[0]
    assert before[0] > 150 and len({*before, costs}) == 1
    demo.fill(workstation.engine, 0, seed=2)
    with workstation.db.read() as db:
        assert tuple(db.execute(counts).fetchone()) == before


def test_saving_a_row_again_would_store_the_same_columns(workstation: Workstation) -> None:
    """A form that is opened and saved without a change sends nothing."""
    admin = principal(workstation)
    with workstation.db.read() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM customer WHERE is_system = 0 LIMIT 25")]
    definition = workstation.registry["customer"]
    for id in ids:
        row = records.get(workstation.engine, admin, "customer", id)["row"]
        writable = {name: row[name] for name, one in definition.fields.items() if not one.readonly}
        after, _ = records.save(workstation.engine, admin, "customer", writable, id=id)
        assert after["row"]["rev"] == row["rev"]


def principal(workstation: Workstation) -> Principal:
    with workstation.db.read() as db:
        (operator,) = db.execute("SELECT id FROM operator WHERE login_name = 'admin'").fetchone()
    return accounts.principal_of(workstation.engine, operator)


def test_check_is_clean(workstation: Workstation) -> None:
    assert maintenance.check(workstation.engine, lambda done, total: None) == []


def test_telephone_numbers_fit_their_city(workstation: Workstation) -> None:
    codes = {city.name: city.area_code for city in words.CITIES}
    with workstation.db.read() as db:
        rows = db.execute("SELECT r.name, c.phone FROM customer c JOIN region r ON r.id = c.region WHERE c.phone <> ''")
        for city, phone in rows:
            assert phone.startswith(codes[city] + "-")


def test_addresses_can_reach_nobody(workstation: Workstation) -> None:
    with workstation.db.read() as db:
        for module, column in (("customer", "email"), ("customer", "website"), ("contact", "email")):
            for (text,) in db.execute(f'SELECT "{column}" FROM {module} WHERE "{column}" IS NOT NULL'):
                assert text.endswith("example.com")


def test_companies_entered_twice_occur(template: Path, tmp_path: Path) -> None:
    opened = Workstation.open(copy_of(template, tmp_path / "data"))
    demo.fill(opened.engine, 600)
    with opened.db.read() as db:
        doubles = db.execute(
            "SELECT count(*) FROM (SELECT phone FROM customer WHERE phone <> '' GROUP BY phone HAVING count(*) > 1)"
        )
        count = doubles.fetchone()[0]
    opened.close()
    assert 2 <= count <= 30


def test_demo_operators_can_sign_in(workstation: Workstation) -> None:
    found = [
        (department["id"], user)
        for department in accounts.departments(workstation.engine)
        for user in department["users"]
        if user != "admin"
    ]
    assert len(found) == 6
    department, user = found[0]
    operator = accounts.sign_in(workstation.engine, department, user, demo.PASSWORD)
    seller = accounts.principal_of(workstation.engine, operator)
    assert not seller.everything
    assert seller.may("view", "customer")
    with workstation.db.read() as db:
        assert db.execute("SELECT count(*) FROM customer WHERE owner = ?", (seller.employee,)).fetchone()[0] > 0


def test_filling_twice_uses_the_same_office(workstation: Workstation) -> None:
    before = {name: len(rows) for name, rows in content(workstation).items()}
    made = demo.fill(workstation.engine, 30, seed=2)
    assert not {"branch", "department", "employee", "operator", "region", "tag"} & made.keys()
    assert len(content(workstation)["customer"]) == before["customer"] + 30
    assert maintenance.check(workstation.engine, lambda done, total: None) == []


def test_refused_before_the_company_is_founded(tmp_path: Path) -> None:
    opened = Workstation.open(tmp_path / "data")
    with pytest.raises(Refused, match="首次设置"):
        demo.fill(opened.engine, 10)
    opened.close()


def test_stopping_leaves_whole_parties(workstation: Workstation) -> None:
    def stop(done: int, total: int) -> None:
        if done >= 400:
            raise Cancelled

    with pytest.raises(Cancelled):
        demo.fill(workstation.engine, 2_000, seed=3, progress=stop)
    assert maintenance.check(workstation.engine, lambda done, total: None) == []


def test_others_can_save_meanwhile(workstation: Workstation) -> None:
    """Filling holds the writer for about a second at most; the bound is generous for a busy machine."""
    admin, waits, is_filled = principal(workstation), [], threading.Event()

    def fill() -> None:
        demo.fill(workstation.engine, 3_000, seed=4)
        is_filled.set()

    filling = threading.Thread(target=fill)
    filling.start()
    group = seed_id("customer_group", "general")
    while not is_filled.is_set():
        started = time.perf_counter()
        records.save(workstation.engine, admin, "customer", {"name": "手工录入", "group": group})
        waits.append(time.perf_counter() - started)
        time.sleep(0.05)
    filling.join()
    assert len(waits) >= 2
    assert max(waits) < 8


def test_changesets_are_small_and_of_one_batch(workstation: Workstation) -> None:
    with workstation.db.read() as db:
        bodies = db.execute("SELECT body, batch FROM changeset WHERE batch IS NOT NULL").fetchall()
    changesets = [json.loads(zlib.decompress(body)) for body, _ in bodies]
    assert max(len(one["ops"]) for one in changesets) <= 500
    assert {one["act"] for one in changesets} == {"demo"}
    assert len({batch for _, batch in bodies}) == 1


def test_summary_names_the_password(template: Path, tmp_path: Path) -> None:
    said = commands.demo(copy_of(template, tmp_path / "data"), 5, 1)
    assert "客户 5" in said
    assert demo.PASSWORD in said
    assert not re.search("[!！]", said)


def test_demo_names_are_valid_everywhere() -> None:
    assert len({(city.province, city.name) for city in words.CITIES}) == len(words.CITIES)
    assert all(re.fullmatch(r"0\d{2,3}", city.area_code) and len(city.postcode) == 6 for city in words.CITIES)


def test_a_second_founding_is_refused(folder: Path) -> None:
    with pytest.raises((Refused, Invalid)):
        commands.init(folder, "另一家", "总部", "boss", "blue kettle")
