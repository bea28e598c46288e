from django.db import migrations, models

import market.customers.models


class Migration(migrations.Migration):
    """What a form refuses; no statement."""

    dependencies = [("customers", "0003_membership")]

    operations = [
        migrations.AlterField(
            model_name="customer",
            name="birth_date",
            field=models.DateField(blank=True, null=True, validators=[market.customers.models.check_birth_date]),
        ),
    ]
