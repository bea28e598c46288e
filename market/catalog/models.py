"""What is for sale: categories, products, their variants and images, and the row that lists read."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q

from core.models import TimeStampedModel
from market.catalog.querysets import ProductListingQuerySet

TITLE_LENGTH = 200


class Category(TimeStampedModel):
    """A shelf. Shelves form a tree by `parent`; `services.categories` refuses cycles."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    title = models.CharField(max_length=TITLE_LENGTH)
    slug = models.SlugField(max_length=TITLE_LENGTH, unique=True, db_collation="C")
    description = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "title", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="category_not_own_parent")]
        indexes = [models.Index(fields=["is_active", "position"], name="category_active_position")]

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

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "created_at"], name="product_status_created_at")]

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
    position = models.PositiveIntegerField(default=0)

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


class ProductImage(TimeStampedModel):
    """A picture of a product; at most one is the primary one."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    image = models.ImageField(upload_to="products/", max_length=500)
    alt = models.CharField(max_length=200, blank=True)
    is_primary = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["product"], name="product_one_primary_image", condition=Q(is_primary=True))
        ]

    def __str__(self) -> str:
        return self.alt or self.image.name


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
            GinIndex(fields=["search_vector"], name="listing_search"),
        ]
