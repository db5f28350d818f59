"""The server as a process: what its answers promise holds through kills, and whatever is thrown at it gets a clear
refusal while the others go on working."""

from __future__ import annotations

import shutil
import socket
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import requests

from sync_server.replication.changeset import Op
from sync_server.replication.wire import ALONE_BYTES_MAX, pack
from sync_server.store import PAGE_BYTES_MAX
from tests.server.conftest import TIMEOUT_S, Client, Served, command
from tests.server.kit import MANIFEST, Author, ins, new_id

# -------------------------------------------------------------------------------------------------------- normal days


def test_join_push_and_pull(shared: Served) -> None:
    a, b = shared.join(), shared.join("02", "--user", "li")
    assert (b.about["kind"], b.about["branch"], b.about["user"]) == ("personal", "02", "li")
    assert a.about["code"] != b.about["code"]
    id = new_id()
    (ack,) = a.push(a.author.write(ins("customer", id, name="王"))).json()["acks"]
    assert ack["status"] == "applied"
    answer = b.get("/sync/v1/pull", cursor=ack["seq"] - 1, epoch=b.about["epoch"]).json()
    assert [op["id"] for op in answer["items"][0]["ops"]] == [id]
    assert (answer["next"], answer["more"]) == (ack["seq"], False)
    assert abs(answer["server_time"] - time.time() * 1_000) < 60_000
    rows = b.post("/sync/v1/rows", {"t": "customer", "ids": [id]}).json()["items"]
    assert rows[0]["data"] == {"name": "王"}
    assert [item["row"]["id"] for item in b.pull_all(**{"as": "rows"})].count(id) == 1
    mine = a.get("/sync/v1/pull", cursor=ack["seq"] - 1, replica=a.author.replica, last_n=1).json()
    assert mine["items"] == [] and mine["next"] == ack["seq"]


def test_hello_says_where_both_stand(shared: Served) -> None:
    a = shared.join()
    first = a.hello().json()
    assert (first["your_n"], first["actions"], first["code"]) == (0, [], a.about["code"])
    a.push(a.author.write(ins("customer")), a.author.write(ins("customer")))
    about = a.hello(peers={a.about["tier"]: {"epoch": a.about["epoch"], "cursor": 0}}).json()
    assert (about["your_n"], about["your_h"], about["actions"]) == (2, a.author.h[:8].hex(), [])
    assert (about["schema"], about["min_schema"], about["tier"]) == (MANIFEST.schema, 1, a.about["tier"])
    assert a.hello(last_n=1, last_h="0" * 16).json()["actions"] == ["rotate_replica"]
    assert a.hello(peers={a.about["tier"]: {"epoch": "other"}}).json()["actions"] == ["reconcile"]
    odd: Any
    for odd in ([], {a.about["tier"]: []}, 5):
        assert a.hello(peers=odd).json()["actions"] == []
    stranger = shared.join()
    told = stranger.hello(replica=a.author.replica, last_n=0).json()
    assert (told["your_n"], told["your_h"]) == (0, None)


def test_an_idle_round_is_small(shared: Served) -> None:
    a = shared.join()
    head = a.hello().json()["head"]
    answer = a.get("/sync/v1/pull", cursor=head)
    assert answer.json()["items"] == [] and len(answer.content) < 500 and len(a.hello().content) < 500


def test_large_answers_are_packed_for_who_can_read_them(shared: Served) -> None:
    a = shared.join()
    a.push(*(a.author.write(ins("customer", note="长" * 500)) for _ in range(20)))
    packed = a.get("/sync/v1/pull", cursor=0)
    assert packed.headers["Content-Encoding"] == "deflate"
    plain = requests.get(
        f"{shared.url}/sync/v1/pull", headers=a.headers | {"Accept-Encoding": "identity"}, timeout=TIMEOUT_S
    )
    assert "Content-Encoding" not in plain.headers and plain.json()["items"] == packed.json()["items"]


def test_stats_and_metrics(shared: Served) -> None:
    a = shared.join()
    stats = a.get("/sync/v1/stats").json()
    assert stats["machines"] >= 1 and stats["head"] >= 0
    metrics = requests.get(f"{shared.url}/metrics", timeout=TIMEOUT_S)
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "\necms_machines " in metrics.text and a.about["tier"] not in metrics.text


# ---------------------------------------------------------------------------------------------------------- refusals


def code_of(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["title"] and body["status"] == answer.status_code
    return answer.status_code, body["code"]


@pytest.mark.parametrize(
    "authorization",
    ["", "ECMS", "ECMS :", "ECMS x:y", "Basic eDp5", "ECMS {id}:wrong", "ECMS {id}", "ecms {id}:{secret}"],
)
def test_a_wrong_secret_is_refused(shared: Served, authorization: str) -> None:
    a = shared.join()
    text = authorization.format(id=a.about["machine"], secret=a.about["secret"])
    for method, path in (("POST", "hello"), ("POST", "push"), ("GET", "pull"), ("POST", "rows"), ("GET", "stats")):
        answer = requests.request(
            method, f"{shared.url}/sync/v1/{path}", headers={"Authorization": text}, timeout=TIMEOUT_S
        )
        assert code_of(answer) == (401, "unauthorized")


def test_a_code_works_once_however_it_is_typed_and_guessing_is_stopped(served: Served) -> None:
    def enrol(code: Any, schema: int = 1) -> requests.Response:
        return requests.post(f"{served.url}/sync/v1/enrol", json={"code": code, "schema": schema}, timeout=TIMEOUT_S)

    code = command(served.folder, "invite", "--branch", "01").stdout.strip()
    assert code_of(enrol(code, MANIFEST.schema + 1)) == (409, "server-older")
    assert code_of(enrol(code, 0)) == (400, "bad-request")
    assert enrol(f" {code.lower().replace('-', ' ')} ").status_code == 200
    assert code_of(enrol(code)) == (403, "code-refused")
    assert code_of(enrol("\ud800")) == (400, "bad-request")
    for _ in range(9):
        assert code_of(enrol("AAAAA-AAAAA")) == (403, "code-refused")
    assert code_of(enrol("AAAAA-AAAAA")) == (429, "too-many")


def test_a_revoked_machine_gets_nothing_and_its_last_push_is_set_aside(served: Served) -> None:
    a, b = served.join(), served.join()
    a.push(a.author.write(ins("customer")))
    assert command(served.folder, "revoke", a.about["code"]).returncode == 0
    assert command(served.folder, "revoke", a.about["code"]).returncode == 1
    assert a.hello().json()["actions"] == ["wipe"]
    for answer in (a.get("/sync/v1/pull"), a.post("/sync/v1/rows", {"t": "customer", "ids": []})):
        assert code_of(answer) == (403, "revoked")
    (ack,) = a.push(a.author.write(ins("customer"))).json()["acks"]
    assert (ack["status"], ack["why"]) == ("quarantined", "revoked")
    assert len(b.pull_all()) == 1


def test_garbage_is_refused_and_the_server_goes_on(shared: Served) -> None:
    a = shared.join()
    good = pack({"changesets": [a.author.write(ins("customer"))]})
    for data in (b"", b"garbage", b"\0" * 1_000, good[:-3], good + b"x", zlib.compress(b"[" * 200_000), pack([1])):
        assert code_of(a.push_bytes(data)) == (400, "bad-request")
    assert code_of(a.push_bytes(good, "identity")) == (400, "bad-request")
    half = zlib.compress(b'{"changesets":[{"r":"%s","n":1,"h":"%s","x":"\\ud800"}]}' % (b"a" * 32, b"0" * 16))
    assert code_of(a.push_bytes(half)) == (400, "bad-request")
    deep = zlib.compress(b'{"changesets":[{"r":"%s","n":1,"h":"%s","x":%s}]}' % (
        b"a" * 32, b"0" * 16, b"[" * 900 + b"]" * 900))  # fmt: skip
    assert a.push_bytes(deep).status_code in (200, 400)
    assert a.push_bytes(good).json()["acks"][0]["status"] == "applied"


def test_bombs_and_giants_are_refused(shared: Served) -> None:
    a = shared.join()
    bomb = zlib.compress(b" " * (ALONE_BYTES_MAX * 8), 9)
    assert code_of(a.push_bytes(bomb)) == (413, "too-large")
    hello = requests.post(
        f"{shared.url}/sync/v1/hello",
        data=zlib.compress(b" " * 10_000_000, 9),
        headers=a.headers | {"Content-Encoding": "deflate"},
        timeout=TIMEOUT_S,
    )
    assert code_of(hello) == (413, "too-large")
    assert code_of(a.push_bytes(b"x" * (ALONE_BYTES_MAX + 1))) == (413, "too-large")
    assert code_of(a.post("/sync/v1/hello", {"replica": "x" * 300_000})) == (413, "too-large")
    many = [a.author.write(ins("customer")) for _ in range(501)]
    assert code_of(a.push(*many)) == (413, "too-large")
    assert a.hello().status_code == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("pull", {"cursor": "-1"}),
        ("pull", {"cursor": "x"}),
        ("pull", {"cursor": "9" * 30}),
        ("pull", {"cursor": str(2**62)}),
        ("pull", {"max": "1.5"}),
        ("pull", {"as": "image"}),
        ("pull", {"last_n": "²", "replica": "x"}),
    ],
)
def test_odd_questions_are_refused(shared: Served, path: str, query: dict[str, str]) -> None:
    assert code_of(shared.join().get(f"/sync/v1/{path}", **query)) == (400, "bad-request")


def test_odd_bodies_are_refused(shared: Served) -> None:
    a = shared.join()
    body: Any
    for body in ([], 5, None, {"replica": 5}, {"replica": "x", "last_n": "1", "schema": 1}, {"replica": "\ud800"}):
        assert code_of(a.post("/sync/v1/hello", body)) == (400, "bad-request")
    for body in ({"t": 5, "ids": []}, {"t": "customer", "ids": "x"}, {"t": "customer", "ids": [5]}):
        assert code_of(a.post("/sync/v1/rows", body)) == (400, "bad-request")
    assert code_of(a.post("/sync/v1/rows", {"t": "customer", "ids": ["\ud800"]})) == (400, "bad-request")
    assert code_of(a.get("/sync/v1/secret")) == (404, "not-found")
    assert code_of(a.get("/sync/v1/push")) == (405, "http")


@pytest.mark.parametrize("table", ["of_a_newer_program", 'x"; DROP TABLE log'])
def test_a_table_the_server_does_not_know_has_no_rows(shared: Served, table: str) -> None:
    """A newer client gives up a change of one and asks how the row stands; it must not be stuck for good."""
    a = shared.join()
    id = new_id()
    assert a.post("/sync/v1/rows", {"t": table, "ids": [id]}).json() == {"items": [], "missing": [id]}
    found = a.post("/sync/v1/rows", {"t": table}).json()
    assert (found["versions"], found["next"]) == ({}, None)


def test_rows_that_are_asked_for_are_cut_where_there_are_enough_bytes(shared: Served) -> None:
    a, ids = shared.join(), sorted(new_id() for _ in range(12))
    for id in ids:
        a.push(a.author.write(ins("customer", id, note="长" * 333_000)))
    wanted, got = [*ids, missing := new_id()], []
    while wanted:
        answer = a.post("/sync/v1/rows", {"t": "customer", "ids": wanted})
        assert len(answer.content) < 2 * PAGE_BYTES_MAX
        body = answer.json()
        got.append([item["row"]["id"] for item in body["items"]])
        assert set(wanted) - set(got[-1]) - set(body.get("cut", [])) <= {missing}
        wanted = body.get("cut", [])
    assert [id for part in got for id in part] == ids and len(got) > 2


def test_epochs_gaps_newer_clients_and_strangers_have_codes_of_their_own(shared: Served) -> None:
    a, b = shared.join(), shared.join()
    assert code_of(a.get("/sync/v1/pull", epoch="another")) == (409, "epoch-changed")
    a.author.write(ins("customer"))
    gap = a.push(a.author.write(ins("customer")))
    assert code_of(gap) == (409, "gap") and gap.json()["next"] == 1
    a.push(*a.author.sealed)
    twin = Author(replica=a.author.replica)
    assert code_of(b.push(twin.write(ins("customer")))) == (403, "replica-taken")
    newer = a.author.write(ins("customer"), schema=MANIFEST.schema + 1)
    assert code_of(a.push(newer)) == (409, "server-older")
    assert a.hello(schema=MANIFEST.schema + 1).json()["schema"] == MANIFEST.schema  # reading goes on


def test_hostile_names_are_set_aside(shared: Served) -> None:
    a = shared.join()
    one = a.author.write(ins('customer"; DROP TABLE log; --', x=1))
    two = a.author.write(Op("customer", new_id(), "upd", {'name" = 1, "x': "y"}))
    three = a.author.write(ins("customer"))
    acks = a.push(one, two, three).json()["acks"]
    assert [ack["status"] for ack in acks] == ["quarantined", "quarantined", "applied"]


def test_a_body_cut_on_the_way_changes_nothing(shared: Served) -> None:
    a = shared.join()
    data = pack({"changesets": [a.author.write(ins("customer"))]})
    head = a.hello().json()["head"]
    host, port = shared.url.removeprefix("http://").split(":")
    for cut in (0, 1, len(data) // 2, len(data) - 1):
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as raw:
            lines = [
                "POST /sync/v1/push HTTP/1.1", "Host: x", f"Authorization: {a.headers['Authorization']}",
                "Content-Encoding: deflate", f"Content-Length: {len(data)}", "", "",
            ]  # fmt: skip
            raw.sendall("\r\n".join(lines).encode() + data[:cut])
    assert a.hello().json()["head"] == head
    assert a.push_bytes(data).json()["acks"][0]["status"] == "applied"


# ------------------------------------------------------------------------------------------------ kills and crossings


def test_replays_and_pushes_at_once_leave_each_changeset_once(shared: Served) -> None:
    a = shared.join()
    changesets = [a.author.write(ins("customer")) for _ in range(10)]
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(a.push(*changesets))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [[ack["status"] for ack in answer.json()["acks"]] for answer in answers]
    assert sorted(map(set, found), key=str).count({"applied"}) == 1 and found.count(["dup"] * 10) == 4
    seqs = {tuple(ack["seq"] for ack in answer.json()["acks"]) for answer in answers}
    assert len(seqs) == 1
    mine = [item["n"] for item in a.pull_all() if item["r"] == a.author.replica]
    assert mine == list(range(1, 11))


def test_what_was_acknowledged_survives_kills(served: Served) -> None:
    clients = [served.join() for _ in range(3)]
    acked: dict[str, dict[int, int]] = {one.author.replica: {} for one in clients}
    for _ in range(4):
        threads = [threading.Thread(target=push_until_dead, args=(one, acked[one.author.replica])) for one in clients]
        for thread in threads:
            thread.start()
        time.sleep(0.4)
        served.kill()
        for thread in threads:
            thread.join()
        served.start()
    items = clients[0].pull_all()
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
    stored = {(item["r"], item["n"]): item["seq"] for item in items}
    for replica, mine in acked.items():
        assert mine, "every machine got something through"
        assert mine.items() <= {n: seq for (r, n), seq in stored.items() if r == replica}.items()
    assert command(served.folder, "stats").returncode == 0


def push_until_dead(client: Client, acked: dict[int, int]) -> None:
    """Goes on pushing; what a kill left open is pushed again after the next start."""
    author = client.author
    try:
        while True:
            if author.n == len(acked):
                author.write(ins("customer"), ins("contact", name="李"))
            for ack in client.push(*author.sealed[len(acked) :]).json()["acks"]:
                assert ack["status"] in ("applied", "dup")
                acked[ack["n"]] = ack["seq"]
    except requests.RequestException:
        return


# ------------------------------------------------------------------------------------------------------------ commands


def test_a_second_server_on_one_folder_is_refused(shared: Served) -> None:
    second = command(shared.folder, "serve", "--port", "0")
    assert second.returncode == 1 and "正在运行" in second.stderr
    assert command(shared.folder, "restore", "nothing").returncode == 1


def test_backup_while_running_and_restore_with_a_new_epoch(served: Served, tmp_path: Path) -> None:
    a = served.join()
    a.push(a.author.write(ins("customer")))
    assert command(served.folder, "backup", str(tmp_path / "copy")).returncode == 0
    again = command(served.folder, "backup", str(tmp_path / "copy"))
    assert again.returncode == 1 and "已存在" in again.stderr
    lost = a.push(a.author.write(ins("customer"))).json()["acks"][0]
    assert served.stop() == 0
    assert command(served.folder, "restore", str(tmp_path / "copy")).returncode == 0
    served.start()
    peers = {a.about["tier"]: {"epoch": a.about["epoch"], "cursor": 2}}
    about = a.hello(peers=peers).json()
    assert (about["actions"], about["your_n"], about["head"]) == (["reconcile"], 1, 1 << 32)
    (ack,) = a.push(a.author.sealed[1], again={"2": {"old_seq": lost["seq"], "hlc_eff": lost["hlc_eff"]}}).json()[
        "acks"
    ]
    assert ack["seq"] == (1 << 32) + 1
    assert [item["n"] for item in a.pull_all()] == [1, 2]


@pytest.mark.parametrize("said", [{"cursor": 2}, {"cursor": 1, "acked": 2}])
def test_a_data_file_put_back_by_hand_is_noticed(served: Served, tmp_path: Path, said: dict[str, int]) -> None:
    a = served.join()
    a.push(a.author.write(ins("customer")))
    assert command(served.folder, "backup", str(tmp_path / "copy")).returncode == 0
    a.push(a.author.write(ins("customer")))
    assert served.stop() == 0
    for file in served.folder.glob("ecms-server.db*"):
        file.unlink()
    shutil.copyfile(tmp_path / "copy", served.folder / "ecms-server.db")
    served.start()
    peer = {"epoch": a.about["epoch"], "cursor": said["cursor"]}
    about = a.hello(peers={a.about["tier"]: peer}, acked=said.get("acked")).json()
    assert (about["actions"], about["your_n"], about["head"]) == (["reconcile"], 1, 1 << 32)
    assert about["kept"] == 1
    peer = {"epoch": about["epoch"], "cursor": 1 << 32}
    about = a.hello(peers={a.about["tier"]: peer}, acked=1).json()
    assert (about["actions"], about["head"]) == ([], 1 << 32)


def test_commands_say_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    for words in (["machines"], ["stats"], ["revoke", "x"], ["backup", "x"]):
        done = command(nothing, *words)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert not nothing.exists()
    assert command(tmp_path, "invite", "--branch", "北京").returncode == 1
    assert command(tmp_path, "invite").returncode == 2
    assert command(tmp_path, "machines").stdout.strip() == ""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ecms-server.db").write_bytes(b"not a database" * 1_000)
    done = command(tmp_path / "other", "stats")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
