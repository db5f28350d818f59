"""The main contact: one source, the parent's reference; the contact's tick reads and sets it."""

from typing import Any

from tests.support import Office


def patch(office: Office, module: str, id: str, values: dict[str, Any]) -> dict[str, Any]:
    return dict(office.api.ok(office.api.call("PATCH", f"/api/records/{module}/{id}", values))["row"])


def row(office: Office, module: str, id: str) -> dict[str, Any]:
    return dict(office.api.get(f"/api/records/{module}/{id}")["row"])


def contact(office: Office, parent: str, **more: Any) -> dict[str, Any]:
    return office.samples.create("contact", parent_kind="customer", parent=parent, **more)


def test_ticking_main_contact_sets_the_customer_and_unticks_the_other(office: Office) -> None:
    customer = office.samples.create("customer")["id"]
    first = contact(office, customer, is_main=True)
    assert first["is_main"] and row(office, "customer", customer)["main_contact"] == first["id"]
    second = contact(office, customer)
    assert patch(office, "contact", second["id"], {"is_main": True})["is_main"]
    assert not row(office, "contact", first["id"])["is_main"]
    assert not patch(office, "contact", second["id"], {"is_main": False})["is_main"]
    assert row(office, "customer", customer)["main_contact"] is None


def test_choosing_on_the_customer_shows_on_the_contact(office: Office) -> None:
    customer = office.samples.create("customer")["id"]
    made = contact(office, customer)
    patch(office, "customer", customer, {"main_contact": made["id"]})
    assert row(office, "contact", made["id"])["is_main"]


def test_a_main_contact_that_moves_leaves_its_old_customer(office: Office) -> None:
    here, there = (office.samples.create("customer")["id"] for _ in range(2))
    made = contact(office, here, is_main=True)
    patch(office, "contact", made["id"], {"parent_kind": "customer", "parent": there})
    assert row(office, "customer", here)["main_contact"] is None
    assert row(office, "customer", there)["main_contact"] == made["id"]


def entered(office: Office, kind: str, parent: str, **more: Any) -> dict[str, Any]:
    """As a form sends it: what nobody ticked is not said."""
    values = {"name": f"联系人{len(more)}", "parent_kind": kind, "parent": parent, **more}
    return dict(office.api.post("/api/records/contact", values)["row"])


def test_the_first_contact_is_the_main_one_by_itself(office: Office) -> None:
    customer, other = (office.samples.create("customer")["id"] for _ in range(2))
    first, second = entered(office, "customer", customer), entered(office, "customer", customer)
    assert [first["is_main"], second["is_main"]] == [True, False]
    assert row(office, "customer", customer)["main_contact"] == first["id"]
    assert not entered(office, "customer", other, is_main=False)["is_main"], "left out on purpose"
    assert not entered(office, "customer", other)["is_main"], "nobody knows whether that is meant so: it was to be none"
    supplier = office.samples.create("supplier")["id"]
    assert entered(office, "supplier", supplier)["id"] == row(office, "supplier", supplier)["main_contact"]


def test_no_contact_of_what_ships_is_the_main_one_by_itself(office: Office) -> None:
    (retail,) = office.api.get("/api/records/customer", q="零售客户")["rows"]
    assert not entered(office, "customer", retail["id"])["is_main"], "its rules hold"
