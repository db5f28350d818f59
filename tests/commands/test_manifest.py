"""The manifest stays true to the declarations, and equal digests mean equal data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from desktop import manifest, modules
from desktop.engine import records
from desktop.workstation import Workstation
from sync_server.replication.changeset import canonical
from tests.commands.test_backup import add, admin_of
from tests.support import copy_of


def built() -> dict[str, Any]:
    return manifest.build(modules.load())


def test_committed_manifest_is_current() -> None:
    message = "the declarations changed: .venv/bin/python -m desktop manifest > sync_server/manifest.json"
    assert manifest.FILE.read_text(encoding="utf-8") == manifest.text(built()), message


def test_manifest_travels_unchanged() -> None:
    """No floats, no foreign types; reading it back gives the same."""
    assert canonical(json.loads(manifest.text(built()))) == canonical(built())


def test_every_reference_leads_to_a_table() -> None:
    made = built()
    for table in (*made["tables"].values(), *made["links"].values()):
        for name, reference in table["references"].items():
            assert name in table["fields"]
            targets = reference["to"].values() if isinstance(reference["to"], dict) else [reference["to"]]
            assert set(targets) <= made["tables"].keys()
            if isinstance(reference["to"], dict):
                assert reference["by"] in table["fields"]
    assert set(made["access"].values()) <= made["tables"].keys() | made["links"].keys()


def test_units_policies_and_scopes_are_said() -> None:
    tables = built()["tables"]
    assert tables["customer"]["fields"]["credit_limit"]["merge"] == "flag"
    assert tables["customer"]["fields"]["birth_day"]["unit"] == "birth"
    contact = tables["contact"]["fields"]
    assert contact["parent"]["unit"] == contact["parent_kind"]["unit"]
    assert tables["employee"]["fields"]["state"] == {
        "type": "TEXT", "merge": "rank", "rank": {"trial": 0, "regular": 1, "left": 2, "retired": 3},
    }  # fmt: skip
    assert tables["customer"]["scope"] == {"kind": "owner", "columns": ["owner", "department", "branch"]}
    assert tables["contact"]["scope"] == {"kind": "follow", "parent": "parent"}
    assert tables["saved_filter"]["scope"] == {"kind": "private", "author": "created_by"}
    assert tables["contact"]["references"]["parent"]["parent"]
    assert built()["links"]["customer_tags"]["references"]["target"] == {"to": "tag"}


def test_seeds_are_what_a_workstation_starts_with(tmp_path: Path) -> None:
    opened = Workstation.open(tmp_path / "data")
    with opened.db.read() as db:
        for table, seeds in built()["seeds"].items():
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == len(seeds)
            for seed in seeds:
                row = dict(db.execute(f"SELECT * FROM {table} WHERE id = ?", (seed["id"],)).fetchone())
                columns = opened.registry[table].column_names
                assert {name: row[name] for name in columns if row[name] is not None} == seed["set"]
    opened.close()


# --------------------------------------------------------------------- digest


def test_digest_tells_a_change_and_its_return(workstation: Workstation) -> None:
    engine = workstation.engine
    row = add(workstation, "手工")
    before = manifest.digests(engine, "all")
    records.save(engine, admin_of(workstation), "customer", {"note": "改过"}, id=row["id"])
    changed = manifest.digests(engine, "all")
    assert {table for table in before if before[table] != changed[table]} == {"customer"}
    records.save(engine, admin_of(workstation), "customer", {"note": None}, id=row["id"])
    assert manifest.digests(engine, "all") == before


def test_digest_sees_deletions_and_links(workstation: Workstation) -> None:
    from desktop.engine import removal

    engine, admin = workstation.engine, admin_of(workstation)
    row = add(workstation, "手工")
    with workstation.db.read() as db:
        tag = db.execute("SELECT id FROM tag").fetchone()[0]
    first = manifest.digests(engine, "all")
    records.save(engine, admin, "customer", {"tags": [tag]}, id=row["id"])
    second = manifest.digests(engine, "all")
    removal.delete(engine, admin, "customer", [row["id"]])
    third = manifest.digests(engine, "all")
    assert {table for table in first if first[table] != second[table]} == {"customer_tags"}
    assert "customer" in {table for table in second if second[table] != third[table]}


def test_company_digest_leaves_private_tables_out(workstation: Workstation) -> None:
    company = manifest.digests(workstation.engine, "company")
    everything = manifest.digests(workstation.engine, "all")
    assert company.keys() < everything.keys()
    assert "customer" not in company
    assert company["region"] == everything["region"]
    assert everything["customer"]["rows"] == 151


def test_digest_of_a_copy_is_the_same(folder: Path, tmp_path: Path) -> None:
    found = []
    for one in (folder, copy_of(folder, tmp_path / "copy")):
        opened = Workstation.open(one)
        found.append(manifest.digests(opened.engine, "all"))
        opened.close()
    assert found[0] == found[1]
