"""The guards against races, by name, each of which a twin test switches off to see it fail.

A guard is one line of defense in shipped code (a lock, a condition, a claim). The testing setting
`DISABLED_GUARDS` turns it off; every other environment refuses to start with one disabled
(`core.checks`). The suite fails on a guard here without a twin.
"""

from django.conf import settings

GUARDS = {
    "stock_condition": "stock is reserved only where enough is available (inventory.sql)",
    "stock_lock_order": "stock rows are locked in primary-key order (inventory.sql)",
    "cart_line_upsert": "adding to a cart line is one atomic upsert (carts.sql)",
    "cart_claim": "a cart is turned into an order by one conditional update (carts.sql)",
    "cart_binding": "customer and carts are locked while a cart is claimed and merged (carts.services)",
    "idempotency_key": "an idempotency key is claimed before the work begins (core.idempotency)",
    "checkout_transaction": "an order is written in one transaction (checkout.services)",
    "conflict_retries": "a transaction that lost a deadlock is done again (core.transactions)",
    "refresh_rotation": "a refresh token is exchanged by one conditional update (core.accounts)",
    "mailed_token": "a mailed token is used by one conditional update (core.accounts)",
    "order_lock": "an order is locked before its state is judged (orders.querysets)",
    "address_default": "a customer is locked while a default address is chosen (customers.services)",
    "membership_lock": "a customer is locked while what he spent is counted and his tier chosen (customers.services)",
    "customer_limits": "a customer is locked while his wishlists and alerts are counted, a wishlist its items (carts)",
    "vote_lock": "a review is locked while its votes are counted (reviews.services)",
    "product_type_lock": "a product type is locked while products are held against its attributes (catalog.services)",
    "collection_lock": "a collection is locked while its kind and its products are judged (catalog.services)",
    "planned_price_lock": "products are locked before what is planned for their prices is judged (catalog.services)",
    "promotion_limits": "promotions and codes are locked while their uses are counted and taken (pricing.services)",
    "run_claim": "what one run alone may make gives the run its id, which is there once (core.operations)",
    "run_lease": "a batch of a run commits only while its worker's lease stands (core.operations)",
    "review_product_lock": "reviews of a product are written and counted one after the other (reviews.services)",
    "throttle_count": "guesses are counted and judged in one atomic step (core.guessing)",
}


def guard_enabled(name: str) -> bool:
    """Whether the named guard stands. Raises KeyError for a name that is not in `GUARDS`."""
    if name not in GUARDS:
        raise KeyError(name)
    return name not in settings.DISABLED_GUARDS
