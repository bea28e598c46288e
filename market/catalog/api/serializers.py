"""The catalog's shapes on the wire: what may be written, and the schema of what is read.

Documents are built by `documents`; a test holds each against its serializer here.
"""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from market.catalog.models import TITLE_LENGTH, Category, ImageRequest, Product, ProductImage, Variant
from market.catalog.rules import MAX_POSITION, MAX_VARIANTS
from market.catalog.services import NewVariant

MAX_ID = 2**63 - 1
MAX_TEXT = 20_000
MAX_SEARCH = 100
MAX_WEIGHT_GRAMS = 100_000_000
MAX_ATTRIBUTES = 100
MAX_IMAGE_URLS = 20
LEFT_OUT = "True where one answer has no room for those below: read them by `/categories/{id}/` or with `flat=1`."
LOWEST = "Of a reduced price: the lowest one in the 30 days before it began, null if there was none."


def money(**options) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=10, decimal_places=2, **options)


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]},
        "example": {"color": "red", "height_cm": 9.5, "is_dishwasher_safe": True},
    }
)
class AttributeValuesField(serializers.DictField):
    """Values by the codes of the product type's attributes; the service knows their types."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        if len(values) > MAX_ATTRIBUTES:
            raise serializers.ValidationError(f"Give at most {MAX_ATTRIBUTES} attributes.", code="too_many")
        return values


class CategoryStepSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()


class PrimaryImageSerializer(serializers.Serializer):
    """The primary picture of a product."""

    url = serializers.CharField()
    thumbnail = serializers.CharField()
    alt = serializers.CharField(allow_blank=True)


class ImageSizeSerializer(serializers.Serializer):
    url = serializers.CharField()
    webp = serializers.CharField()


class ImageSizesSerializer(serializers.Serializer):
    """Within squares of 160, 320 and 960 pixels."""

    small = ImageSizeSerializer()
    thumbnail = ImageSizeSerializer()
    large = ImageSizeSerializer()


class ProductImageSerializer(PrimaryImageSerializer):
    """A picture of a product."""

    id = serializers.IntegerField()
    sizes = ImageSizesSerializer(allow_null=True, help_text="Null until they are drawn, a moment after the upload.")
    is_primary = serializers.BooleanField()
    position = serializers.IntegerField()


class VariantSerializer(serializers.Serializer):
    """What is put in a cart. Staff also see what it costs the shop, and inactive ones."""

    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    price = money()
    compare_at_price = money(allow_null=True)
    currency = serializers.CharField()
    lowest_price_30d = money(allow_null=True, help_text=LOWEST)
    attributes = AttributeValuesField()
    in_stock = serializers.BooleanField()
    available = serializers.IntegerField(max_value=20, help_text="Units for sale; 20 stands for 20 or more.")
    weight_grams = serializers.IntegerField()
    cost = money(allow_null=True, required=False, help_text="For staff only.")
    is_active = serializers.BooleanField(required=False, help_text="For staff only.")
    position = serializers.IntegerField(required=False, help_text="For staff only.")
    as_of = serializers.DateTimeField(required=False, help_text="The moment whose price this is, when one was asked.")
    price_basis = serializers.ChoiceField(
        ["present", "past", "planned"], required=False, help_text="With `as_of`: where the price is from."
    )
    price_is_known = serializers.BooleanField(
        required=False, help_text="With `as_of`: false when nothing is recorded so far back; the earliest is told."
    )
    price_known_since = serializers.DateTimeField(allow_null=True, required=False, help_text="With `as_of`.")


class HighlightSerializer(serializers.Serializer):
    """HTML: what was searched stands in `<mark>`, everything else is escaped."""

    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True, help_text="The part around the first hit; empty without one.")


class ProductRowSerializer(serializers.Serializer):
    """A product in a list. `price` is the lowest of its variants, available ones first."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    price = money(allow_null=True, help_text="Null for staff alone, before there is a variant.")
    compare_at_price = money(allow_null=True)
    currency = serializers.CharField()
    on_sale = serializers.BooleanField()
    in_stock = serializers.BooleanField()
    rating = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True)
    review_count = serializers.IntegerField()
    category = CategoryStepSerializer(allow_null=True)
    image = PrimaryImageSerializer(allow_null=True)
    image_url = serializers.CharField(allow_null=True)
    default_variant = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    highlight = HighlightSerializer(required=False, help_text="In searches only.")
    status = serializers.ChoiceField(Product.Status.choices, required=False, help_text="For staff only.")


class CategoryFacetSerializer(CategoryStepSerializer):
    count = serializers.IntegerField()


class AttributeValueFacetSerializer(serializers.Serializer):
    value = serializers.CharField()
    count = serializers.IntegerField()


class AttributeFacetSerializer(serializers.Serializer):
    code = serializers.CharField()
    values = AttributeValueFacetSerializer(many=True)


class PriceFacetSerializer(serializers.Serializer):
    min_price = money()
    max_price = money(allow_null=True)
    count = serializers.IntegerField()


class RatingFacetSerializer(serializers.Serializer):
    min_rating = serializers.IntegerField()
    count = serializers.IntegerField()


class AvailabilityFacetSerializer(serializers.Serializer):
    in_stock = serializers.BooleanField()
    count = serializers.IntegerField()


class FacetsSerializer(serializers.Serializer):
    """What a list can be narrowed by, and the count that it would then have. Categories are those of the next level."""

    count = serializers.IntegerField()
    count_is_exact = serializers.BooleanField(help_text="False for lists too long to be counted at once.")
    currency = serializers.CharField()
    categories = CategoryFacetSerializer(many=True)
    attributes = AttributeFacetSerializer(many=True)
    prices = PriceFacetSerializer(many=True)
    ratings = RatingFacetSerializer(many=True)
    availability = AvailabilityFacetSerializer(many=True)


class SuggestSerializer(serializers.Serializer):
    """What somebody has typed so far."""

    q = serializers.CharField(max_length=MAX_SEARCH, allow_blank=True, help_text="The last word may be unfinished.")


class SuggestionSerializer(CategoryStepSerializer):
    highlight = serializers.CharField(help_text="The title as HTML with what was typed in `<mark>`.")


class SuggestionsSerializer(serializers.Serializer):
    """At most ten products with different titles."""

    results = SuggestionSerializer(many=True)


class ProductSerializer(ProductRowSerializer):
    """A product with all that its page shows. Staff also see drafts, with `price` null before a variant."""

    description = serializers.CharField(allow_blank=True)
    featured = serializers.BooleanField()
    lowest_price_30d = money(allow_null=True, help_text=LOWEST)
    attributes = AttributeValuesField()
    variants = VariantSerializer(many=True)
    images = ProductImageSerializer(many=True)
    collections = CategoryStepSerializer(many=True)
    breadcrumbs = CategoryStepSerializer(many=True, help_text="From the root to the product's category.")
    updated_at = serializers.DateTimeField()
    product_type = serializers.IntegerField(allow_null=True, required=False, help_text="For staff only.")
    tax_class = serializers.CharField(required=False, help_text="For staff only.")
    as_of = serializers.DateTimeField(
        required=False, help_text="The moment whose prices these are, when one was asked."
    )
    prices_are_known = serializers.BooleanField(required=False, help_text="With `as_of`: of every variant.")


class VariantWriteSerializer(serializers.Serializer):
    """A variant as staff write it."""

    sku = serializers.CharField(max_length=Variant._meta.get_field("sku").max_length)
    title = serializers.CharField(max_length=TITLE_LENGTH, allow_blank=True, required=False)
    price = money(min_value=Decimal(0))
    compare_at_price = money(min_value=Decimal(0), allow_null=True, required=False)
    cost = money(min_value=Decimal(0), allow_null=True, required=False)
    weight_grams = serializers.IntegerField(min_value=0, max_value=MAX_WEIGHT_GRAMS, required=False)
    is_active = serializers.BooleanField(required=False)
    attributes = AttributeValuesField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=MAX_POSITION, required=False)


class ProductWriteSerializer(serializers.Serializer):
    """A product as staff change it. Without `slug` one is made from the title."""

    title = serializers.CharField(max_length=TITLE_LENGTH)
    slug = serializers.SlugField(max_length=Product._meta.get_field("slug").max_length, required=False)
    description = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, required=False)
    status = serializers.ChoiceField(Product.Status.choices, required=False)
    category = serializers.IntegerField(
        source="category_id", min_value=1, max_value=MAX_ID, allow_null=True, required=False
    )
    product_type = serializers.IntegerField(
        source="product_type_id", min_value=1, max_value=MAX_ID, allow_null=True, required=False
    )
    attributes = AttributeValuesField(required=False)
    featured = serializers.BooleanField(source="is_featured", required=False)
    tax_class = serializers.CharField(max_length=Product._meta.get_field("tax_class").max_length, required=False)


class ProductCreateSerializer(ProductWriteSerializer):
    """A new product with its variants; without any it is not listed yet."""

    variants = VariantWriteSerializer(many=True, required=False, max_length=MAX_VARIANTS)

    def validate_variants(self, variants: list[dict]) -> list[NewVariant]:
        return [NewVariant(**variant) for variant in variants]


class ImageUploadSerializer(serializers.Serializer):
    """A picture as staff upload it: JPEG, PNG or WebP."""

    image = serializers.FileField()
    alt = serializers.CharField(max_length=ProductImage._meta.get_field("alt").max_length, required=False)
    is_primary = serializers.BooleanField(required=False)


class ImageWriteSerializer(serializers.Serializer):
    """What staff may change of a picture."""

    alt = serializers.CharField(
        max_length=ProductImage._meta.get_field("alt").max_length, allow_blank=True, required=False
    )
    is_primary = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=MAX_POSITION, required=False)


class ProductDocumentSerializer(serializers.Serializer):
    """A document of a product, such as its manual: a PDF to be downloaded."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()
    size_bytes = serializers.IntegerField()
    position = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class DocumentUploadSerializer(serializers.Serializer):
    """A document as staff upload it: a PDF."""

    file = serializers.FileField()
    title = serializers.CharField(max_length=TITLE_LENGTH)
    position = serializers.IntegerField(
        min_value=0, max_value=MAX_POSITION, required=False, help_text="Behind the others if it is not told."
    )


class ShelfImageSerializer(serializers.Serializer):
    """A picture as staff upload it: JPEG, PNG or WebP."""

    image = serializers.FileField()


class ImageRequestWriteSerializer(serializers.Serializer):
    """Pictures that lie elsewhere."""

    urls = serializers.ListField(
        child=serializers.URLField(max_length=2000), allow_empty=False, max_length=MAX_IMAGE_URLS
    )
    alt = serializers.CharField(max_length=ProductImage._meta.get_field("alt").max_length, required=False)


class ImageRequestSerializer(serializers.Serializer):
    """A picture that is fetched in the background."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    alt = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(ImageRequest.State.choices)
    attempts = serializers.IntegerField()
    last_error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class CategorySerializer(serializers.Serializer):
    """A category; `children` are given in the tree only."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    parent = serializers.IntegerField(allow_null=True)
    image = PrimaryImageSerializer(allow_null=True)
    image_url = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()
    position = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    children = serializers.ListField(child=serializers.DictField(), required=False, help_text="Categories below.")
    children_left_out = serializers.BooleanField(required=False, help_text=LEFT_OUT)


class CategoryDetailSerializer(CategorySerializer):
    """A category by itself, and how many products are on sale in it and below it, 10,000 at most."""

    breadcrumbs = CategoryStepSerializer(many=True, help_text="From the root to this category.")
    product_count = serializers.IntegerField()


class CategoryWriteSerializer(serializers.Serializer):
    """A category as staff write it. Without `slug` one is made from the title."""

    title = serializers.CharField(max_length=TITLE_LENGTH)
    slug = serializers.SlugField(max_length=Category._meta.get_field("slug").max_length, required=False)
    description = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, required=False)
    parent = serializers.IntegerField(
        source="parent_id", min_value=1, max_value=MAX_ID, allow_null=True, required=False
    )
    is_active = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=MAX_POSITION, required=False)
