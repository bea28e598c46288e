"""What each role of the staff may do: patterns of Django's permissions (`app.codename`).

`manage.py migrate` keeps a group per role with exactly these (`core.accounts.roles`). Whoever needs
something else gets a group of another name.
"""

STAFF_ROLES = {
    "catalog": (
        "catalog.*",
        "inventory.view_*",
        "inventory.change_stockitem",
        "taxes.view_*",
        "reviews.view_review",
    ),
    "orders": (
        "orders.view_*",
        "orders.change_order",
        "payments.view_*",
        "payments.change_payment",
        "inventory.view_*",
        "inventory.change_stockitem",
        "shipping.*",
        "customers.view_*",
    ),
    "support": (
        "customers.view_*",
        "customers.change_customer",
        "orders.view_*",
        "orders.change_order",
        "payments.view_*",
        "reviews.view_*",
        "reviews.change_review",
        "accounts.view_user",
        "notifications.view_*",
        "notifications.change_mail",
        # Why somebody's cart costs what it costs, also at another moment.
        "carts.view_*",
        "catalog.view_variant",
        "pricing.view_promotion",
        "pricing.view_promotionversion",
    ),
    "marketing": (
        "pricing.*",
        "reviews.*",
        "catalog.view_*",
        "catalog.*_collection",
        "catalog.*_collectionitem",
        "customers.view_customer",
    ),
    "owner": ("*",),
}
