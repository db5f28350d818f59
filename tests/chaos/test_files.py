"""Files between real processes: killed and cut in the middle of a file, and it arrives whole all the same."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
import requests

from tests.chaos.fleet import Station, assert_alike, fleet_in
from tests.chaos.proxy import CLEAR, STORMY, Weather
from tests.support import fresh_key

CONTENT = os.urandom(9_500_000)
SLOW = Weather(delay_ms=3)
"""Some seconds for the file, so that it is cut in its middle."""


def attach(station: Station, customer: str, content: bytes, name: str) -> str:
    assert station.api is not None
    answer = station.api.session.post(
        f"{station.api.base}/api/files/customer/{customer}",
        data=content,
        params={"name": name},
        headers={"Content-Type": "application/octet-stream", **fresh_key()},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def has_uploaded(station: Station, count: int) -> bool:
    return len(station.ask("SELECT 1 FROM blob WHERE uploaded = 1")) == count


def comes(station: Station, id: str) -> bytes:
    """The content once it is here, as the page asks for it until it is."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert station.api is not None
        station.api.post(f"/api/file/{id}/fetch")
        answer = station.api.call("GET", f"/api/file/{id}/content")
        if answer.ok:
            return answer.content
        time.sleep(0.3)
    raise AssertionError("it did not come")


@pytest.mark.soak
def test_a_file_outlives_kills_cuts_and_a_server_that_dies(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        first = fleet.founded()
        second = fleet.add()
        fleet.join(second)
        api = first.start()
        group = api.get("/api/lookup/customer_group")["rows"][0]["id"]
        customer = api.post("/api/records/customer", {"name": "有附件的客户", "group": group})["row"]["id"]
        first.line.weather = SLOW
        id = attach(first, customer, CONTENT, "大.bin")
        small = attach(first, customer, b"small", "小.txt")
        for weather in (SLOW, STORMY, SLOW):
            time.sleep(1.5)
            first.kill()
            first.line.weather = weather
            first.start()
        fleet.server.kill()
        fleet.restart_server()
        first.line.weather = CLEAR
        fleet.wait_for(lambda: has_uploaded(first, 2), 90)

        second.start()
        second.line.weather = SLOW
        fleet.settle()
        assert second.api is not None
        second.api.post(f"/api/file/{id}/fetch")
        time.sleep(1.5)
        second.kill()
        assert not second.ask("SELECT 1 FROM blob WHERE have = 1 AND size > 1000"), "not yet, and it does not say so"
        second.start()
        assert hashlib.sha256(comes(second, id)).digest() == hashlib.sha256(CONTENT).digest()
        assert comes(second, small) == b"small"
        fleet.settle()
        fleet.stop()
        assert_alike(fleet.stations)


@pytest.mark.soak
def test_a_save_that_was_confirmed_has_its_content_on_the_disk(tmp_path: Path) -> None:
    """SIGKILL the moment the answer is there."""
    with fleet_in(tmp_path) as fleet:
        station = fleet.add()
        station.found()
        api = station.start()
        group = api.get("/api/lookup/customer_group")["rows"][0]["id"]
        customer = api.post("/api/records/customer", {"name": "断电客户", "group": group})["row"]["id"]
        contents = [os.urandom(300_000) for _ in range(4)]
        ids = []
        for number, content in enumerate(contents):
            ids.append(attach(station, customer, content, f"{number}.bin"))
            station.kill()
            station.start()
        for id, content in zip(ids, contents, strict=True):
            assert station.api is not None
            answer: requests.Response = station.api.call("GET", f"/api/file/{id}/content")
            assert answer.content == content
        station.stop()
        assert "数据完好" in station.done("check")
