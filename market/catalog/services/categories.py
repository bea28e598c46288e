"""The shelves and how they lie in each other."""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.catalog.errors import CategoryCycle, CategoryNotEmpty, CategoryNotFound
from market.catalog.models import TITLE_LENGTH, Category
from market.catalog.rules import MAX_CATEGORIES, MAX_CATEGORY_LEVELS, branch_levels, category_level, free_slug, slug_of
from market.catalog.services.collections import evaluate_collections_by_category
from market.catalog.services.images import delete_stored_after_commit
from market.catalog.services.uniqueness import refusing_taken_values

CATEGORY_FIELDS = frozenset({"title", "slug", "description", "parent_id", "is_active", "position"})
# Two moves at once could make a cycle, or go too deep, of which neither sees the other's half.
TREE_LOCK = 7_310_001
NAMED_IN_REFUSAL = 10


@in_one_transaction
def create_category(
    *,
    title: str,
    slug: str = "",
    parent_id: int | None = None,
    description: str = "",
    is_active: bool = True,
    position: int = 0,
) -> Category:
    """Add a category. Without `slug` one is made from the title.

    Raises Invalid for a slug that is taken, for a parent that is unknown or lies too deep, and for one more
    than `MAX_CATEGORIES`.
    """
    hold_tree()
    if Category.objects.count() >= MAX_CATEGORIES:
        raise too_many_categories("title")
    if parent_id is not None:
        require_room(levels=1, parent_id=parent_id, parents=_known_parents(parent_id))
    with refusing_taken_values({"slug": "slug"}):
        return Category.objects.create(
            title=title,
            slug=slug or _slug_for(title),
            parent_id=parent_id,
            description=description,
            is_active=is_active,
            position=position,
        )


@in_one_transaction
def update_category(*, category_id: int, changes: Mapping[str, Any]) -> Category:
    """Set some of title, slug, description, parent_id, is_active and position.

    Moves in the tree happen one at a time; products stay as they are. Collections whose rules name a
    category are looked up anew, as others may lie below it now, and follow it to another slug.
    Raises CategoryNotFound, CategoryCycle for a parent that is the category or lies below it, and Invalid as
    `create_category`.
    """
    if unknown := changes.keys() - CATEGORY_FIELDS:
        raise TypeError(f"a category has no {', '.join(sorted(unknown))} to change")
    if changes.get("parent_id") is not None:
        hold_tree()
    category = _held_category(category_id=category_id)
    if changes.get("parent_id") not in {None, category.parent_id}:
        _refuse_place(category_id=category_id, parent_id=changes["parent_id"])
    place, slug = _place(category), category.slug
    for name, value in changes.items():
        setattr(category, name, value)
    with refusing_taken_values({"slug": "slug"}):
        category.save(update_fields=[*changes.keys(), "updated_at"])
    if _place(category) != place:
        evaluate_collections_by_category(renamed=(slug, category.slug) if category.slug != slug else None)
    return category


@in_one_transaction
def delete_category(*, category_id: int) -> None:
    """Delete an empty category.

    Raises CategoryNotFound, and CategoryNotEmpty naming up to ten of the children and products in it.
    """
    category = Category.objects.select_for_update().filter(pk=category_id).first()
    if category is None:
        raise CategoryNotFound
    children = list(category.children.order_by("pk").values("id", "title")[:NAMED_IN_REFUSAL])
    products = list(category.products.order_by("pk").values("id", "title")[:NAMED_IN_REFUSAL])
    if children or products:
        names = ", ".join(row["title"] for row in children + products)
        raise CategoryNotEmpty(
            f"The category is not empty. It holds: {names}.", extra={"children": children, "products": products}
        )
    delete_stored_after_commit([category.image.name])
    category.delete()


def _place(category: Category) -> tuple[Any, ...]:
    """Where in the tree the category stands, for whom and by which name."""
    return category.parent_id, category.slug, category.is_active


def _held_category(*, category_id: int) -> Category:
    category = Category.objects.select_for_update(no_key=True).filter(pk=category_id).first()
    if category is None:
        raise CategoryNotFound
    return category


def hold_tree() -> None:
    """Wait for whoever makes the tree of categories deeper, and have the next one wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


def too_many_categories(field: str) -> Invalid:
    """The refusal of one more category than a shop has, told at what would make it."""
    message = f"A shop has at most {MAX_CATEGORIES} categories."
    return Invalid(message, errors=[FieldError(field, "too_many", message)])


def require_room(*, levels: int, parent_id: int | None, parents: Mapping[int, int | None]) -> None:
    """Raises Invalid when so many levels do not fit below the parent; the caller holds the tree."""
    lowest = category_level(parent_id, parents=parents) + levels
    if lowest > MAX_CATEGORY_LEVELS:
        message = f"Categories lie at most {MAX_CATEGORY_LEVELS} levels deep; below this parent it would be {lowest}."
        raise Invalid(message, errors=[FieldError("parent", "too_deep", message)])


def _refuse_place(*, category_id: int, parent_id: int) -> None:
    parents = _known_parents(parent_id)
    above: int | None = parent_id
    while above is not None:
        if above == category_id:
            raise CategoryCycle
        above = parents[above]
    require_room(levels=branch_levels(category_id, parents=parents), parent_id=parent_id, parents=parents)


def _known_parents(parent_id: int) -> dict[int, int | None]:
    parents = dict(Category.objects.order_by().values_list("pk", "parent_id"))
    if parent_id not in parents:
        message = "There is no such category."
        raise Invalid(message, errors=[FieldError("parent", "unknown", message)])
    return parents


def _slug_for(title: str) -> str:
    wanted = slug_of(title, max_length=TITLE_LENGTH) or "category"
    alike = Category.objects.filter(slug__startswith=wanted[: TITLE_LENGTH - 8])
    return free_slug(wanted, taken=alike.values_list("slug", flat=True), max_length=TITLE_LENGTH)
