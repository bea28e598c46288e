"""Steps of the walk among promotions: what staff give and take away while others buy."""

from tests.walk.step import PAGES, Step, price, word


def promotion(world, dice, thing):
    kind = dice.choice(
        [
            {"kind": "percentage", "value": dice.choice(["5", "10", "101"]), "usage_limit": dice.choice([None, 1, 3])},
            {"kind": "fixed_amount", "value": "1.00", "usage_limit_per_customer": 1},
            {"kind": "buy_x_get_y", "value": "100", "buy_quantity": 2, "get_quantity": 1},
            {"kind": "free_shipping", "min_subtotal": "20.00"},
            {"kind": "gift", "gift_variant": world.some("variant", dice)["variant_id"], "get_quantity": 1},
        ]
    )
    code = {"coupon_code": word(dice)} if dice.random() < 0.5 else {}
    return {"name": word(dice), "is_active": dice.random() < 0.3, "stackable": dice.random() < 0.5} | kind | code


def part_of_promotion(world, dice, thing):
    return dice.choice([{"is_active": False}, {"is_active": True}, {"value": "7"}, {"budget": "9.99"}])


def learn_promotion(world, thing, answer):
    world.remember("promotion", promotion_id=answer["id"])


def codes(world, dice, thing):
    return {"count": dice.choice([1, 20, 100_001]), "prefix": dice.choice(["", word(dice)])}


def learn_run(world, thing, answer):
    world.remember("run", run_id=answer["id"])


def trial(world, dice, thing):
    changes = {"changes": {"value": dice.choice(["3", "30", "101"])}} if dice.random() < 0.5 else {}
    return {"orders": dice.choice([5, 100, 0]), "everyone_has_code": dice.random() < 0.5} | changes


def learn_simulation(world, thing, answer):
    world.remember("run", run_id=answer["id"])
    world.remember("simulation", pk=answer["id"])


def learn_coupons(world, thing, answer):
    for coupon in answer["results"]:
        world.remember("coupon", promotion_id=thing["promotion_id"], coupon_id=coupon["id"])


def switch(world, dice, thing):
    return {"is_active": dice.random() < 0.5}


def zone(world, dice, thing):
    return {
        "name": word(dice),
        "areas": [{"country": dice.choice(["DE", "FR", "XX"])} for _ in range(dice.randrange(3))],
    }


def method(world, dice, thing):
    steps = [{"at_least": dice.choice(["5", "100"]), "price": price(dice)} for _ in range(dice.randrange(2))]
    kind = dice.choice(["flat", "by_weight", "by_subtotal"])
    return {"code": thing.get("code", word(dice)), "label": word(dice), "kind": kind, "steps": steps} | {
        "price": price(dice),
        "delivery_days": dice.randrange(5),
        "zones": [world.some("zone", dice)["pk"]] if dice.random() < 0.5 else [],
        "is_active": dice.random() < 0.5,
    }


def rate(world, dice, thing):
    return {"name": word(dice), "country": dice.choice(["DE", "FR", ""]), "rate": dice.choice(["0.07", "0.19", "1"])}


def price_list(world, dice, thing):
    lines = [
        {
            "variant": world.some("variant", dice)["variant_id"],
            "min_quantity": dice.choice([1, 5]),
            "price": price(dice),
        }
        for _ in range(dice.randrange(3))
    ]
    return {"label": word(dice), "tier": dice.choice(["", "gold", "lead"]), "entries": lines}


def staff_rows(name, kind, body):
    """The steps of a table that staff keep."""

    def learn(world, thing, answer):
        code = {"code": answer["code"]} if "code" in answer else {}
        world.remember(kind, pk=answer["id"], price_list_id=answer["id"], **code)

    return {
        ("get", f"{name}/"): Step(0.3, queries=PAGES),
        ("post", f"{name}/"): Step(0.3, body=body, learn=learn),
        ("get", f"{name}/<pk>/"): Step(0.3, kind),
        ("put", f"{name}/<pk>/"): Step(0.3, kind, body),
        ("patch", f"{name}/<pk>/"): Step(0.3, kind, body),
        ("delete", f"{name}/<pk>/"): Step(0.3, kind),
    }


PRICING: dict[tuple[str, str], Step] = {
    **staff_rows("shipping-zones", "zone", zone),
    **staff_rows("shipping-methods", "method", method),
    **staff_rows("tax-rates", "rate", rate),
    **staff_rows("price-lists", "price list", price_list),
    ("get", "price-lists/<price_list_id>/entries/"): Step(0.3, "price list", queries=PAGES),
    ("get", "promotions/"): Step(1, queries=(*PAGES, "?kind=percentage", "?search=w")),
    ("post", "promotions/"): Step(1, body=promotion, learn=learn_promotion),
    ("get", "promotions/<promotion_id>/"): Step(1, "promotion"),
    ("put", "promotions/<promotion_id>/"): Step(0.5, "promotion", promotion),
    ("patch", "promotions/<promotion_id>/"): Step(1, "promotion", part_of_promotion),
    ("delete", "promotions/<promotion_id>/"): Step(0.5, "promotion"),
    ("post", "promotions/<promotion_id>/simulate/"): Step(0.5, "promotion", trial, learn_simulation),
    ("get", "simulations/<pk>/"): Step(0.5, "simulation"),
    ("get", "simulations/<pk>/orders.csv"): Step(0.3, "simulation"),
    ("get", "promotions/<promotion_id>/coupons/"): Step(
        0.5, "promotion", learn=learn_coupons, queries=(*PAGES, "?batch=w")
    ),
    ("post", "promotions/<promotion_id>/coupons/"): Step(0.5, "promotion", codes, learn_run),
    ("get", "promotions/<promotion_id>/coupons.csv"): Step(0.5, "promotion", queries=("", "?batch=w")),
    ("patch", "promotions/<promotion_id>/coupons/<coupon_id>/"): Step(0.5, "coupon", switch),
    ("delete", "promotions/<promotion_id>/coupons/<coupon_id>/"): Step(0.3, "coupon"),
}
