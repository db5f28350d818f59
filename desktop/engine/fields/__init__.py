"""Field types, one file each; the same types stand in web_ui/src/fields."""

from .barcode import Barcode
from .base import Cell, Column, Field, FieldError, Signs, Sql, Unknown, Where, all_of, any_of
from .beside import PriceBeside
from .birthday import Birthday
from .boolean import Bool
from .child import OfFirstChild
from .date import Date
from .dictionary import Dict
from .email import Email
from .enumeration import Enum
from .instant import DateTime
from .integer import Int
from .lapsed import Lapsed as Lapsed
from .limits import Bounded, Bounds, LimitOf, WithinLimits
from .longtext import LongText
from .mirror import Mirror
from .money import Money
from .password import Password
from .phone import Phone
from .price import Price
from .quantity import Quantity
from .rate import Rate
from .ref import Ref
from .refs import Refs
from .running import NewestDay, PricePooled, RateAgainst, Running, RunningMoney, RunningQuantity
from .serial import Serial
from .tally import MoneyOf, NewestPrice, PriceOf, QuantityOf, TallyOf
from .text import Text
from .through import TextThrough
from .unstored import Unstored
from .url import Url
from .words import Words

__all__ = [
    "Barcode",
    "Birthday",
    "Bool",
    "Bounded",
    "Bounds",
    "Cell",
    "Column",
    "Date",
    "DateTime",
    "Dict",
    "Email",
    "Enum",
    "Field",
    "FieldError",
    "Int",
    "LimitOf",
    "LongText",
    "Mirror",
    "Money",
    "MoneyOf",
    "NewestDay",
    "NewestPrice",
    "OfFirstChild",
    "Password",
    "Phone",
    "Price",
    "PriceBeside",
    "PriceOf",
    "PricePooled",
    "Quantity",
    "QuantityOf",
    "Rate",
    "RateAgainst",
    "Ref",
    "Refs",
    "Running",
    "RunningMoney",
    "RunningQuantity",
    "Serial",
    "Signs",
    "Sql",
    "TallyOf",
    "Text",
    "TextThrough",
    "Unknown",
    "Unstored",
    "Url",
    "Where",
    "WithinLimits",
    "Words",
    "all_of",
    "any_of",
]
