"""The server is backed up and restored by its commands while real workstations work: all heal, whoever was away too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.fleet import Station, assert_alike, fleet_in
from tests.chaos.proxy import DOWN
from tests.chaos.test_processes import GROUP


def create(station: Station, name: str) -> str:
    assert station.api is not None
    made = station.api.post("/api/records/customer", {"name": name, "group": GROUP})
    return str(made["row"]["id"])


def change(station: Station, id: str, note: str) -> None:
    assert station.api is not None
    station.api.ok(station.api.call("PATCH", f"/api/records/customer/{id}", {"note": note}))


@pytest.mark.soak  # tests/sync/test_client_restore.py tries the same, and more of it, without processes
def test_a_server_restored_from_yesterday_is_healed_by_its_machines(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        first = fleet.founded()
        second, third = fleet.add(), fleet.add()
        for station in (second, third):
            fleet.join(station)
        for station in fleet.stations:
            station.launch()
        for station in fleet.stations:
            station.enter()
        common = create(first, "备份以前")
        fleet.settle()
        fleet.server_command("backup", str(tmp_path / "backup"))
        names = {"备份以前"}
        for station, name in ((first, "一号以后"), (second, "二号以后"), (third, "三号以后")):
            create(station, name)
            names.add(name)
        change(second, common, "备份以后改的")
        fleet.settle()
        third.line.weather = DOWN
        create(third, "离线时的")
        names.add("离线时的")
        third.kill()
        assert fleet.server.stop() == 0
        fleet.server_command("restore", str(tmp_path / "backup"))
        create(first, "停机时的")
        names.add("停机时的")
        fleet.restart_server()
        fleet.settle()
        create(second, "恢复以后")
        names.add("恢复以后")
        fleet.settle()
        fleet.clear_up()
        third.start()
        fleet.settle()
        fleet.stop()
        assert_alike(fleet.stations)
        for station in fleet.stations:
            rows = station.ask("SELECT name, note FROM customer WHERE is_system IS NOT 1 AND deleted_at IS NULL")
            assert {row["name"] for row in rows} == names
            assert {row["note"] for row in rows} == {None, "备份以后改的"}
