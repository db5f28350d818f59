"""Who looks after what is sold or offered, and so sees it: whoever looks after its customer."""

from collections.abc import Mapping
from typing import Any

from ...engine.documents.declare import Asking, Columns


def owner_of(header: Columns, customer: Mapping[str, Any], asking: Asking) -> Columns:
    """Owner and department. A customer that ships with the program (零售客户) is nobody's: what is sold to it is of who
    handles it, or else enters it: a salesman would not see his own retail."""
    if customer["is_system"] and not customer["owner"]:
        who = header.get("handler") or asking.me
        found = asking.look("employee", str(who)) if who else None
        return {name: found[key] if found else None for name, key in (("owner", "id"), ("department", "department"))}
    return {"owner": customer["owner"], "department": customer["department"]}
