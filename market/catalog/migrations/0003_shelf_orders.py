"""An index of each category's listings in every order that lists have. Built beside the writes of a running shop."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0002_change_rows")]

    operations = [
        AddIndexConcurrently(
            model_name="productlisting",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["category", "title", "product"],
                name="listing_category_title",
            ),
        ),
        AddIndexConcurrently(
            model_name="productlisting",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["category", "popularity", "product"],
                name="listing_category_popularity",
            ),
        ),
    ]
