"""Indexes of the orders and filters that came with attributes. Built beside the writes of a running shop."""

from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0004_attributes_and_collections")]

    operations = [
        AddIndexConcurrently(
            model_name='productlisting',
            index=models.Index(Coalesce(models.F('rating'), models.Value(Decimal(0)), output_field=models.DecimalField(decimal_places=2, max_digits=3)), models.F('product'), condition=models.Q(('is_listed', True)), name='listing_rating'),
        ),
        AddIndexConcurrently(
            model_name='productlisting',
            index=models.Index(models.F('category'), Coalesce(models.F('rating'), models.Value(Decimal(0)), output_field=models.DecimalField(decimal_places=2, max_digits=3)), models.F('product'), condition=models.Q(('is_listed', True)), name='listing_category_rating'),
        ),
        AddIndexConcurrently(
            model_name='productlisting',
            index=models.Index(condition=models.Q(('is_featured', True), ('is_listed', True)), fields=['product'], name='listing_featured'),
        ),
        AddIndexConcurrently(
            model_name='productlisting',
            index=GinIndex(fields=['attribute_tokens'], name='listing_attribute_tokens'),
        ),
        AddIndexConcurrently(
            model_name="product",
            index=models.Index(
                condition=models.Q(("product_type__isnull", False)), fields=["product_type"], name="product_type"
            ),
        ),
    ]
