"""Inputs of quotes as JSON: kept with each order, so that it can be priced again.

A value that is its field's default is not written, so that documents stay small and those of the first
version of the engine, which knew fewer fields, are read as they were meant.
"""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any

from market.pricing.rules.inputs import QuoteInput
from market.pricing.rules.promotions import PromotionInput

DOCUMENT = "document"
# Exact arithmetic writes all of them out: of a billion it would not come to an end.
MOST_PLACES = 100
COLUMNS = frozenset({"id", "version", "label"})


def input_to_json(quote_input: QuoteInput) -> dict[str, Any]:
    """The input as JSON, amounts and times as strings; `input_from_json` gives the equal input back."""
    return _document(quote_input)


def input_from_json(document: Mapping[str, Any]) -> QuoteInput:
    """The input that `input_to_json` wrote, also after a trip through the database, also one of version 1.

    Raises ValueError naming the place of what it cannot read.
    """
    return _read_object(QuoteInput, document, at="input")


def promotion_to_json(promotion: PromotionInput) -> dict[str, Any]:
    """What a promotion says, as its row keeps it: without the number, version and label, which are columns."""
    return {name: value for name, value in _document(promotion).items() if name not in COLUMNS}


def promotion_from_json(document: Mapping[str, Any], *, id: int, version: int, label: str) -> PromotionInput:
    """The promotion that `promotion_to_json` wrote. Raises ValueError naming the place of what it cannot read."""
    if columns := sorted(COLUMNS & document.keys()):
        raise ValueError(f"rules.{columns[0]}: no such field")
    columns = {"id": id, "version": version, "label": label}
    return _read_object(PromotionInput, {**document, **columns}, at="rules")


def _document(value: Any) -> Any:
    if isinstance(value, PromotionInput):
        if DOCUMENT not in value.memo:
            value.memo[DOCUMENT] = _object_document(value)
        return value.memo[DOCUMENT]
    if is_dataclass(value):
        return _object_document(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_document(part) for part in value]
    return value


def _object_document(value: Any) -> dict[str, Any]:
    return {
        name: _document(given)
        for name, default in _defaults(type(value)).items()
        if (given := getattr(value, name)) != default
    }


@cache
def _defaults(kind: type) -> dict[str, Any]:
    """What each field need not be written as."""
    return {
        part.name: part.default if part.default_factory is MISSING else part.default_factory() for part in fields(kind)
    }


def _read_object(kind: type, document: Any, *, at: str) -> Any:
    if not isinstance(document, Mapping):
        raise ValueError(f"{at}: not an object")
    readers = _readers(kind)
    unknown = sorted(set(document) - set(readers))
    if unknown:
        raise ValueError(f"{at}.{unknown[0]}: no such field")
    try:
        return kind(**{name: readers[name](value, f"{at}.{name}") for name, value in document.items()})
    except TypeError as error:
        raise ValueError(f"{at}: {error}") from None


@cache
def _readers(kind: type) -> dict[str, Callable[[Any, str], Any]]:
    """How each field of the dataclass is read."""
    hints = typing.get_type_hints(kind)
    return {part.name: _reader(hints[part.name]) for part in fields(kind)}


def _reader(hint: Any) -> Callable[[Any, str], Any]:
    if isinstance(hint, types.UnionType):
        (known,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        read = _reader(known)
        return lambda value, at: None if value is None else read(value, at)
    if typing.get_origin(hint) is tuple:
        read = _reader(typing.get_args(hint)[0])
        return lambda value, at: _read_tuple(value, at, read)
    if is_dataclass(hint):
        return lambda value, at: _read_object(hint, value, at=at)
    if hint is Decimal:
        return _read_decimal
    if hint is datetime:
        return lambda value, at: _read_text(datetime.fromisoformat, value, at)
    if issubclass(hint, Enum):
        return lambda value, at: _read_text(hint, value, at)
    return lambda value, at: _read_plain(hint, value, at)


def _read_tuple(value: Any, at: str, read: Callable[[Any, str], Any]) -> tuple:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"{at}: not a list")
    return tuple(read(part, f"{at}.{index}") for index, part in enumerate(value))


def _read_decimal(value: Any, at: str) -> Decimal:
    if not isinstance(value, str):
        raise ValueError(f"{at}: a number is not a string")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{at}: {value!r} is no number") from None
    if number.is_finite() and abs(number.as_tuple().exponent) > MOST_PLACES:
        raise ValueError(f"{at}: {value!r} has too many places")
    return number


def _read_text(make: Callable[[str], Any], value: Any, at: str) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"{at}: not a string")
    try:
        return make(value)
    except ValueError as error:
        raise ValueError(f"{at}: {error}") from None


def _read_plain(hint: type, value: Any, at: str) -> Any:
    if type(value) is not hint:
        raise ValueError(f"{at}: not of type {hint.__name__}")
    return value
