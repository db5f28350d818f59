"""Field types, one file per family; the same types stand in web_ui/src/fields."""

from .base import Column, Field, FieldError, Sql, Where, all_of, any_of
from .birthday import Birthday
from .boolean import Bool
from .choice import Enum
from .mirror import Mirror
from .moment import Date, DateTime
from .number import Int, Money, Price, Quantity, Rate
from .password import Password
from .reference import Dict, Ref, Refs
from .text import Email, LongText, Phone, Serial, Text, Url

__all__ = [
    "Birthday",
    "Bool",
    "Column",
    "Date",
    "DateTime",
    "Dict",
    "Email",
    "Enum",
    "Field",
    "FieldError",
    "Int",
    "LongText",
    "Mirror",
    "Money",
    "Password",
    "Phone",
    "Price",
    "Quantity",
    "Rate",
    "Ref",
    "Refs",
    "Serial",
    "Sql",
    "Text",
    "Url",
    "Where",
    "all_of",
    "any_of",
]
