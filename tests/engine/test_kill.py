"""The program is killed while people save: what was confirmed is there, what was not is there whole or not at all."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from desktop.db import FILE_NAME
from desktop.engine.ids import seed_id
from desktop.workstation import Workstation
from tests.conftest import Program, StartProgram
from tests.engine.kit import Desk, assert_sound, open_desk
from tests.support import Api, copy_of

ROUNDS = 6
COPIES = 5
STARTS = 3
SAVERS = 4
GROUP, TAG = seed_id("customer_group", "general"), seed_id("tag", "重点跟进")


def dice() -> random.Random:
    """Random, and replayable: pytest shows the seed when a test fails."""
    seed = int(os.environ.get("ECMS_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"ECMS_SEED={seed}")
    return random.Random(seed)


@dataclass
class Saved:
    """A customer and everything that was asked of it, in order; `acked` is the last version that was confirmed."""

    id: str
    code: str
    versions: list[tuple[str, bool]]
    acked: int = 0

    @property
    def is_deleted(self) -> bool:
        return self.versions[-1][1]


@dataclass
class Saver:
    """One person at the keyboard: creates, changes, deletes and restores customers of his own until the line is cut."""

    api: Api
    random: random.Random
    mark: str
    saved: list[Saved]
    created: int = 0
    asked: tuple[dict[str, Any], dict[str, str]] | None = None
    """A creation that was sent and not confirmed."""
    faults: list[str] = field(default_factory=list)

    def run(self) -> None:
        try:
            while not self.faults:
                self.step()
        except requests.RequestException:
            pass

    def step(self) -> None:
        one = self.random.choice(self.saved) if self.saved else None
        if one is None or self.random.random() < 0.45:
            self.create()
        elif one.is_deleted:
            self.ask(one, False, "POST", "/api/records/customer/restore", {"ids": [one.id]})
        elif self.random.random() < 0.2:
            self.ask(one, True, "DELETE", f"/api/records/customer/{one.id}")
        else:
            note = f"{self.mark}第{len(one.versions)}版"
            self.ask(one, False, "PATCH", f"/api/records/customer/{one.id}", {"note": note, "address": note}, note)

    def create(self) -> None:
        self.created += 1
        name = f"{self.mark}公司{self.created}"
        values = {"name": name, "group": GROUP, "note": name, "address": name, "tags": [TAG]}
        self.asked = (values, {"Idempotency-Key": uuid.uuid4().hex})
        self.finish()

    def finish(self) -> None:
        """Sends a creation, for the first time or again after the line was cut."""
        assert self.asked
        values, key = self.asked
        answer = self.api.call("POST", "/api/records/customer", values, headers=key)
        if self.is_good(answer):
            row = answer.json()["row"]
            self.saved.append(Saved(row["id"], row["code"], [(values["note"], False)]))
            self.asked = None

    def ask(self, one: Saved, deleted: bool, method: str, path: str, body: Any = None, note: str | None = None) -> None:
        one.versions.append((one.versions[-1][0] if note is None else note, deleted))
        if self.is_good(self.api.call(method, path, body)):
            one.acked = len(one.versions) - 1

    def is_good(self, answer: requests.Response) -> bool:
        if not answer.ok:
            self.faults.append(f"{answer.status_code} {answer.text}")
        return answer.ok


def at_work(program: Program, rng: random.Random, savers: list[Saver], place: int) -> list[threading.Thread]:
    """Savers go on where the program that was killed left them; each first repeats what was not confirmed."""
    page = program.page()
    page.sign_in()
    for number in range(SAVERS):
        if place == 0:
            savers.append(Saver(page, rng, f"员{number}", []))
        session = requests.Session()
        session.cookies.update(page.session.cookies)
        session.headers.update(page.session.headers)
        savers[number].api = Api(page.base, session)
        savers[number].random = random.Random(rng.random())
        if savers[number].asked:
            savers[number].finish()
            assert not savers[number].asked
    threads = [threading.Thread(target=saver.run) for saver in savers]
    for thread in threads:
        thread.start()
    return threads


def confirmed(savers: list[Saver]) -> dict[str, int]:
    return {one.id: one.acked for saver in savers for one in list(saver.saved)}


def assert_kept(desk: Desk, savers: list[Saver], acked: dict[str, int], *, goes_on: bool = False) -> None:
    """Every confirmed save is there, or one that was asked for after it; never half of one. Savers who go on do so
    from what they find."""
    rows = {row["id"]: row for row in desk.ask("SELECT * FROM customer")}
    tagged = {row[0] for row in desk.ask("SELECT record FROM customer_tags WHERE deleted_at IS NULL")}
    for one in (one for saver in savers for one in saver.saved if one.id in acked):
        row = rows[one.id]
        found = (row["note"], row["deleted_at"] is not None)
        assert found in one.versions[acked[one.id] :], (one, found)
        assert row["address"] == row["note"] and row["code"] == one.code and one.id in tagged
        if goes_on:
            one.versions, one.acked = [found], 0
    assert all(row["address"] == row["note"] for row in rows.values()), "both fields of a save or none"
    codes = [row["code"] for row in rows.values() if row["code"]]
    assert len(codes) == len(set(codes)), "a number was given twice"
    (last,) = desk.ask("SELECT last FROM number_series WHERE prefix = 'KH'")[0] if codes else (0,)
    assert sorted(codes) == [f"KH01A1{number:05d}" for number in range(1, last + 1)], "numbers without gaps or reuse"
    assert_sound(desk.engine)


def test_killed_at_any_moment_nothing_confirmed_is_lost(
    template: Path, tmp_path: Path, start_program: StartProgram
) -> None:
    rng, folder, savers = dice(), copy_of(template, tmp_path / "data"), list[Saver]()
    changes = 0
    for place in range(ROUNDS):
        program = start_program("serve", "--data", str(folder))
        threads = at_work(program, rng, savers, place)
        time.sleep(rng.uniform(0.02, 0.5))
        program.kill()
        for thread in threads:
            thread.join(60)
        assert [saver.faults for saver in savers] == [[]] * SAVERS
        with open_desk(folder) as desk:
            acked = confirmed(savers)
            changes += sum(acked.values())
            assert_kept(desk, savers, acked, goes_on=True)
    assert len(confirmed(savers)) > ROUNDS and changes > ROUNDS, "too little happened"


def test_files_as_a_power_cut_leaves_them_open_with_every_confirmed_save(
    template: Path, tmp_path: Path, start_program: StartProgram
) -> None:
    """The process is stopped at random instants and its files are copied, with and without the index of the log."""
    rng, folder, savers = dice(), copy_of(template, tmp_path / "data"), list[Saver]()
    program = start_program("serve", "--data", str(folder))
    threads = at_work(program, rng, savers, 0)
    copies: list[tuple[Path, dict[str, int]]] = []
    until = time.monotonic() + 60
    while not confirmed(savers) and time.monotonic() < until:
        time.sleep(0.01)
    for number in range(COPIES):
        time.sleep(rng.uniform(0.02, 0.2))
        acked = confirmed(savers)
        _stop(program.process.pid)
        copy = tmp_path / f"copy{number}"
        copy.mkdir()
        for tail in ("", "-wal", "-shm") if number % 2 else ("", "-wal"):
            shutil.copyfile(folder / (FILE_NAME + tail), copy / (FILE_NAME + tail))
        program.process.send_signal(signal.SIGCONT)
        copies.append((copy, acked))
    program.kill()
    for thread in threads:
        thread.join(60)
    assert copies[-1][1], "nothing was saved meanwhile"
    for copy, acked in copies:
        with open_desk(copy) as desk:
            assert_kept(desk, savers, acked)


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    states = [task / "stat" for task in Path(f"/proc/{pid}/task").iterdir()]
    while not all(state.read_text().rpartition(")")[2].split()[0] in "Tt" for state in states):
        time.sleep(0.001)


def test_killed_while_starting_for_the_first_time_it_starts_the_next_time(
    tmp_path: Path, start_program: StartProgram
) -> None:
    rng = dice()
    for number in range(STARTS):
        folder = tmp_path / f"data{number}"
        program = start_program("serve", "--data", str(folder))
        # The file appears and is filled within a few milliseconds: that is where the kill should fall.
        while not (folder / FILE_NAME).exists():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.06))
        program.kill()
        for _ in range(2):
            workstation = Workstation.open(folder)
            assert not workstation.initialized
            workstation.close()
