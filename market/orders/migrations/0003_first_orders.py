"""Who has ordered before there were promotions has had his first order."""

from django.db import migrations

FIRST_ORDERS = """
    INSERT INTO pricing_firstorder (identity, order_number)
    SELECT DISTINCT ON (identity) identity, number
    FROM (
        SELECT COALESCE('customer:' || customer_id, lower(email)) AS identity, number, placed_at FROM orders_order
        WHERE status <> 'canceled' AND COALESCE('customer:' || customer_id, lower(email)) <> ''
    ) told
    ORDER BY identity, placed_at, number
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_guest_email"), ("pricing", "0001_promotions")]

    operations = [migrations.RunSQL(FIRST_ORDERS, migrations.RunSQL.noop)]
