"""Documents of products. The release before does not know them, and deletes their products: the database takes them along."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_spans_by_index")]

    operations = [
        migrations.CreateModel(
            name="ProductDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("title", models.CharField(max_length=200)),
                ("file", models.FileField(max_length=500, upload_to="documents/")),
                ("size_bytes", models.PositiveBigIntegerField(editable=False)),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="catalog.product",
                    ),
                ),
            ],
            options={"ordering": ["position", "pk"]},
        ),
        migrations.RunSQL(
            "ALTER TABLE catalog_productdocument ADD CONSTRAINT catalog_productdocument_product_id_owner"
            " FOREIGN KEY (product_id) REFERENCES catalog_product (id) ON DELETE CASCADE",
            "ALTER TABLE catalog_productdocument DROP CONSTRAINT catalog_productdocument_product_id_owner",
        ),
    ]
