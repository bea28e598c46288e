"""What search reads: documents, the words of the catalog, counts for facets, and the walk that keeps them."""

import uuid

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


def deleted_with(table: str, column: str, owner: str) -> migrations.RunSQL:
    """The database deletes these rows itself, so that code which does not know them yet can delete their owner."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_owner FOREIGN KEY ({column})"
        f" REFERENCES {owner} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_owner",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_orders_and_filters'),
    ]

    operations = [
        migrations.CreateModel(
            name='CatalogWalk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_product_id', models.BigIntegerField(default=0)),
                ('boundaries', models.JSONField(default=list)),
                ('version', models.UUIDField(default=uuid.uuid4)),
                ('changes_seen', models.BigIntegerField(default=0)),
                ('is_complete', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='SearchDocument',
            fields=[
                ('product', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search_document', serialize=False, to='catalog.product')),
                ('is_listed', models.BooleanField()),
                ('popularity', models.PositiveIntegerField(default=0)),
                ('tier', models.PositiveSmallIntegerField(db_default=5, default=5)),
                ('document', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(condition=models.Q(('is_listed', True), ('tier', tier)), fastupdate=False, fields=['document'], name=f'search_tier_{tier}')
                    for tier in range(6)
                ],
            },
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('word', models.CharField(db_collation='C', max_length=64, primary_key=True, serialize=False)),
                ('stem', models.CharField(db_collation='C', max_length=64)),
                ('products', models.PositiveIntegerField()),
                ('counted', models.PositiveIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['-products', 'word'], name='search_word_products')],
            },
        ),
        migrations.CreateModel(
            name='FacetCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16)),
                ('value', models.TextField(db_collation='C')),
                ('products', models.PositiveIntegerField(default=0)),
                ('counted', models.PositiveIntegerField(default=0)),
                ('category', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.category')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('category', 'kind', 'value'), name='facet_count_once', nulls_distinct=False)],
            },
        ),
        deleted_with("catalog_searchdocument", "product_id", "catalog_product"),
        deleted_with("catalog_facetcount", "category_id", "catalog_category"),
    ]
