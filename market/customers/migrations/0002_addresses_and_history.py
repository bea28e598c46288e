"""Saved addresses, who may view a history, and a customer for every user however the user is made."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# At the end of the transaction, so that whoever writes both (the signal, loaddata) comes first.
MAKE_CUSTOMER = """
    CREATE FUNCTION customers_make_customer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO customers_customer (user_id, phone, created_at, updated_at)
        SELECT id, '', now(), now() FROM accounts_user WHERE id = NEW.id
        ON CONFLICT (user_id) DO NOTHING;
        RETURN NULL;
    END
    $$
"""
MADE = """
    CREATE CONSTRAINT TRIGGER customers_user_made AFTER INSERT ON accounts_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_make_customer()
"""
BACKFILL = """
    INSERT INTO customers_customer (user_id, phone, created_at, updated_at)
    SELECT id, '', now(), now() FROM accounts_user
    ON CONFLICT (user_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("accounts", "0003_mailed_tokens")]

    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={"permissions": [("view_customer_history", "Can view what a customer has ordered")]},
        ),
        migrations.CreateModel(
            name="Address",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=200)),
                ("line1", models.CharField(max_length=200)),
                ("line2", models.CharField(blank=True, max_length=200)),
                ("city", models.CharField(max_length=100)),
                ("region", models.CharField(blank=True, max_length=100)),
                ("postal_code", models.CharField(max_length=20)),
                ("country", models.CharField(max_length=2)),
                ("phone", models.CharField(blank=True, max_length=32)),
                ("is_default_shipping", models.BooleanField(default=False)),
                ("is_default_billing", models.BooleanField(default=False)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="addresses", to="customers.customer"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "addresses",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default_shipping", True)),
                        fields=("customer",),
                        name="address_default_shipping_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default_billing", True)),
                        fields=("customer",),
                        name="address_default_billing_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(MAKE_CUSTOMER, "DROP FUNCTION customers_make_customer()"),
        migrations.RunSQL(MADE, "DROP TRIGGER customers_user_made ON accounts_user"),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
    ]
