"""A customer has at most one cart that is no order yet. Built beside the writes of a running shop."""

from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("carts", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    """
                    CREATE UNIQUE INDEX CONCURRENTLY cart_open_once_per_customer ON carts_cart (customer_id)
                    WHERE customer_id IS NOT NULL AND order_number IS NULL
                    """,
                    "DROP INDEX CONCURRENTLY cart_open_once_per_customer",
                )
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="cart",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("customer__isnull", False), ("order_number__isnull", True)),
                        fields=("customer",),
                        name="cart_open_once_per_customer",
                    ),
                )
            ],
        )
    ]
