"""Steps of the walk among product types, collections, pictures and documents, and where shoppers look around."""

from datetime import UTC, datetime, timedelta

from tests.walk.step import PAGES, Step, manual, picture, price, word

SEARCHES = ("?search=w", "?min_price=5", "?in_stock=true&ordering=-price")


def product_type(world, dice, thing):
    return {"title": word(dice)}


def learn_product_type(world, thing, answer):
    world.remember("product type", pk=answer["id"], product_type_id=answer["id"])
    for attribute in answer["attributes"]:
        world.remember("attribute", product_type_id=answer["id"], pk=attribute["id"])


def attribute(world, dice, thing):
    kind = dice.choice(["text", "number", "boolean", "choice", "color"])
    return {
        "code": word(dice),
        "title": word(dice),
        "kind": kind,
        "choices": ["red", "blue"] if kind in {"choice", "color"} else [],
        "is_of_variant": dice.random() < 0.5,
    }


def part_of_attribute(world, dice, thing):
    return dice.choice([{"title": word(dice)}, {"position": dice.randrange(9)}, {"choices": ["red", "green"]}])


def collection(world, dice, thing):
    rules = dice.choice([None, None, {"max_price": "5.00"}, {"in_stock": True}, {"colour": "red"}])
    return {"title": word(dice), "rules": rules, "is_active": dice.random() < 0.8}


def part_of_collection(world, dice, thing):
    return dice.choice([{"title": word(dice)}, {"is_active": True}, {"rules": {"min_price": "5.00"}}])


def learn_collection(world, thing, answer):
    world.remember("collection", pk=answer["id"])


def collected(world, dice, thing):
    return {"products": [world.some("product", dice)["product_id"] for _ in range(dice.randrange(3))]}


def pictures_elsewhere(world, dice, thing):
    # Nobody is asked: what is not a public address is refused when it is fetched.
    return {"urls": [f"http://127.0.0.1:9/{word(dice)}.png"]}


def learn_document(world, thing, answer):
    world.remember("document", product_id=thing["product_id"], pk=answer["id"])


def price_change(world, dice, thing):
    """Some of them fall due while the walk goes on."""
    starts_at = datetime.now(UTC) + timedelta(seconds=dice.choice([-60, 1, 2, 5, 3600]))
    ends_at = dice.choice([None, (starts_at + timedelta(seconds=dice.choice([1, 5, 60]))).isoformat()])
    told = dice.choice([{"price": price(dice)}, {"compare_at_price": price(dice)}, {"compare_at_price": None}])
    variant = world.some("variant", dice)["variant_id"]
    return {"variant": variant, "starts_at": starts_at.isoformat(), "ends_at": ends_at} | told


def price_changes(world, dice, thing):
    return {"changes": [price_change(world, dice, thing) for _ in range(dice.randrange(1, 4))]}


def part_of_price_change(world, dice, thing):
    return {"price": price(dice)}


def learn_price_change(world, thing, answer):
    for made in answer.get("results", [answer]):
        world.remember("price change", pk=made["id"])


CATALOG: dict[tuple[str, str], Step] = {
    ("get", "product-types/"): Step(0.5, queries=PAGES),
    ("post", "product-types/"): Step(0.5, body=product_type, learn=learn_product_type),
    ("get", "product-types/<pk>/"): Step(0.5, "product type"),
    ("put", "product-types/<pk>/"): Step(0.3, "product type", product_type),
    ("patch", "product-types/<pk>/"): Step(0.3, "product type", product_type),
    ("delete", "product-types/<pk>/"): Step(0.3, "product type"),
    ("post", "product-types/<product_type_id>/attributes/"): Step(1, "product type", attribute, learn_product_type),
    ("patch", "product-types/<product_type_id>/attributes/<pk>/"): Step(0.5, "attribute", part_of_attribute),
    ("delete", "product-types/<product_type_id>/attributes/<pk>/"): Step(0.3, "attribute"),
    ("get", "collections/"): Step(1, queries=PAGES),
    ("post", "collections/"): Step(1, body=collection, learn=learn_collection),
    ("get", "collections/<pk>/"): Step(1, "collection"),
    ("put", "collections/<pk>/"): Step(0.5, "collection", collection),
    ("patch", "collections/<pk>/"): Step(0.5, "collection", part_of_collection),
    ("delete", "collections/<pk>/"): Step(0.3, "collection"),
    ("put", "collections/<pk>/products/"): Step(2, "collection", collected),
    ("put", "collections/<pk>/image/"): Step(0.3, "collection", picture, upload="image"),
    ("delete", "collections/<pk>/image/"): Step(0.3, "collection"),
    ("put", "categories/<pk>/image/"): Step(0.3, "category", picture, upload="image"),
    ("delete", "categories/<pk>/image/"): Step(0.3, "category"),
    ("get", "price-changes/"): Step(0.5, queries=(*PAGES, "?state=planned", "?due_before=2030-01-01T00:00:00Z")),
    ("post", "price-changes/"): Step(3, body=price_change, learn=learn_price_change),
    ("post", "price-changes/batch/"): Step(1, body=price_changes, learn=learn_price_change),
    ("get", "price-changes/<pk>/"): Step(0.5, "price change"),
    ("patch", "price-changes/<pk>/"): Step(0.5, "price change", part_of_price_change),
    ("delete", "price-changes/<pk>/"): Step(0.5, "price change"),
    ("get", "products/<product_id>/related/"): Step(1, "product"),
    ("get", "products/<product_id>/image-requests/"): Step(0.3, "product"),
    ("post", "products/<product_id>/image-requests/"): Step(0.3, "product", pictures_elsewhere),
    ("get", "products/<product_id>/documents/"): Step(1, "product", queries=PAGES),
    ("get", "products/slug/<slug>/documents/"): Step(0.3, "product"),
    ("post", "products/<product_id>/documents/"): Step(
        0.5, "product", manual, learn_document, upload="file", fields={"title": "Manual"}
    ),
    ("delete", "products/<product_id>/documents/<pk>/"): Step(0.5, "document"),
    ("get", "products/facets/"): Step(1, queries=SEARCHES),
    ("get", "products/suggest/"): Step(1, queries=("?q=w", "?q=")),
}
