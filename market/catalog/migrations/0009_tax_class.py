"""The tax class of a product."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_pending_documents")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="tax_class",
            field=models.CharField(
                max_length=32,
                default="standard",
                db_default="standard",
                help_text="A class that some tax rate has, else the standard rate is due.",
            ),
        ),
    ]
