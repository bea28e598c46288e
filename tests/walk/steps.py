"""Every route of the API as a step of the random walk: how often, on what, with which body, what is learned.

The walk's test compares this table with the URL map.
"""

from tests.walk.catalog import CATALOG
from tests.walk.customers import CUSTOMERS
from tests.walk.pricing import PRICING
from tests.walk.step import ADDRESS, PAGES, PASSWORD, Step, picture, price, word

COUNTRIES = ["GB", "DE", "US", "JP"]
STATUSES = ["pending", "confirmed", "processing", "shipped", "delivered", "canceled", "returned"]
EXPORT = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "569901,23256,CHILDRENS CUTLERY,2,2011-10-06 16:20:00,4.15,12923.0,United Kingdom\n"
    "569901,{code},HANGING OWLS,12,2011-10-06 16:20:00,1.25,12923.0,United Kingdom\n"
)


def wanted(world, dice):
    variant = world.some("variant", dice)["variant_id"]
    return {"variant": variant, "quantity": dice.choice([1, 1, 1, 1, 1, 2, 2, 3, 0, 1000])}


# --- People ----------------------------------------------------------------------------------------
def newcomer(world, dice, thing):
    email = dice.choice(["walker@shop.example", f"{word(dice)}@shop.example"])
    return {"email": email, "password": PASSWORD, "first_name": "Wal", "last_name": "Ker"}


def credentials(world, dice, thing):
    return {"email": "walker@shop.example", "password": dice.choice([PASSWORD, PASSWORD, "wrong-horse-battery"])}


def session(world, dice, thing):
    return {"refresh": world.some("session", dice)["refresh"]}


def learn_session(world, thing, answer):
    world.remember("session", refresh=answer["refresh"])


def mailbox(world, dice, thing):
    return {"email": dice.choice(["walker@shop.example", "nobody@shop.example"])}


def guessed_token(world, dice, thing):
    return {"token": word(dice), "uid": "MQ", "new_password": PASSWORD}


def password_change(world, dice, thing):
    return {"old_password": dice.choice([PASSWORD, "wrong-horse-battery"]), "new_password": PASSWORD}


def email_change(world, dice, thing):
    return {"new_email": f"{word(dice)}@shop.example", "password": dice.choice([PASSWORD, "wrong-horse-battery"])}


def preferences(world, dice, thing):
    return {dice.choice(["back_in_stock", "marketing", "review_request"]): dice.random() < 0.5}


def profile(world, dice, thing):
    return {"first_name": word(dice), "last_name": word(dice), "phone": "+44 20 7946 0958"}


# --- The catalog ------------------------------------------------------------------------------------
def new_variant(world, dice, thing):
    return {"sku": word(dice).upper(), "price": price(dice), "title": dice.choice(["", "red"])}


def new_product(world, dice, thing):
    variants = [new_variant(world, dice, thing) for _ in range(dice.randrange(3))]
    return {
        "title": word(dice),
        "status": dice.choice(["active", "active", "draft"]),
        "category": dice.choice([None, world.some("category", dice)["pk"]]),
        "variants": variants,
    }


def whole_product(world, dice, thing):
    return {"title": word(dice), "slug": word(dice), "description": "", "status": "active", "category": None}


def part_of_product(world, dice, thing):
    into = {"category": world.some("category", dice)["pk"]}
    return dice.choice(
        [{"title": word(dice)}, {"status": "archived"}, {"status": "active"}, {"status": "active"}, into]
    )


def whole_variant(world, dice, thing):
    return {"sku": word(dice).upper(), "price": price(dice), "title": "", "weight_grams": 100, "is_active": True}


def part_of_variant(world, dice, thing):
    return dice.choice([{"price": price(dice)}, {"price": price(dice)}, {"is_active": False}, {"is_active": True}])


def category(world, dice, thing):
    parent = dice.choice([None, world.some("category", dice)["pk"]])
    return {"title": word(dice), "parent": parent, "is_active": dice.random() < 0.8}


def learn_product(world, thing, answer):
    world.remember("product", product_id=answer["id"], slug=answer["slug"])
    for variant in answer["variants"]:
        learn_variant(world, {"product_id": answer["id"]}, variant)


def learn_variant(world, thing, answer):
    world.remember("variant", product_id=thing["product_id"], pk=answer["id"], variant_id=answer["id"])


def learn_image(world, thing, answer):
    world.remember("image", product_id=thing["product_id"], pk=answer["id"])


def learn_category(world, thing, answer):
    world.remember("category", pk=answer["id"], slug=answer["slug"])


def image_words(world, dice, thing):
    return {"alt": word(dice), "is_primary": dice.random() < 0.5, "position": dice.randrange(5)}


def counted(world, dice, thing):
    return {"on_hand": dice.choice([0, 5, 40, 40]), "reason": "counted"}


def moved(world, dice, thing):
    return {"quantity": dice.choice([10, 10, 3, -2, -20, 0]), "reason": "moved"}


def review(world, dice, thing):
    return {"rating": dice.randrange(7), "title": word(dice), "body": dice.choice(["", "It does what it should."])}


def learn_review(world, thing, answer):
    world.remember("review", pk=answer["id"])


def vote(world, dice, thing):
    return {"is_helpful": dice.random() < 0.7}


def answer_to_review(world, dice, thing):
    return {"body": word(dice)}


def verdict(world, dice, thing):
    return {"status": dice.choice(["approved", "approved", "rejected"]), "reason": "walk"}


# --- Carts and orders -------------------------------------------------------------------------------
def new_cart(world, dice, thing):
    return dice.choice([{}, *[{"items": [wanted(world, dice)]} for _ in range(4)]])


def learn_cart(world, thing, answer):
    world.remember("cart", cart_id=answer["id"])
    if answer["items"] and not answer["order"]:
        world.remember("full cart", cart_id=answer["id"])
    for item in answer["items"]:
        world.remember("line", cart_id=answer["id"], item_id=item["id"])


def one_line(world, dice, thing):
    return wanted(world, dice)


def all_lines(world, dice, thing):
    return {"items": [wanted(world, dice) for _ in range(dice.randrange(4))]}


def quantity(world, dice, thing):
    return {"quantity": dice.choice([1, 2, 5, 0, 5000])}


def delivery(world, dice, thing):
    return {"country": dice.choice(COUNTRIES), "postal_code": "1000", "shipping_method": dice.choice(["", "standard"])}


def coupon(world, dice, thing):
    return {"code": dice.choice(["AUTUMN", "once", "NOBODYS"])}


def wishlist(world, dice, thing):
    return {"title": dice.choice(["Birthday", "Later", word(dice)])}


def learn_wishlist(world, thing, answer):
    world.remember("wishlist", wishlist_id=answer["id"])


def wish(world, dice, thing):
    return {"variant": world.some("variant", dice)["variant_id"]}


def learn_wish(world, thing, answer):
    world.remember("wish", wishlist_id=thing["wishlist_id"], wishlist_item_id=answer["id"])


def into_cart(world, dice, thing):
    return {"cart": world.some("cart", dice)["cart_id"], "quantity": dice.choice([1, 2, 0])}


def checkout(world, dice, thing):
    body = {
        "cart": thing["cart_id"],
        "email": "walker@shop.example",
        "shipping_address": ADDRESS | {"country": dice.choice(COUNTRIES)},
        "shipping_method": "standard",
        "payment_provider": "manual",
    }
    return body | dice.choice([{}, {}, {}, {}, {"expected_total": "9.99"}])


def learn_order(world, thing, answer):
    token = {"token": answer["access_token"]} if "access_token" in answer else {}
    world.remember("order", number=answer["number"], **token)
    for payment in answer["payments"]:
        learn_payment(world, thing, payment)


def learn_payment(world, thing, answer):
    world.remember("payment", pk=answer["id"])


def status(world, dice, thing):
    return {"status": dice.choice(STATUSES)}


def reason(world, dice, thing):
    return {"reason": word(dice)}


def provider(world, dice, thing):
    return {"payment_provider": dice.choice(["manual", "manual", "barter"])}


# --- Long work --------------------------------------------------------------------------------------
def repricing(world, dice, thing):
    return {
        "params": {"percent": dice.choice(["1", "-1", "1", "-1", "0"])},
        "dry_run": dice.random() < 0.4,
        "reason": "walk",
    }


def export(world, dice, thing):
    return EXPORT.format(code=dice.randrange(10000, 99999)).encode()


def learn_run(world, thing, answer):
    world.remember("run", run_id=answer["id"])


def learn_file(world, thing, answer):
    world.remember("file", id=answer["id"])


PRODUCTS = (*PAGES, "?in_stock=true&ordering=-price", "?min_price=5&ordering=price", "?search=w")

STEPS: dict[tuple[str, str], Step] = (
    CATALOG
    | CUSTOMERS
    | PRICING
    | {
        ("post", "auth/login/"): Step(1, body=credentials, learn=learn_session),
        ("post", "auth/logout/"): Step(0.5, body=session),
        ("post", "auth/refresh/"): Step(1, body=session, learn=learn_session),
        ("post", "auth/register/"): Step(0.5, body=newcomer),
        ("post", "auth/logout/everywhere/"): Step(0.3),
        ("get", "auth/verify-email/"): Step(0.3, queries=("?token=guessed", "")),
        ("post", "auth/verify-email/"): Step(0.3, body=guessed_token),
        ("post", "auth/verify-email/resend/"): Step(0.3, body=mailbox),
        ("post", "auth/password/reset/"): Step(0.3, body=mailbox),
        ("post", "auth/password/reset/confirm/"): Step(0.3, body=guessed_token),
        ("post", "auth/password/change/"): Step(0.3, body=password_change),
        ("post", "users/email/change/"): Step(0.3, body=email_change),
        ("post", "users/email/confirm/"): Step(0.3, body=guessed_token),
        ("get", "users/"): Step(0.5, queries=PAGES),
        ("get", "users/profile/"): Step(),
        ("put", "users/profile/"): Step(body=profile),
        ("patch", "users/profile/"): Step(body=profile),
        ("delete", "users/profile/"): Step(0.2),
        ("post", "users/profile/export/"): Step(0.5),
        ("get", "users/export/"): Step(0.2, queries=("", "?token=mine")),
        ("get", "notification-preferences/"): Step(0.3),
        ("patch", "notification-preferences/"): Step(0.5, body=preferences),
        ("get", "notifications/"): Step(0.5, queries=PAGES),
        ("get", "products/"): Step(4, queries=PRODUCTS),
        ("post", "products/"): Step(1, body=new_product, learn=learn_product),
        ("get", "products/<product_id>/"): Step(3, "product", learn=learn_product),
        ("put", "products/<product_id>/"): Step(0.5, "product", whole_product),
        ("patch", "products/<product_id>/"): Step(2, "product", part_of_product),
        ("delete", "products/<product_id>/"): Step(0.3, "product"),
        ("get", "products/slug/<slug>/"): Step(1, "product"),
        ("get", "products/<product_id>/variants/"): Step(1, "product"),
        ("post", "products/<product_id>/variants/"): Step(1, "product", new_variant, learn_variant),
        ("get", "products/<product_id>/variants/<pk>/"): Step(1, "variant"),
        ("put", "products/<product_id>/variants/<pk>/"): Step(0.5, "variant", whole_variant),
        ("patch", "products/<product_id>/variants/<pk>/"): Step(4, "variant", part_of_variant),
        ("delete", "products/<product_id>/variants/<pk>/"): Step(0.3, "variant"),
        ("get", "products/<product_id>/images/"): Step(1, "product"),
        ("post", "products/<product_id>/images/"): Step(0.5, "product", picture, learn_image, upload="image"),
        ("patch", "products/<product_id>/images/<pk>/"): Step(1, "image", image_words),
        ("delete", "products/<product_id>/images/<pk>/"): Step(0.5, "image"),
        ("get", "products/<product_id>/reviews/"): Step(1, "product", queries=(*PAGES, "?ordering=-rating")),
        ("post", "products/<product_id>/reviews/"): Step(4, "product", review, learn_review),
        ("get", "products/<product_id>/reviews/summary/"): Step(0.5, "product"),
        ("get", "reviews/"): Step(0.5, queries=PAGES),
        ("patch", "reviews/<pk>/"): Step(2, "review", review),
        ("delete", "reviews/<pk>/"): Step(0.5, "review"),
        ("post", "reviews/<pk>/votes/"): Step(1, "review", vote),
        ("post", "reviews/<pk>/reply/"): Step(0.5, "review", answer_to_review),
        ("post", "reviews/<pk>/moderation/"): Step(4, "review", verdict),
        ("get", "categories/"): Step(),
        ("post", "categories/"): Step(body=category, learn=learn_category),
        ("get", "categories/<pk>/"): Step(1, "category"),
        ("put", "categories/<pk>/"): Step(0.5, "category", category),
        ("patch", "categories/<pk>/"): Step(1, "category", category),
        ("delete", "categories/<pk>/"): Step(0.5, "category"),
        ("get", "stock/"): Step(0.5, queries=PAGES),
        ("get", "stock/<variant_id>/"): Step(0.5, "variant"),
        ("put", "stock/<variant_id>/"): Step(2, "variant", counted),
        ("get", "stock/<variant_id>/movements/"): Step(0.5, "variant"),
        ("post", "stock/<variant_id>/movements/"): Step(3, "variant", moved),
        ("post", "carts/"): Step(8, body=new_cart, learn=learn_cart),
        ("get", "carts/<cart_id>/"): Step(2, "cart", learn=learn_cart),
        ("get", "carts/current/"): Step(0.5, learn=learn_cart),
        ("post", "carts/<cart_id>/claim/"): Step(0.5, "cart", learn=learn_cart),
        ("delete", "carts/<cart_id>/"): Step(0.5, "cart"),
        ("put", "carts/<cart_id>/delivery/"): Step(1, "cart", delivery),
        ("get", "carts/<cart_id>/shipping-methods/"): Step(1, "cart"),
        ("get", "carts/<cart_id>/explanation/"): Step(1, "cart"),
        ("post", "carts/<cart_id>/coupons/"): Step(3, "cart", coupon),
        ("delete", "carts/<cart_id>/coupons/<code>/"): Step(1, "cart", values={"code": "AUTUMN"}),
        ("post", "carts/<cart_id>/items/"): Step(10, "cart", one_line, learn_cart),
        ("put", "carts/<cart_id>/items/"): Step(1, "cart", all_lines, learn_cart),
        ("patch", "carts/<cart_id>/items/<item_id>/"): Step(2, "line", quantity),
        ("delete", "carts/<cart_id>/items/<item_id>/"): Step(1, "line"),
        ("get", "wishlists/"): Step(0.5, queries=PAGES),
        ("post", "wishlists/"): Step(1, body=wishlist, learn=learn_wishlist),
        ("get", "wishlists/<wishlist_id>/"): Step(0.5, "wishlist"),
        ("patch", "wishlists/<wishlist_id>/"): Step(0.5, "wishlist", wishlist),
        ("delete", "wishlists/<wishlist_id>/"): Step(0.3, "wishlist"),
        ("get", "wishlists/<wishlist_id>/items/"): Step(0.5, "wishlist", queries=PAGES),
        ("post", "wishlists/<wishlist_id>/items/"): Step(2, "wishlist", wish, learn_wish),
        ("delete", "wishlists/<wishlist_id>/items/<wishlist_item_id>/"): Step(0.5, "wish"),
        ("post", "wishlists/<wishlist_id>/items/<wishlist_item_id>/move-to-cart/"): Step(
            1, "wish", into_cart, learn_cart
        ),
        ("post", "variants/<variant_id>/stock-alerts/"): Step(2, "variant"),
        ("delete", "variants/<variant_id>/stock-alerts/"): Step(0.5, "variant"),
        ("get", "orders/"): Step(1, queries=PAGES),
        ("post", "orders/"): Step(12, "full cart", checkout, learn_order),
        ("get", "orders/<number>/"): Step(2, "order"),
        ("put", "orders/<number>/"): Step(1, "order", status),
        ("patch", "orders/<number>/"): Step(4, "order", status),
        ("post", "orders/<number>/cancel/"): Step(2, "order", reason),
        ("post", "orders/<number>/payments/"): Step(1, "order", provider, learn_payment),
        ("post", "payments/<pk>/confirm/"): Step(5, "payment"),
        ("get", "operations/"): Step(0.5),
        ("post", "operations/<name>/files/"): Step(
            0.5, body=export, learn=learn_file, upload="file", values={"name": "import_online_retail"}
        ),
        ("post", "operations/<name>/runs/"): Step(2, body=repricing, learn=learn_run, values={"name": "reprice"}),
        ("get", "runs/"): Step(0.5, queries=PAGES),
        ("get", "runs/<run_id>/"): Step(0.5, "run"),
        ("post", "runs/<run_id>/start/"): Step(2, "run"),
        ("post", "runs/<run_id>/pause/"): Step(0.5, "run"),
        ("post", "runs/<run_id>/resume/"): Step(1, "run"),
        ("post", "runs/<run_id>/cancel/"): Step(0.3, "run"),
        ("post", "runs/<run_id>/retry-failed/"): Step(0.3, "run"),
        ("get", "runs/<run_id>/failed-rows.csv"): Step(0.3, "run"),
    }
)
