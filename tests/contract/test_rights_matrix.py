"""Each role × module × action × data scope through the real API: nothing leaks, and nothing is held back that may be
seen. Over every declared module."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from desktop.api.stream import _shown_to
from desktop.engine import summing
from desktop.engine.access import DATA_SCOPES, offered
from desktop.engine.define import VERBS, seed_id
from desktop.engine.ids import new_id
from desktop.modules import load
from desktop.modules.company.operator import _SHIPPED_SPECIALS
from sync_server.replication.changeset import Op, Scalar
from tests.contract import rights_world as w
from tests.contract.rights_world import Planted, World
from tests.support import make_template, open_office

REGISTRY = load()
MODULES = [definition.name for definition in REGISTRY]
LOOK = "view export print"
SOME = [one if place % 5 == 0 else pytest.param(one, marks=pytest.mark.soak) for place, one in enumerate(MODULES)]
OFTEN = ("own",)
SCOPES = [one if one in OFTEN else pytest.param(one, marks=pytest.mark.soak) for one in DATA_SCOPES]
"""Each costs a minute over all modules; the other four come with the long tests."""
ALL_SEEN = " ".join(["settings", *sorted({one.module.view_right for one in REGISTRY if one.module.view_right})])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world") / "data"
    make_template(folder)
    with open_office(folder, direct=True) as office:
        made = w.found_world(office)
        _clashes(made)
        made.api.sign_in("tester", w.PASSWORD)
        yield made


def _clashes(world: World) -> None:
    """For every row a pair of values that two people typed, to be decided in the sync centre."""
    dots: dict[str, Scalar] = {
        "winner": f"{'0' * 16}:{'a' * 32}:1",
        "loser": f"{'0' * 16}:{'b' * 32}:1",
        "is_flag": 1,
        "state": "open",
    }
    for row in world.rows:
        title = REGISTRY[row.module].module.title
        about: dict[str, Scalar] = {"t": row.module, "record": row.id, "module": row.module, "field": title}
        values: dict[str, Scalar] = {
            f"{side}_values": json.dumps({title: f"{row.mark}{side}"}) for side in ("winner", "loser")
        }
        who: dict[str, Scalar] = {"winner_actor": "", "loser_actor": "", "winner_at": 1, "loser_at": 1}
        world.write([Op("conflict", new_id(), "ins", {**dots, **about, **values, **who})])


def attempts(world: World, module: str) -> dict[str, list[tuple[str, str, Any]]]:
    """Calls that do nothing even if they are allowed, by the action they need."""
    nobody = "0" * 32
    paper_path = f"/api/documents/{module}"
    of_documents: dict[str, list[tuple[str, str, Any]]] = {
        "add": [("POST", paper_path, {"post": False, "values": {"no_such_field": 1}})],
        "edit": [("PATCH", f"{paper_path}/{nobody}", {"post": False})],
        "view": [("GET", f"{paper_path}/{nobody}", None), ("POST", f"{paper_path}/work-out", {})],
    }
    if REGISTRY[module].module.document is None:
        of_documents = {}
    return {action: [*calls, *of_documents.get(action, ())] for action, calls in _of_records(module).items()}


def _of_records(module: str) -> dict[str, list[tuple[str, str, Any]]]:
    path, nobody, title = f"/api/records/{module}", "0" * 32, REGISTRY[module].module.title
    many = {"ids": [nobody], "set": {title: "x"}}
    paper = {"columns": [{"name": title, "width": 80}], "query": {"q": nobody}}
    export = {"columns": [title], "format": "csv", "query": {"q": nobody}}
    return {
        "view": [
            ("GET", path, None), ("GET", f"{path}/{nobody}", None), ("GET", f"{path}/{nobody}/history", None),
            ("GET", f"{path}/{nobody}/related", None), ("POST", f"{path}/similar", {"values": {}}),
        ],
        "add": [("POST", path, {"no_such_field": 1})],
        "edit": [("PATCH", f"{path}/{nobody}", {title: "x"}), ("POST", f"{path}/change", many)],
        "delete": [
            ("DELETE", f"{path}/{nobody}", None), ("POST", f"{path}/delete", {"ids": [nobody]}),
            ("POST", f"{path}/delete", {"ids": [nobody], "preview": True}),
            ("POST", f"{path}/restore", {"ids": [nobody]}),
        ],
        "post": [],
        "cancel": [("POST", f"/api/documents/{module}/{nobody}/cancel", {"reason": "x"})],
        "approve": [
            ("POST", f"/api/documents/{module}/{nobody}/approve", {}),
            ("POST", f"/api/documents/{module}/{nobody}/reject", {"reason": "x"}),
        ],
        "import": [("GET", f"/api/import/{module}", None)],
        "export": [("POST", f"/api/export/{module}", export)],
        "print": [("POST", f"/api/print/{module}", paper)],
    }  # fmt: skip


def check_actions(
    world: World, rights: dict[str, str], special: str = "", *, each: bool = True, modules: list[str] = MODULES
) -> None:
    """Every call of every module is answered or refused as the role says, and the screens are told the same; with not
    `each`, one call for each action that no right was given for: another test makes the others."""
    shown = w.described(world.api)
    for module in modules:
        definition, words = REGISTRY[module], rights.get(module, "")
        expected = [action for action in VERBS if w.allowed(definition, action, words, special)]
        assert shown.get(module, {"rights": []})["rights"] == expected, module
        for action, calls in attempts(world, module).items():
            for method, path, body in calls if each or action in expected else calls[:1]:
                status = world.api.call(method, path, body).status_code
                # one record only is never added, deleted or imported, whoever asks
                refused = (403,) if action in offered(definition) else (403, 400, 404)
                assert (status not in refused) == (action in expected), (module, action, words, special, method, path)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    "words", ["", *(f"view {action}" for action in VERBS if action != "view"), "add edit delete print"]
)
def test_each_action_of_each_module_is_allowed_by_itself(world: World, words: str, scope: str) -> None:
    """No words and many at every module; one action alone at every third, all of them in the long tests."""
    world.grant(dict.fromkeys(MODULES, words), scope)
    some = MODULES[len(words) % 3 :: 3] if words.count(" ") == 1 and scope in OFTEN else MODULES
    check_actions(world, dict.fromkeys(MODULES, words), each=not words, modules=some)


@pytest.mark.parametrize("special", ["", "settings", ALL_SEEN])
def test_writing_settings_needs_the_special_right_too(world: World, special: str) -> None:
    rights = dict.fromkeys(MODULES, " ".join(VERBS))
    world.grant(rights, "own", special)
    check_actions(world, rights, special)


@pytest.mark.parametrize("module", SOME)
def test_a_right_in_one_module_opens_no_other(world: World, module: str) -> None:
    rights = {module: " ".join(VERBS)}
    world.grant(rights, "all", "settings")
    check_actions(world, rights, "settings", each=False)
    viewed = frozenset((module,))
    check_answers(world, "all", viewed, (("search", world.api.call("GET", "/api/search", params={"q": "密"}).text),))


@pytest.mark.parametrize("code", ["manager", "sales", "storekeeper", "finance"])
def test_each_shipped_role_may_what_its_modules_declare(world: World, code: str) -> None:
    """And nothing else; the right to change settings is the administrator's."""
    _hold(world, seed_id("role", code))
    try:
        rights = {name: REGISTRY[name].module.rights.get(code, "") for name in MODULES}
        check_actions(world, rights, _SHIPPED_SPECIALS.get(code, ""), each=False)
    finally:
        _hold(world, world.role)


def _hold(world: World, role: str) -> None:
    """The tester has this role and no other."""
    sql = "SELECT id FROM operator_roles WHERE record = ? AND deleted_at IS NULL"
    with world.office.engine.db.read() as db:
        before = [Op("operator_roles", row[0], "del") for row in db.execute(sql, (world.operator,))]
    held = {"record": world.operator, "target": role}
    world.write([*before, Op("operator_roles", new_id(), "ins", held)])


# ------------------------------------------------------------------------------------------ what is seen


def check_answers(world: World, scope: str, viewed: frozenset[str], told: Any) -> None:
    hidden = [row for row in world.rows if not world.sees(row, scope, viewed)]
    for question, answer in told:
        leaked = [row for row in hidden if row.mark in answer or row.number in answer]
        assert not leaked, (question, scope, leaked[0], answer[:400])


@pytest.mark.parametrize("scope", SCOPES)
def test_nothing_outside_the_scope_and_no_hidden_price_is_told_in_any_way(world: World, scope: str) -> None:
    """Both at once: to ask for everything takes long."""
    world.grant(dict.fromkeys(MODULES, LOOK), scope, ALL_SEEN)
    viewed = frozenset(MODULES)
    told = _told_without_prices(world)
    check_answers(world, scope, viewed, told)
    _check_masks(world, scope, viewed, told)
    assert not [(question, answer[:300]) for question, answer in told if _has_amount(answer)]


def _check_masks(world: World, scope: str, viewed: frozenset[str], told: list[tuple[str, str]]) -> None:
    """Numbers of other people's rows never come whole."""
    masked = w.masked_modules(REGISTRY)
    assert masked
    others = [row for row in world.rows if row.module in masked and not world.is_own(row)]
    for question, answer in told:
        assert not [row for row in others if row.number in answer], (question, scope)
    own = [row for row in world.rows if row.module in masked and world.is_own(row)]
    assert all(any(row.number in answer for _, answer in told) for row in own)


@pytest.mark.soak
def test_prices_and_amounts_are_told_nowhere_to_whom_they_are_hidden(world: World) -> None:
    world.grant(dict.fromkeys(MODULES, LOOK), "all", ALL_SEEN)
    told = _told_without_prices(world)
    assert not [(question, answer[:300]) for question, answer in told if _has_amount(answer)]


def _told_without_prices(world: World) -> list[tuple[str, str]]:
    """Everything that is answered while prices are hidden; they are told before."""
    shown = (question for question, answer in w.answers(world, w.described(world.api)) if _has_amount(answer))
    assert len(list(islice(shown, 20))) == 20
    world.write([Op("role", world.role, "upd", {"hide_prices": 1})])
    try:
        return list(w.answers(world, w.described(world.api)))
    finally:
        world.write([Op("role", world.role, "upd", {"hide_prices": 0})])


def _has_amount(answer: str) -> bool:
    return str(w.AMOUNT) in answer.replace(",", "").replace(".", "")


@pytest.mark.parametrize("scope", SCOPES)
def test_all_inside_the_scope_is_shown_counted_and_found(world: World, scope: str) -> None:
    world.grant(dict.fromkeys(MODULES, LOOK), scope, ALL_SEEN)
    viewed = frozenset(MODULES)
    planted = {row.id for row in world.rows}
    for module in MODULES:
        seen = [row for row in world.of(module) if world.sees(row, scope, viewed)]
        _check_list(world, module, seen)
        for row in world.of(module):
            status = world.api.call("GET", f"/api/records/{module}/{row.id}").status_code
            assert status == (200 if row in seen else 404), (row, scope)
        gone = {row.id for row in world.of(module, gone=True) if world.sees(row, scope, viewed)}
        bin_ = {row["id"] for row in world.api.get(f"/api/records/{module}", deleted="1", limit=500)["rows"]}
        assert bin_ & planted == gone, (module, scope)  # what the test took back of its own role lies there, too

    clashes = {one["record"] for one in _clashes_shown(world)}
    public = {row.id for row in world.rows if REGISTRY[row.module].module.scope != "private"}
    assert clashes == public & {row.id for row in world.rows if world.sees(row, scope, viewed)}


def _clashes_shown(world: World) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        page = world.api.get("/api/sync/conflicts", state="open", limit=200, **({"after": after} if after else {}))
        yield from page["items"]
        after = page["next"]
        if after is None:
            return


def _check_list(world: World, module: str, seen: list[Planted]) -> None:
    path = f"/api/records/{module}"
    page = world.api.get(path, limit=500, want="rows,total,sums")
    rows, after = page["rows"], page["next"]
    while after:
        more = world.api.get(path, limit=500, want="rows", after=after)
        rows, after = rows + more["rows"], more["next"]
    planted = {row.id for row in world.of(module)}
    assert {row["id"] for row in rows} & planted == {row.id for row in seen}, module
    assert page["total"] == len(rows), module
    adder = summing.Adder(REGISTRY[module], page["sum_words"])
    for row in rows:
        adder.add(row)
    assert adder.told() == (page["sums"], page["sum_words"]), module
    columns = [REGISTRY[module].module.title]
    text = w.exported(world.api, module, columns)
    paper = w.printed(world.api, module, columns)
    assert all(row.mark in text and row.mark in paper for row in seen), module


@pytest.mark.parametrize("scope", SCOPES)
def test_rows_that_follow_another_need_the_right_to_see_that_one(world: World, scope: str) -> None:
    following = [definition for definition in REGISTRY if definition.module.scope == "follow"]
    assert following
    rights = {definition.name: LOOK for definition in following}
    world.grant(rights, scope, ALL_SEEN)
    told = [one for definition in following for one in w._about_module(world, definition, None)]
    check_answers(world, scope, frozenset(rights), told)
    for definition in following:
        if definition.module.view_right is None:  # others are closed altogether
            assert world.api.get(f"/api/records/{definition.name}", want="total")["total"] == 0


# ------------------------------------------------------------------------------------------ files and comments


HANGING = [definition.name for definition in REGISTRY if definition.module.hangs]
HOLDERS = [definition.name for definition in REGISTRY if definition.name not in HANGING]


def _attached(world: World, row: Planted, kind: str = "files") -> int:
    """The status of adding a file or a comment to a record; what was added is taken out again."""
    if kind == "comments":
        return world.api.call("POST", f"/api/comments/{row.module}/{row.id}", {"text": "试"}).status_code
    said = {"Content-Type": "application/octet-stream"}
    url = f"{world.api.base}/api/files/{row.module}/{row.id}"
    answer = world.api.session.post(url, data=b"x", params={"name": "a.txt"}, headers=said, timeout=60)
    if answer.status_code == 201:
        world.api.ok(world.api.call("DELETE", f"/api/file/{answer.json()['id']}"))
    return answer.status_code


@pytest.mark.parametrize("scope", SCOPES)
def test_files_and_comments_are_as_open_as_their_record(world: World, scope: str) -> None:
    """Nobody is given rights on them: the right to the record decides, for each action and every place."""
    viewed = frozenset(HOLDERS)
    for words, may_attach in (("view", 403), ("view edit", 201)):
        world.grant(dict.fromkeys(HOLDERS, words), scope, ALL_SEEN)
        for kind, module in (("files", "attachment"), ("comments", "comment")):
            assert world.of(module)
            for row in world.of(module):
                holder = next(one for one in world.rows if row.parent == (one.module, one.id))
                is_seen = world.sees(holder, scope, viewed) and not holder.gone
                answer = world.api.call("GET", f"/api/{kind}/{holder.module}/{holder.id}")
                assert (answer.status_code, row.mark in answer.text) == ((200, True) if is_seen else (404, False))
                assert world.api.call("GET", f"/api/records/{module}/{row.id}").status_code == 403
        for row in [one for module in HOLDERS[:6] for one in world.of(module)]:
            is_seen = world.sees(row, scope, viewed)
            can_edit = may_attach if REGISTRY[row.module].module.writable else 403
            assert _attached(world, row) == (can_edit if is_seen or can_edit == 403 else 404), (row, words)
            assert _attached(world, row, "comments") == (201 if is_seen else 404), (row, words)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_file_is_not_taken_away_or_fetched_by_who_may_not_see_its_record(world: World, scope: str) -> None:
    world.grant(dict.fromkeys(HOLDERS, "view edit"), scope, ALL_SEEN)
    for row in world.of("attachment"):
        holder = next(one for one in world.rows if row.parent == (one.module, one.id))
        if world.sees(holder, scope, frozenset(HOLDERS)):
            continue
        calls = (("DELETE", ""), ("POST", "/fetch"), ("POST", "/save"), ("GET", "/content"), ("GET", "/thumbnail"))
        for method, tail in (*calls, ("POST", "/restore")):
            assert world.api.call(method, f"/api/file/{row.id}{tail}").status_code == 404, (row, method, tail)


def test_without_the_right_to_the_module_there_is_nothing(world: World) -> None:
    world.grant(dict.fromkeys(HANGING, " ".join(VERBS)), "all", ALL_SEEN)
    for row in [one for module in HOLDERS[:6] for one in world.of(module)]:
        assert world.api.call("GET", f"/api/files/{row.module}/{row.id}").status_code == 403
        assert _attached(world, row) == 403 and _attached(world, row, "comments") == 403


# --------------------------------------------------------------------------------- the recycle bin and duplicates

TIDYING = "view edit delete"


def _tidying(world: World) -> Iterator[tuple[str, str]]:
    """Everything that the recycle bin and the page of duplicates answer."""
    api = world.api
    for params in ({}, {"q": "密"}, *({"module": name} for name in MODULES)):
        yield f"/api/bin {params}", api.call("GET", "/api/bin", params={"limit": 200, **params}).text
    for row in world.rows:
        yield f"bin {row.module}", api.call("GET", f"/api/bin/{row.module}/{row.id}").text
    for name in REGISTRY.mergeable:
        ids = [row.id for row in world.of(name)]
        for tail in ("", "/dismissed"):
            yield f"{name}{tail}", api.call("GET", f"/api/duplicates/{name}{tail}", params={"limit": 100}).text
        yield f"merged {name}", api.call("GET", f"/api/merge/{name}").text
        for id in ids:
            yield f"compare {name}", api.call("POST", f"/api/merge/{name}/compare", {"ids": [id, ids[0]]}).text


def _make_doubles(world: World) -> None:
    """All records of a mergeable module look like one."""
    same = {
        "customer": {"tax_no": "91320500DOUBLES00"},
        "supplier": {"tax_no": "91320500DOUBLES00"},
        "product": {"code": "DOUBLE", "spec": "", "model": ""},
    }
    world.write(
        [
            Op(row.module, row.id, "upd", dict(same.get(row.module, {"mobile": "13700000000"})))
            for name in REGISTRY.mergeable
            for row in world.of(name)
        ]
    )


@pytest.mark.parametrize("scope", SCOPES)
def test_the_bin_and_duplicates_tell_nothing_outside_the_scope(world: World, scope: str) -> None:
    world.grant(dict.fromkeys(MODULES, TIDYING), scope, "settings merge")
    _make_doubles(world)
    viewed = frozenset(MODULES)
    told = list(_tidying(world))
    check_answers(world, scope, viewed, told)
    _check_tidying_masks(world, told)
    gone = {row.id for row in world.rows if row.gone and world.sees(row, scope, viewed)}
    listed = {row["id"] for row in world.api.get("/api/bin", limit=200)["rows"]}
    binned = {row.id for row in world.rows if row.gone and REGISTRY[row.module].module.is_granted}
    deletable = {name for name in MODULES if w.allowed(REGISTRY[name], "delete", TIDYING, "settings")}
    expected = {row.id for row in world.rows if row.id in gone & binned and row.module in deletable}
    assert listed & {row.id for row in world.rows} == expected
    for name in REGISTRY.mergeable:
        seen = {row.id for row in world.of(name) if world.sees(row, scope, viewed)}
        groups = world.api.get(f"/api/duplicates/{name}")["groups"]
        found = {row["id"] for group in groups for row in group["rows"]} & {row.id for row in world.of(name)}
        assert found == (seen if len(seen) > 1 and _may_compare(name, scope) else set()), (name, scope)


def _may_compare(name: str, scope: str) -> bool:
    """Contacts are found by numbers; whoever reads some of them masked may not compare by them."""
    return name != "contact" or not REGISTRY[name].fields["mobile"].masked  # type: ignore[attr-defined]


def _check_tidying_masks(world: World, told: list[tuple[str, str]]) -> None:
    masked = w.masked_modules(REGISTRY)
    others = [row for row in world.rows if row.module in masked and not world.is_own(row)]
    for question, answer in told:
        assert not [row for row in others if row.number in answer], question


@pytest.mark.parametrize("special", ["", "settings", "merge"])
@pytest.mark.parametrize("words", ["", "view", "view delete", "view edit", "view edit delete"])
def test_restoring_needs_the_right_to_delete_and_merging_its_own(world: World, words: str, special: str) -> None:
    world.grant(dict.fromkeys(MODULES, words), "all", special)
    nobody, other = "0" * 32, "1" * 32
    offered_in_bin = {one["name"] for one in world.api.get("/api/bin")["modules"]}
    for module in MODULES:
        definition = REGISTRY[module]
        may = w.allowed(definition, "delete", words, special)
        assert (module in offered_in_bin) == (may and definition.module.is_granted), (module, words, special)
        restored = world.api.call("POST", "/api/bin/restore", {"records": [{"module": module, "id": nobody}]})
        assert (restored.status_code not in (403, 400)) == may, (module, words, special)
        assert (world.api.call("GET", f"/api/bin/{module}/{nobody}").status_code == 404) == (
            may and definition.module.is_granted
        )
    may_merge = special == "merge" and "edit" in words
    assert {one["name"] for one in world.api.get("/api/duplicates")["modules"]} == (
        set(REGISTRY.mergeable) if may_merge else set()
    )
    for module in REGISTRY.mergeable:
        calls: list[tuple[str, str, Any]] = [
            ("GET", f"/api/duplicates/{module}", None), ("GET", f"/api/duplicates/{module}/dismissed", None),
            ("POST", f"/api/duplicates/{module}/dismiss", {"ids": [nobody, other]}),
            ("GET", f"/api/merge/{module}", None), ("POST", f"/api/merge/{module}/compare", {"ids": [nobody, other]}),
            ("POST", f"/api/merge/{module}", {"winner": nobody, "losers": [other]}),
            ("POST", f"/api/merge/{module}/undo", {"ids": [nobody]}),
        ]  # fmt: skip
        for method, path, body in calls:
            status = world.api.call(method, path, body).status_code
            assert (status != 403) == may_merge and status < 500, (method, path, words, special, status)


# ------------------------------------------------------------------------------------------ events


@pytest.mark.parametrize("scope", SCOPES)
def test_events_name_no_row_that_is_held_back(world: World, scope: str) -> None:
    engine = world.office.engine
    world.grant(dict.fromkeys(MODULES[::2], "view"), scope)
    events: list[dict[str, Any]] = []
    with engine.bus.listen() as heard:
        for row in world.rows:
            touched = Op(row.module, row.id, "upd", {REGISTRY[row.module].module.title: row.mark})
            engine.tell(engine.applier.local([touched], actor=""))
            events += _drained(heard)
    assert len(events) >= len(world.rows)
    for event in events:
        shown = _shown_to(engine, world.operator, event)
        if shown is not None:
            assert shown["module"] in MODULES[::2]
            assert all(world.sees(row, scope, frozenset(MODULES[::2])) for row in world.rows if row.id in shown["ids"])


def _drained(heard: queue.Queue[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    while not heard.empty():
        yield heard.get_nowait()
