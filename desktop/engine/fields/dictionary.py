"""dict: an entry of one list of the dictionary module 基本资料."""

from dataclasses import dataclass, field
from typing import ClassVar

from .ref import Ref


@dataclass(frozen=True, kw_only=True)
class Dict(Ref):
    """An entry of one list of the dictionary module 基本资料."""

    list: str = field(kw_only=False, default="")
    default_width: ClassVar[int] = 66

    def __post_init__(self) -> None:
        # Dict("级别", "customer_level"): the second argument names the list, the target is always the dictionary
        if not self.list:
            object.__setattr__(self, "list", self.target)
            object.__setattr__(self, "target", "dict_item")
            object.__setattr__(self, "where", {"list": self.list})
            object.__setattr__(self, "small", True)
