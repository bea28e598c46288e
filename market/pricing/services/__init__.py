"""Writes of promotions, coupons and their uses."""

from market.pricing.services.coupons import (
    batch_of,
    check_batch,
    check_new_code,
    check_prefix,
    create_coupon,
    delete_coupon,
    generate_coupons,
    request_coupons,
    set_code,
    update_coupon,
)
from market.pricing.services.customer_lists import change_customer_list, delete_customer_list
from market.pricing.services.editing import (
    Removal,
    check_promotion,
    check_unchanged,
    edit_promotion,
    make_promotion,
    remove_promotion,
    state_of,
)
from market.pricing.services.price_lists import (
    change_price_list,
    change_price_list_entry,
    delete_price_list,
    delete_price_list_entry,
    make_price_list,
    make_price_list_entry,
)
from market.pricing.services.promotions import (
    create_promotion,
    delete_promotion,
    read_rules,
    set_status,
    update_promotion,
)
from market.pricing.services.uses import (
    Uses,
    give_back_uses,
    move_uses,
    note_first_orders,
    take_uses,
)

__all__ = [
    "Removal",
    "Uses",
    "batch_of",
    "change_customer_list",
    "change_price_list",
    "change_price_list_entry",
    "check_batch",
    "check_new_code",
    "check_prefix",
    "check_promotion",
    "check_unchanged",
    "create_coupon",
    "create_promotion",
    "delete_coupon",
    "delete_customer_list",
    "delete_price_list",
    "delete_price_list_entry",
    "delete_promotion",
    "edit_promotion",
    "generate_coupons",
    "give_back_uses",
    "make_price_list",
    "make_price_list_entry",
    "make_promotion",
    "move_uses",
    "note_first_orders",
    "read_rules",
    "remove_promotion",
    "request_coupons",
    "set_code",
    "set_status",
    "state_of",
    "take_uses",
    "update_coupon",
    "update_promotion",
]
