"""The rate that every shop begins with."""

from django.conf import settings
from django.db import migrations


def add_standard_rate(apps, schema_editor):
    rates = apps.get_model("taxes", "TaxRate").objects
    rates.get_or_create(
        tax_class="standard", country="", defaults={"name": "Standard", "rate": settings.STANDARD_TAX_RATE}
    )


class Migration(migrations.Migration):
    dependencies = [("taxes", "0001_initial")]
    operations = [migrations.RunPython(add_standard_rate, migrations.RunPython.noop)]
