"""Carts and explanations of another moment, for staff."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from market.carts.api.documents import cart_document as document_of_now
from market.carts.api.documents import explanation_document as explanation_of_now
from market.carts.api.serializers import CartSerializer, ExplanationSerializer
from market.carts.selectors import DatedCart

PERMISSIONS = ("catalog.view_variant", "pricing.view_promotion")
# With it also the carts that answer to their customers alone.
OF_CUSTOMERS = "carts.view_cart"


class GapSerializer(serializers.Serializer):
    """What is not recorded of that moment; the first that is known was taken in its place."""

    what = serializers.ChoiceField(["price", "promotion"])
    id = serializers.IntegerField(help_text="Of the variant, or of the promotion.")
    known_since = serializers.DateTimeField()


class ReadCartSerializer(CartSerializer):
    """A cart with prices, stock, shipping and tax as of now; for staff with the prices of another moment."""

    as_of = serializers.DateTimeField(
        required=False, help_text="The moment whose prices these are, when one was asked."
    )
    gaps = GapSerializer(many=True, required=False, help_text="With `as_of`: empty when all is known.")


class ReadExplanationSerializer(ExplanationSerializer):
    """What was considered, in order."""

    as_of = serializers.DateTimeField(required=False)
    gaps = GapSerializer(many=True, required=False)


def cart_document(dated: DatedCart) -> dict[str, Any]:
    """The cart in the shape of `ReadCartSerializer`."""
    return document_of_now(dated.cart) | _of_moment(dated)


def explanation_document(dated: DatedCart) -> dict[str, Any]:
    """Why it costs what it costs then; staff are told of every promotion."""
    return explanation_of_now(dated.cart, for_staff=True) | _of_moment(dated)


def _of_moment(dated: DatedCart) -> dict[str, Any]:
    return {"as_of": dated.moment, "gaps": [asdict(gap) for gap in dated.gaps]}
