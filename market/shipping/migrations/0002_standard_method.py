"""The shipping method that every shop begins with."""

from decimal import Decimal

from django.db import migrations


def add_standard_method(apps, schema_editor):
    methods = apps.get_model("shipping", "ShippingMethod").objects
    methods.get_or_create(
        code="standard",
        defaults={"label": "Standard delivery", "price": Decimal("4.95"), "delivery_days": 3},
    )


class Migration(migrations.Migration):
    dependencies = [("shipping", "0001_initial")]
    operations = [migrations.RunPython(add_standard_method, migrations.RunPython.noop)]
