"""Steps of the walk among addresses, and where staff look at customers."""

from tests.walk.step import ADDRESS, PAGES, Step, word


def address(world, dice, thing):
    defaults = {"is_default_shipping": dice.random() < 0.5, "is_default_billing": dice.random() < 0.5}
    return ADDRESS | {"line1": word(dice), "country": dice.choice(["GB", "DE", "QQ"])} | defaults


def part_of_address(world, dice, thing):
    return dice.choice([{"city": word(dice)}, {"is_default_shipping": True}, {"is_default_billing": True}])


def learn_address(world, thing, answer):
    world.remember("address", pk=answer["id"])


def learn_customers(world, thing, answer):
    for customer in answer["results"]:
        world.remember("customer", pk=customer["id"], customer_id=customer["id"])


CUSTOMERS: dict[tuple[str, str], Step] = {
    ("get", "addresses/"): Step(0.5, queries=PAGES),
    ("post", "addresses/"): Step(1, body=address, learn=learn_address),
    ("get", "addresses/<pk>/"): Step(0.5, "address"),
    ("put", "addresses/<pk>/"): Step(0.5, "address", address),
    ("patch", "addresses/<pk>/"): Step(1, "address", part_of_address),
    ("delete", "addresses/<pk>/"): Step(0.5, "address"),
    ("get", "customers/"): Step(0.5, queries=PAGES, learn=learn_customers),
    ("get", "customers/<pk>/"): Step(0.5, "customer"),
    ("get", "customers/<customer_id>/history/"): Step(0.5, "customer"),
}
