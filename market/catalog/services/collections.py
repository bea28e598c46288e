"""Products shown together: chosen by hand, or found by rules in the background."""

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.catalog import selectors, sql
from market.catalog.errors import CollectionHasRules, CollectionNotEmpty, CollectionNotFound
from market.catalog.models import (
    TITLE_LENGTH,
    Attribute,
    Category,
    Collection,
    CollectionItem,
    Product,
    ProductListing,
)
from market.catalog.rules import collection_conditions, free_slug, slug_of
from market.catalog.services.images import delete_stored_after_commit
from market.catalog.services.uniqueness import refusing_taken_values

COLLECTION_FIELDS = frozenset({"title", "slug", "description", "rules", "is_active", "position"})
NAMED_IN_REFUSAL = 10
# What changes without a write of a listing, such as its age, is found by going through all of them this often.
EVALUATED_EVERY = timedelta(hours=1)


@in_one_transaction
def create_collection(
    *,
    title: str,
    slug: str = "",
    description: str = "",
    rules: Mapping[str, Any] | None = None,
    is_active: bool = True,
    position: int = 0,
) -> Collection:
    """Add a collection; with rules (`rules.collection_conditions`) its products are found in the background.

    Without `slug` one is made from the title. Raises Invalid for a slug that is taken, and for rules that
    cannot be used or name what is not there.
    """
    wanted = slug_of(title, max_length=TITLE_LENGTH) or "collection"
    alike = Collection.objects.filter(slug__startswith=wanted[: TITLE_LENGTH - 8]).values_list("slug", flat=True)
    with refusing_taken_values({"slug": "slug"}):
        return Collection.objects.create(
            title=title,
            slug=slug or free_slug(wanted, taken=alike, max_length=TITLE_LENGTH),
            description=description,
            rules=_checked(rules),
            is_active=is_active,
            position=position,
        )


@in_one_transaction
def update_collection(*, collection_id: int, changes: Mapping[str, Any]) -> Collection:
    """Set some of title, slug, description, rules, is_active and position.

    Rules are looked up from the start, and held against what is there if they differ; without rules (None)
    what the collection holds is staff's from then on. Locks the collection. Raises CollectionNotFound, and
    Invalid as `create_collection`.
    """
    if unknown := changes.keys() - COLLECTION_FIELDS:
        raise TypeError(f"a collection has no {', '.join(sorted(unknown))} to change")
    collection = _held(collection_id=collection_id)
    for name, value in changes.items():
        if name != "rules":
            setattr(collection, name, value)
        elif value != collection.rules:
            collection.rules = _checked(value)
    if "rules" in changes:
        collection.evaluated_up_to, collection.evaluated_at = 0, None
    with refusing_taken_values({"slug": "slug"}):
        collection.save(update_fields=[*changes.keys(), "evaluated_up_to", "evaluated_at", "updated_at"])
    return collection


@in_one_transaction
def delete_collection(*, collection_id: int) -> None:
    """Delete an empty collection and, after the commit, its picture.

    Raises CollectionNotFound, and CollectionNotEmpty telling how many products it holds and naming some.
    """
    collection = _held(collection_id=collection_id)
    products = list(collection.products.order_by("pk").values("id", "title")[:NAMED_IN_REFUSAL])
    if products:
        count = collection.items.count()
        names = ", ".join(row["title"] for row in products)
        raise CollectionNotEmpty(
            f"The collection holds {count} products, such as: {names}.", extra={"count": count, "products": products}
        )
    delete_stored_after_commit([collection.image.name])
    collection.delete()


@in_one_transaction
def set_collected(*, collection_id: int, product_ids: Sequence[int]) -> None:
    """Make these the products of a collection that staff choose by hand. Four statements.

    Locks the collection. Raises CollectionNotFound, CollectionHasRules, and Invalid for an unknown product.
    """
    collection = _held(collection_id=collection_id)
    if collection.rules is not None:
        raise CollectionHasRules
    known = set(Product.objects.filter(pk__in=product_ids).values_list("pk", flat=True))
    errors = [
        FieldError(f"products.{place}", "unknown", "There is no such product.")
        for place, pk in enumerate(product_ids)
        if pk not in known
    ]
    if errors:
        raise Invalid("Some of the products are unknown.", errors=errors)
    collection.items.exclude(product_id__in=known).delete()
    _collect(collection, known)


@in_one_transaction
def evaluate_changed(*, limit: int) -> int:
    """Have every collection by rules look at up to `limit` products whose listings were written.

    Four statements per collection. Locks the collections, one after the other by id, so that no look
    overtakes a later one. Answers how many changes were taken; each is taken once, by whoever commits.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.TAKE_LISTING_CHANGES, {"limit": limit})
        product_ids = [product_id for (product_id,) in cursor.fetchall()]
    if product_ids:
        now = timezone.now()
        for collection in _by_rules().order_by("pk").select_for_update(no_key=True):
            _evaluate(collection, ProductListing.objects.filter(pk__in=product_ids), now=now)
    return len(product_ids)


@in_one_transaction
def evaluate_next_batch(*, limit: int) -> bool:
    """Take the look through all products, of the collection that waits longest, up to `limit` of them further.

    Six statements. Answers whether a collection was due: when its rules are new, or its last look is an
    hour old. Locks the collection.
    """
    now = timezone.now()
    due = Q(evaluated_up_to__gt=0) | Q(evaluated_at__isnull=True) | Q(evaluated_at__lt=now - EVALUATED_EVERY)
    unfinished_first = Case(When(evaluated_up_to__gt=0, then=0), default=1)
    waiting = _by_rules().filter(due).order_by(unfinished_first, F("evaluated_at").asc(nulls_first=True), "pk")
    collection = waiting.select_for_update(no_key=True, skip_locked=True).first()
    if collection is None:
        return False
    rest = ProductListing.objects.filter(pk__gt=collection.evaluated_up_to).order_by("pk")
    batch = list(rest.values_list("pk", flat=True)[:limit])
    if batch:
        scope = ProductListing.objects.filter(pk__gt=collection.evaluated_up_to, pk__lte=batch[-1])
        _evaluate(collection, scope, now=now)
        collection.evaluated_up_to = batch[-1]
    if len(batch) < limit:
        collection.evaluated_up_to, collection.evaluated_at = 0, now
    collection.save(update_fields=["evaluated_up_to", "evaluated_at"])
    return True


def evaluate_collections_by_category(*, renamed: tuple[str, str] | None = None) -> None:
    """Have collections whose rules name a category looked up from the start, in the background.

    Rules that name the first slug of `renamed` name the second one from now on. Two statements. Locks these
    collections by id.
    """
    concerned = _by_rules().filter(rules__has_key="category").order_by("pk").select_for_update(no_key=True)
    held = list(concerned.only("rules"))
    for collection in held:
        collection.evaluated_up_to, collection.evaluated_at = 0, None
        if renamed and collection.rules["category"] == renamed[0]:
            collection.rules["category"] = renamed[1]
    Collection.objects.bulk_update(held, ["rules", "evaluated_up_to", "evaluated_at"], batch_size=500)


def _evaluate(collection: Collection, scope: QuerySet[ProductListing], *, now: datetime) -> None:
    """Make the products of the scope those of the collection that meet its rules."""
    met = set(_meeting(scope, collection.rules, now=now).values_list("pk", flat=True))
    held = collection.items.filter(product_id__in=scope.order_by().values("pk"))
    there = set(held.values_list("product_id", flat=True))
    if gone := there - met:
        collection.items.filter(product_id__in=gone).delete()
    _collect(collection, met - there)


def _meeting(
    listings: QuerySet[ProductListing], conditions: Mapping[str, Any], *, now: datetime
) -> QuerySet[ProductListing]:
    listings = listings.listed().having(conditions.get("attributes", {}))
    lowest, highest = conditions.get("min_price"), conditions.get("max_price")
    listings = listings.priced(lowest=lowest and Decimal(lowest), highest=highest and Decimal(highest))
    if "category" in conditions:
        listings = listings.in_categories(selectors.category_subtree(slug=conditions["category"]))
    if "on_sale" in conditions:
        listings = listings.on_sale(conditions["on_sale"])
    if "newer_than_days" in conditions:
        listings = listings.filter(created_at__gt=now - timedelta(days=conditions["newer_than_days"]))
    columns = {"min_rating": "rating__gte", "featured": "is_featured", "in_stock": "in_stock"}
    return listings.filter(**{columns[name]: conditions[name] for name in columns.keys() & conditions.keys()})


def _collect(collection: Collection, product_ids: Some[int]) -> None:
    items = (CollectionItem(collection=collection, product_id=pk) for pk in sorted(product_ids))
    CollectionItem.objects.bulk_create(items, ignore_conflicts=True)


def _by_rules() -> QuerySet[Collection]:
    return Collection.objects.filter(rules__isnull=False)


def _checked(rules: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if rules is None:
        return None
    conditions, problems = collection_conditions(rules)
    if problems := problems or _unknown(conditions):
        raise Invalid("The rules of the collection cannot be used.", errors=problems)
    return conditions


def _unknown(conditions: Mapping[str, Any]) -> list[FieldError]:
    """What the conditions name that is not there now; what goes later is then met by nothing."""
    problems = []
    slug, codes = conditions.get("category"), conditions.get("attributes", {}).keys()
    if slug is not None and not Category.objects.filter(slug=slug).exists():
        problems.append(FieldError("rules.category", "unknown", "There is no such category."))
    known = set(Attribute.objects.filter(code__in=codes).values_list("code", flat=True)) if codes else set()
    problems += [
        FieldError(f"rules.attributes.{code}", "unknown", "There is no such attribute.")
        for code in codes
        if code not in known
    ]
    return problems


def _held(*, collection_id: int) -> Collection:
    collections = Collection.objects.filter(pk=collection_id)
    collection = (collections.select_for_update() if guard_enabled("collection_lock") else collections).first()
    if collection is None:
        raise CollectionNotFound
    return collection
