"""What is for sale: categories, products, their variants, images and documents, and the row that lists read."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from core.models import TimeStampedModel
from market.catalog.querysets import RATING_OR_ZERO, ProductListingQuerySet, VariantQuerySet
from market.taxes.rules import STANDARD_CLASS, TAX_CLASS_LENGTH

TITLE_LENGTH = 200
NO_VALUES = Value({}, output_field=models.JSONField())
NO_NAMES = Value([], output_field=ArrayField(models.TextField()))


class Category(TimeStampedModel):
    """A shelf. Shelves form a tree by `parent`; `services.categories` refuses cycles."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    title = models.CharField(max_length=TITLE_LENGTH)
    slug = models.SlugField(max_length=TITLE_LENGTH, unique=True, db_collation="C")
    description = models.TextField(blank=True)
    image = models.ImageField(upload_to="categories/", max_length=500, blank=True, db_default="")
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "title", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="category_not_own_parent")]
        indexes = [models.Index(fields=["is_active", "position"], name="category_active_position")]

    def __str__(self) -> str:
        return self.title


class ProductType(TimeStampedModel):
    """What kind of thing a product is: it says which attributes the product and its variants have."""

    title = models.CharField(max_length=TITLE_LENGTH)
    slug = models.SlugField(max_length=TITLE_LENGTH, unique=True, db_collation="C")

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title


class Attribute(TimeStampedModel):
    """One property that the products of a type tell, or their variants.

    Stored values are read by `code`, `kind`, `is_of_variant` and `is_filterable`, so these are set once.
    """

    class Kind(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        BOOLEAN = "boolean"
        CHOICE = "choice"
        COLOR = "color"

    product_type = models.ForeignKey(ProductType, models.CASCADE, related_name="attributes")
    code = models.CharField(max_length=50, db_collation="C", help_text="Lower-case letters, digits and underscores")
    title = models.CharField(max_length=TITLE_LENGTH)
    kind = models.CharField(max_length=16, choices=Kind)
    choices = ArrayField(models.CharField(max_length=100), default=list, blank=True, help_text="Of choice and color")
    swatches = models.JSONField(default=dict, blank=True, help_text="What a color looks like: its name, #rrggbb")
    is_of_variant = models.BooleanField(default=False, help_text="Told by each variant, not by the product")
    is_filterable = models.BooleanField(default=True, help_text="Lists can be narrowed by it")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["product_type", "code"], name="attribute_code_of_type"),
            models.CheckConstraint(condition=Q(code__regex=r"^[a-z][a-z0-9_]*$"), name="attribute_code_is_plain"),
        ]

    def __str__(self) -> str:
        return self.title


class Product(TimeStampedModel):
    """A thing for sale in one or more variants. Once ordered it is archived, never deleted."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        ARCHIVED = "archived"

    title = models.CharField(max_length=TITLE_LENGTH)
    slug = models.SlugField(max_length=220, unique=True, db_collation="C")
    description = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    product_type = models.ForeignKey(
        ProductType, models.PROTECT, null=True, blank=True, related_name="products", db_index=False
    )
    attributes = models.JSONField(default=dict, blank=True, db_default=NO_VALUES)
    is_featured = models.BooleanField(default=False, db_default=False)
    tax_class = models.CharField(
        max_length=TAX_CLASS_LENGTH,
        default=STANDARD_CLASS,
        db_default=STANDARD_CLASS,
        help_text="A class that some tax rate has, else the standard rate is due.",
    )

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["status", "created_at"], name="product_status_created_at"),
            models.Index(fields=["product_type"], name="product_type", condition=Q(product_type__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class Variant(TimeStampedModel):
    """What a buyer puts in the cart: one SKU at one price.

    `in_stock` is a copy that inventory keeps: it turns only when availability crosses zero.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=64, unique=True, db_collation="C")
    title = models.CharField(max_length=TITLE_LENGTH, blank=True, help_text="What sets it apart; empty if nothing does")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    compare_at_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    weight_grams = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    in_stock = models.BooleanField(default=False, editable=False)
    attributes = models.JSONField(default=dict, blank=True, db_default=NO_VALUES)
    position = models.PositiveIntegerField(default=0)
    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="variant_price_gte_0",
                violation_error_message="The price cannot be below zero.",
            ),
            models.CheckConstraint(
                condition=Q(compare_at_price__isnull=True) | Q(compare_at_price__gte=F("price")),
                name="variant_compare_at_gte_price",
                violation_error_message="The price to compare with cannot be below the price.",
            ),
            models.CheckConstraint(
                condition=Q(cost__isnull=True) | Q(cost__gte=0),
                name="variant_cost_gte_0",
                violation_error_message="The cost cannot be below zero.",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def is_for_sale(self) -> bool:
        """Whether it may be bought: `VariantQuerySet.for_sale` for one whose product is loaded."""
        return self.is_active and self.product.status == Product.Status.ACTIVE


class ProductImage(TimeStampedModel):
    """A picture of a product; at most one is the primary one.

    Its smaller sizes and their WebP forms are drawn in the background: `rendered_at` says since when they
    are there. After a few `render_attempts` a picture stays without them.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    image = models.ImageField(upload_to="products/", max_length=500)
    alt = models.CharField(max_length=200, blank=True)
    is_primary = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    rendered_at = models.DateTimeField(null=True, editable=False)
    render_attempts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["product"], name="product_one_primary_image", condition=Q(is_primary=True))
        ]
        indexes = [models.Index(fields=["id"], name="image_to_render", condition=Q(rendered_at__isnull=True))]

    def __str__(self) -> str:
        return self.alt or self.image.name


class ProductDocument(TimeStampedModel):
    """A document of a product, such as its manual: a PDF, kept and given back as it came."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="documents", db_constraint=False)
    title = models.CharField(max_length=TITLE_LENGTH)
    file = models.FileField(upload_to="documents/", max_length=500)
    size_bytes = models.PositiveBigIntegerField(editable=False)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title


class ImageRequest(TimeStampedModel):
    """A picture of a product that lies elsewhere and is fetched in the background, once per address."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    product = models.ForeignKey(Product, models.CASCADE, related_name="image_requests", db_constraint=False)
    url = models.URLField(max_length=2000)
    alt = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "url"], name="image_url_once_per_product")]
        indexes = [models.Index(fields=["due_at"], name="image_request_due", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return self.url


class PastPrice(models.Model):
    """A price that a variant had until `ended_at`: of these the lowest is told beside a reduced price.

    Kept are those of the 30 days before the present price began.
    """

    variant = models.ForeignKey(
        Variant, models.CASCADE, related_name="past_prices", db_index=False, db_constraint=False
    )
    price = models.DecimalField(max_digits=10, decimal_places=2)
    ended_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["variant", "ended_at"], name="past_price_of_variant")]

    def __str__(self) -> str:
        return f"{self.price} until {self.ended_at}"


class Collection(TimeStampedModel):
    """Products shown together: chosen by staff, or those that meet `rules`, looked up again in the background.

    Such a look goes through the products in batches: `evaluated_up_to` is how far it has come, and
    `evaluated_at` when the last one was through, null when one is wanted at once.
    """

    title = models.CharField(max_length=TITLE_LENGTH)
    slug = models.SlugField(max_length=TITLE_LENGTH, unique=True, db_collation="C")
    description = models.TextField(blank=True)
    image = models.ImageField(upload_to="collections/", max_length=500, blank=True, db_default="")
    rules = models.JSONField(null=True, blank=True, help_text="Null in a collection that staff choose by hand")
    evaluated_up_to = models.BigIntegerField(default=0, db_default=0, editable=False)
    evaluated_at = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    products = models.ManyToManyField(Product, through="CollectionItem", related_name="collections")

    class Meta:
        ordering = ["position", "title", "pk"]
        indexes = [models.Index(fields=["is_active", "position"], name="collection_active_position")]

    def __str__(self) -> str:
        return self.title


class CollectionItem(models.Model):
    """A product in a collection."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="items", db_index=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="collection_items", db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "product"], name="collection_product_once")]

    def __str__(self) -> str:
        return f"{self.product_id} in {self.collection_id}"


class ListingChange(models.Model):
    """Written with a listing: collections by rules look at this product again. A row goes when they have."""

    product_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.product_id)


class ProductListing(models.Model):
    """The narrow row that lists filter, sort and search by; one per product that has a variant.

    Written by `services.listings` in the transaction that changes what it is computed from, and
    only when its value changes. `price` is the lowest of the active variants, available ones
    first. `is_listed` is false for drafts, archived products and products without active variant.
    """

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="listing")
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+", db_index=False)
    default_variant = models.ForeignKey(Variant, models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=TITLE_LENGTH, db_collation="C")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    compare_at_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    is_listed = models.BooleanField()
    in_stock = models.BooleanField()
    is_featured = models.BooleanField(default=False, db_default=False)
    attribute_tokens = ArrayField(
        models.TextField(), default=list, db_default=NO_NAMES, help_text="code=value of the product and active variants"
    )
    rating = models.DecimalField(max_digits=3, decimal_places=2, null=True)
    review_count = models.PositiveIntegerField(default=0)
    popularity = models.PositiveIntegerField(default=0)
    search_text = models.TextField(help_text="Lower-case words and SKUs, letters and digits only")
    search_vector = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"), output_field=SearchVectorField(), db_persist=True
    )
    created_at = models.DateTimeField()
    objects = ProductListingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["category", "price", "product"], name="listing_category_price", condition=Q(is_listed=True)
            ),
            models.Index(
                fields=["category", "-created_at", "-product"],
                name="listing_category_created",
                condition=Q(is_listed=True),
            ),
            models.Index(
                fields=["category", "title", "product"], name="listing_category_title", condition=Q(is_listed=True)
            ),
            models.Index(
                fields=["category", "popularity", "product"],
                name="listing_category_popularity",
                condition=Q(is_listed=True),
            ),
            models.Index(fields=["price", "product"], name="listing_price", condition=Q(is_listed=True)),
            models.Index(fields=["created_at", "product"], name="listing_created_at", condition=Q(is_listed=True)),
            models.Index(fields=["title", "product"], name="listing_title", condition=Q(is_listed=True)),
            models.Index(fields=["popularity", "product"], name="listing_popularity", condition=Q(is_listed=True)),
            models.Index(RATING_OR_ZERO, "product", name="listing_rating", condition=Q(is_listed=True)),
            models.Index(
                "category", RATING_OR_ZERO, "product", name="listing_category_rating", condition=Q(is_listed=True)
            ),
            models.Index(fields=["product"], name="listing_featured", condition=Q(is_listed=True, is_featured=True)),
            GinIndex(fields=["attribute_tokens"], name="listing_attribute_tokens"),
            GinIndex(fields=["search_vector"], name="listing_search"),
        ]
