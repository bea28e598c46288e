"""What may go wrong in the shop of `planting`, rule by rule."""

RUN = """
INSERT INTO operations_run (id, operation, params, dry_run, reason, state, plan, cursor, batches, processed, failed,
    counts, sample_changes, work_seconds, token, attempts, due_at, lease_until, worker, last_error, created_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'reprice', '{{}}', false, '', 'running', '{{}}', '', 0, 0, 0,
    '{{}}', '[]', 0, 1, 1, %s, %s, '', '', {now})
"""
REVIEW = """
INSERT INTO reviews_review (product_id, customer_id, rating, title, body, verified_purchase, findings,
    moderation_reason, reply, unhelpful_count, created_at, updated_at, status, helpful_count)
SELECT product_id, (SELECT min(id) FROM customers_customer), 4, '', '', false, '{{}}', '', '', 0, {now}, {now}, %s
FROM catalog_variant WHERE id = {lamp}
"""
MEMBER = """
INSERT INTO customers_membership (customer_id, tier_id, since, spent_12m, below_since, created_at, updated_at)
SELECT (SELECT min(id) FROM customers_customer), id, {now}, %s, %s, {now}, {now}
FROM customers_membershiptier WHERE code = '%s'
"""
LONG_DELIVERED = """
WITH event AS (UPDATE orders_orderevent SET at = at - interval '3 days' WHERE order_id = {paid}),
    payment AS (UPDATE payments_payment SET captured_at = captured_at - interval '3 days' WHERE order_id = {paid})
UPDATE orders_order SET status = 'delivered', customer_id = (SELECT min(id) FROM customers_customer) WHERE id = {paid}
"""
# One use of a promotion by an order; its tally, and what its version says.
PROMOTION = """
WITH promotion AS (
    INSERT INTO pricing_promotion (id, label, status, version, rules, kind, requires_coupon, priority,
        created_at, updated_at)
    VALUES (7, 'Seven', 'active', 1, '{{}}', 'percentage', false, 0, {now}, {now})
), use AS (
    INSERT INTO pricing_promotionuse (promotion_id, version, code, identity, order_number, amount, is_counted,
        created_at)
    VALUES (7, 1, '', 'ann', %s, 1, false, {now})
), tally AS (
    INSERT INTO pricing_promotiontally (promotion_id, uses, amount) VALUES (7, %s, 0)
)
INSERT INTO pricing_promotionversion (promotion_id, number, label, rules, created_at)
VALUES (7, 1, 'Seven', '{{%s}}', {now})
"""
# Rule, a statement that breaks it, what the report says then.
PLANTED = [
    (
        "0 <= reserved <= on_hand",
        "UPDATE inventory_stockitem SET reserved = 12 WHERE variant_id = {lamp}",
        "LAMP: reserved 12, on_hand 9",
    ),
    (
        "0 <= reserved <= on_hand",
        "UPDATE inventory_stockitem SET reserved = -1 WHERE variant_id = {lamp}",
        "LAMP: reserved -1, on_hand 9",
    ),
    (
        "on_hand equals the sum of the ledger",
        "UPDATE inventory_stockitem SET on_hand = 8 WHERE variant_id = {lamp}",
        "LAMP: on_hand 8, ledger 9",
    ),
    (
        "on_hand equals the sum of the ledger",
        "DELETE FROM inventory_stockmovement WHERE variant_id = {lamp} AND kind = 'shipment'",
        "LAMP: on_hand 9, ledger 10",
    ),
    (
        "reserved equals the held and committed reservations",
        "UPDATE inventory_reservation SET state = 'released', expires_at = NULL WHERE reference = '{pending_number}'",
        "LAMP: reserved 3, reservations 1",
    ),
    (
        "every order line has the reservation that its status asks for",
        "UPDATE orders_order SET status = 'confirmed' WHERE id = {pending}",
        "{pending_number} (confirmed) LAMP: ordered 2, reservation 2 held",
    ),
    (
        "every order line has the reservation that its status asks for",
        "DELETE FROM inventory_reservation WHERE reference = '{paid_number}'",
        "{paid_number} (confirmed) LAMP: ordered 1, reservation none",
    ),
    (
        "every reservation is an order's",
        "UPDATE inventory_reservation SET reference = 'NOBODYS' WHERE reference = '{paid_number}'",
        "NOBODYS: 1 of LAMP committed",
    ),
    (
        "a cart became at most one order",
        "UPDATE orders_order SET cart_uuid = '{paid_cart}', number = 'TWIN' WHERE id = {pending}",
        "{paid_cart}: {paid_twin}",
    ),
    (
        "a claimed cart has its order",
        "UPDATE orders_order SET cart_uuid = NULL WHERE id = {pending}",
        "{pending_cart}: claimed for {pending_number}, which is not its order",
    ),
    (
        "the cart of an order is claimed for it",
        "UPDATE carts_cart SET order_number = NULL WHERE id = '{pending_cart}'",
        "{pending_number}: its cart {pending_cart} is claimed for nothing",
    ),
    (
        "an idempotency key stands for one outcome",
        """
        INSERT INTO core_idempotencykey (scope, key, fingerprint, status, reference, created_at)
        SELECT 'orders.place:user:1', 'k', 'f', 201, number, {now} FROM orders_order WHERE id IN ({paid}, {pending})
        """,
        "orders.place:user:1 k: {paid_and_pending}",
    ),
    (
        "the order that a key was answered with exists",
        """
        INSERT INTO core_idempotencykey (scope, key, fingerprint, status, reference, created_at)
        VALUES ('orders.place:user:1', 'k', 'f', 201, 'LOST', {now})
        """,
        "orders.place:user:1 k: answered with LOST, which does not exist",
    ),
    (
        "every order has items",
        "DELETE FROM orders_orderitem WHERE order_id = {paid}",
        "{paid_number}: no items",
    ),
    (
        "grand_total is what the formula gives",
        "UPDATE orders_order SET grand_total = grand_total + 0.01 WHERE id = {paid}",
        "{paid_number}: grand_total 14.96, computed 14.95",
    ),
    (
        "line_total is what the formula gives",
        "UPDATE orders_orderitem SET line_total = 9.99 WHERE order_id = {paid}",
        "{paid_number} LAMP: line_total 9.99",
    ),
    (
        "totals are the sums of the lines",
        "UPDATE orders_orderitem SET tax_total = 1.66 WHERE order_id = {paid}",
        "{paid_number}: subtotal 10.00 of lines 10.00, discounts 0.00 of lines 0.00, "
        "tax 2.50 of lines and shipping 2.49",
    ),
    (
        "no amount is below zero",
        "UPDATE orders_order SET shipping_tax_total = -0.83 WHERE id = {paid}",
        "{paid_number}: an amount below zero",
    ),
    (
        "no amount is below zero",
        "UPDATE orders_orderitem SET unit_price = -10 WHERE order_id = {paid}",
        "{paid_number} LAMP: an amount below zero",
    ),
    (
        "nothing is refunded that was not captured",
        "UPDATE orders_order SET payment_status = 'refunded' WHERE id = {pending}",
        "{pending_number}: refunded, but nothing was captured",
    ),
    (
        "a sample of orders, priced again, gives itself",
        "UPDATE orders_orderquote SET inputs = jsonb_set(inputs, '{{shipping,price}}', '\"5.95\"') "
        "WHERE order_id = {paid}",
        "{paid_number}: shipping_total 4.95, priced again 5.95; shipping_tax_total 0.83, priced again 0.99; "
        "tax_total 2.50, priced again 2.66; grand_total 14.95, priced again 15.95",
    ),
    (
        "a sample of orders, priced again, gives itself",
        "DELETE FROM orders_orderquote WHERE order_id = {paid}",
        "{paid_number}: no record of how it was priced",
    ),
    (
        "an order is captured at most once",
        """
        INSERT INTO payments_payment
            (id, order_id, provider, amount, currency, status, provider_reference, captured_at, created_at, updated_at)
        SELECT gen_random_uuid(), order_id, provider, amount, currency, status, '', captured_at, {now}, {now}
        FROM payments_payment WHERE order_id = {paid}
        """,
        "{paid_number}: captured 2 times",
    ),
    (
        "a paid order has its capture, no other has one",
        "UPDATE payments_payment SET amount = 14.94 WHERE order_id = {paid}",
        "{paid_number}: payment_status complete, captured 14.94 of 14.95",
    ),
    (
        "a paid order has its capture, no other has one",
        "UPDATE orders_order SET payment_status = 'pending' WHERE id = {paid}",
        "{paid_number}: payment_status pending, captured 14.95 of 14.95",
    ),
    (
        "every discount is backed by a use of its promotion",
        """
        UPDATE orders_order SET discounts = '[{{"promotion": 7, "amount": "1.00", "label": "", "target": "shipping"}}]'
        WHERE id = {paid}
        """,
        "{paid_number}: promotion 7 gave 1.00 without being used",
    ),
    (
        "every use is that of an order which stands",
        PROMOTION % ("'{canceled_number}'", 0, ""),
        "{canceled_number}: promotion 7 is used by no order that stands",
    ),
    (
        "uses are counted as often as they were taken",
        PROMOTION % ("'{paid_number}'", 2, ""),
        "promotion 7: 2 uses of 0.00 counted, 0 of 0 taken",
    ),
    (
        "no promotion and no code is used beyond its limit",
        PROMOTION % ("'{paid_number}'", 0, '"usage_limit_per_customer": 0'),
        "promotion 7: 1 uses by one buyer",
    ),
    (
        "orders move along the state graph",
        """
        INSERT INTO orders_orderevent (order_id, at, kind, status, detail, actor)
        VALUES ({canceled}, {now}, 'status_changed', 'delivered', '', 'staff:1')
        """,
        "{canceled_number}: canceled -> delivered",
    ),
    (
        "orders move along the state graph",
        "DELETE FROM orders_orderevent WHERE order_id = {canceled} AND kind = 'placed'",
        "{canceled_number}: nothing -> canceled",
    ),
    (
        "an order has the status its history ends with",
        "UPDATE orders_order SET status = 'delivered' WHERE id = {shipped}",
        "{shipped_number}: delivered, its history ends with shipped",
    ),
    (
        "no event is delivered to a handler twice",
        """
        INSERT INTO outbox_delivery
            (event_id, handler, queue, state, attempts, due_at, done_at, last_error, dismissed_reason)
        SELECT event_id, handler, queue, state, attempts, due_at, done_at, '', '' FROM outbox_delivery
        WHERE handler = 'email_order_cancellation'
        """,
        "orders.order_canceled {cancellation}: 2 deliveries to email_order_cancellation",
    ),
    (
        "every relayed event has its deliveries",
        """
        DELETE FROM outbox_delivery WHERE id = (
            SELECT max(id) FROM outbox_delivery WHERE handler = 'email_payment_receipt'
        )
        """,
        "orders.order_paid {second_payment}: no delivery to email_payment_receipt",
    ),
    (
        "every relayed event has its deliveries",
        "DELETE FROM outbox_delivery WHERE handler = 'email_order_cancellation'",
        "orders.order_canceled {cancellation}: no delivery to email_order_cancellation",
    ),
    (
        "every event is relayed in time",
        """
        UPDATE outbox_event SET relayed_at = NULL, created_at = '2026-01-01' WHERE name = 'orders.order_canceled'
        """,
        "orders.order_canceled {cancellation}: waits for the relay since 2026-01-01 00:00:00+00",
    ),
    (
        "no delivery is overdue",
        """
        UPDATE outbox_delivery SET state = 'pending', due_at = '2026-01-01'
        WHERE handler = 'email_order_cancellation'
        """,
        "email_order_cancellation {cancellation_delivery}: due since 2026-01-01 00:00:00+00",
    ),
    (
        "no lease is overdue",
        "UPDATE outbox_delivery SET lease_until = '2026-01-01' WHERE handler = 'email_order_cancellation'",
        "email_order_cancellation {cancellation_delivery}: leased until 2026-01-01 00:00:00+00",
    ),
    (
        "no lease is overdue",
        RUN % ("{now}", "'2026-01-01'"),
        "run 00000000-0000-0000-0000-000000000001 (reprice): leased until 2026-01-01 00:00:00+00",
    ),
    (
        "no run is overdue",
        RUN % ("'2026-01-01'", "NULL"),
        "run 00000000-0000-0000-0000-000000000001 (reprice): due since 2026-01-01 00:00:00+00",
    ),
    (
        "no mail is overdue",
        "UPDATE notifications_mail SET due_at = '2026-01-01' WHERE kind = 'order_canceled'",
        "mail {cancellation_mail} (order_canceled): due since 2026-01-01 00:00:00+00",
    ),
    (
        "no reservation is overdue",
        "UPDATE inventory_reservation SET expires_at = '2026-01-01' WHERE reference = '{pending_number}'",
        "{pending_number}: held until 2026-01-01 00:00:00+00",
    ),
    (
        "no planned price is overdue",
        "INSERT INTO catalog_plannedprice (id, sku, price, removes_compare_at, starts_at, due_at, state, detail,"
        " created_at, updated_at)"
        " VALUES (7, 'MUG', 1, false, '2026-01-01', '2026-01-01', 'planned', '', now(), now())",
        "price 7 of MUG: due since 2026-01-01 00:00:00+00",
    ),
    (
        "every dead letter is visible and tells why",
        "UPDATE outbox_delivery SET state = 'dead', attempts = 5 WHERE handler = 'email_order_cancellation'",
        "email_order_cancellation {cancellation_delivery}: dead after 5 attempts, without a word why",
    ),
    (
        "a variant is in stock when units are available",
        "UPDATE catalog_variant SET in_stock = false WHERE id = {lamp}",
        "LAMP: in_stock false, available 6",
    ),
    (
        "a listing equals what it is computed from",
        "UPDATE catalog_productlisting SET price = 9.99 WHERE default_variant_id = {lamp}",
        "{slug}: price 9.99 instead of 10.00",
    ),
    (
        "a listing equals what it is computed from",
        "UPDATE catalog_productlisting SET is_featured = true, attribute_tokens = ARRAY['color=red']"
        " WHERE default_variant_id = {lamp}",
        "{slug}: is_featured true, attributes color=red",
    ),
    (
        "a listing equals what it is computed from",
        "DELETE FROM catalog_productlisting WHERE default_variant_id = {lamp}",
        "{slug}: no listing",
    ),
    (
        "of a product's pictures exactly one is primary",
        "INSERT INTO catalog_productimage (product_id, image, alt, is_primary, position, created_at, updated_at)"
        " SELECT product_id, 'products/a.jpg', '', false, 0, now(), now() FROM catalog_variant WHERE id = {lamp}",
        "{slug}: 0 primary of 1 pictures",
    ),
    (
        "a product is found by its title and SKUs",
        "UPDATE catalog_productlisting SET search_text = 'lump' WHERE default_variant_id = {lamp}",
        "{slug}: found by 'lump'",
    ),
    (
        "a product is rated as its approved reviews say",
        "UPDATE catalog_productlisting SET rating = 4.5, review_count = 2 WHERE default_variant_id = {lamp}",
        "{slug}: rated 4.50 by 2, its approved reviews say nothing by 0",
    ),
    (
        "a product is rated as its approved reviews say",
        REVIEW % "'approved', 0",
        "{slug}: rated nothing by 0, its approved reviews say 4.00 by 1",
    ),
    (
        "a review shows the votes that it has",
        REVIEW % "'pending', 3",
        "{slug}: a review shows 3 for and 0 against, its votes are 0 and 0",
    ),
    (
        "what a customer spent is what his orders come to",
        MEMBER % ("100", "NULL", "bronze"),
        "customer {customer}: spent 100.00, his orders say 0",
    ),
    (
        "what a customer spent is what his orders come to",
        LONG_DELIVERED,
        "customer {customer}: spent 0, his orders say 14.95",
    ),
    (
        "a customer has the tier that he has earned, or the grace of a higher one",
        MEMBER % ("300", "NULL", "bronze"),
        "customer {customer}: bronze with 300.00 spent",
    ),
    (
        "a customer has the tier that he has earned, or the grace of a higher one",
        MEMBER % ("300", "'2020-01-01'", "gold"),
        "customer {customer}: gold with 300.00 spent, too little since 2020-01-01 00:00:00+00",
    ),
    (
        "a customer has the tier that his history ends with",
        MEMBER % ("300", "NULL", "silver"),
        "customer {customer}: silver, his history ends with nothing",
    ),
    (
        "a product's document is of its words",
        "UPDATE catalog_searchdocument SET document = $$'lump':1A$$",
        "{slug}: its document has other words",
    ),
    (
        "a product's document is of its words",
        "DELETE FROM catalog_searchdocument",
        "{slug}: no document",
    ),
    (
        "every document has its listing",
        "DELETE FROM catalog_productlisting WHERE default_variant_id = {lamp}",
        "{slug}: a document without a listing",
    ),
    (
        "a word is counted as often as products have it",
        "UPDATE catalog_searchword SET products = 7 WHERE word = (SELECT min(word) FROM catalog_searchword)",
        "{word}: counted 7, 1 products have it",
    ),
]
