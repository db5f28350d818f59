"""工号: a number of its own where none is typed, apart on every machine, and old ones as they are."""

from tests.support import Office


def test_a_blank_one_is_drawn_and_a_typed_one_is_kept_and_passed_over(office: Office) -> None:
    api = office.api
    (first,) = api.get("/api/records/employee")["rows"]

    def made(name: str, **values: str) -> str:
        body = {"name": name, "department": first["department"], **values}
        return str(api.post("/api/records/employee", body)["row"]["code"])

    assert first["code"] == "001", "as it was typed before"
    assert made("甲") == "YG01A100001"
    assert made("乙", code="YG01A100002") == "YG01A100002" and made("丙", code="B7") == "B7"
    assert made("丁") == "YG01A100003", "another has that number already"
    listed = [row["code"] for row in api.get("/api/records/employee", sort="code")["rows"]]
    assert listed == ["001", "B7", "YG01A100001", "YG01A100002", "YG01A100003"]
