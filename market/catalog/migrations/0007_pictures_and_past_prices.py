"""Pictures of shelves and from elsewhere, the prices before the present ones, and the looks of collections by rules."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# As in 0002: the trigger's topic, and the column that holds the key.
TABLES = [("catalog_collection", "collection", "id"), ("catalog_collectionitem", "product", "product_id")]
EVENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}


def triggers() -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER {table}_note_{event} AFTER {event.upper()} ON {table}
            REFERENCING {rows} TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_changes('{topic}', '{key}')
            """,
            f"DROP TRIGGER {table}_note_{event} ON {table}",
        )
        for table, topic, key in TABLES
        for event, rows in EVENTS.items()
    ]


def goes_with(table: str, column: str, owner: str) -> migrations.RunSQL:
    """The database deletes these rows with their owner: the release before does not know them, and deletes it."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_owner FOREIGN KEY ({column})"
        f" REFERENCES {owner} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_owner",
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_searching")]

    operations = [
        migrations.CreateModel(
            name="ImageRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="image_requests",
                        to="catalog.product",
                    ),
                ),
                ("url", models.URLField(max_length=2000)),
                ("alt", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("done", "Done"), ("failed", "Failed")],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_error", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("product", "url"), name="image_url_once_per_product")
                ],
                "indexes": [
                    models.Index(condition=models.Q(("state", "pending")), fields=["due_at"], name="image_request_due")
                ],
            },
        ),
        migrations.CreateModel(
            name="ListingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("product_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="PastPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "variant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past_prices",
                        to="catalog.variant",
                    ),
                ),
                ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("ended_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["variant", "ended_at"], name="past_price_of_variant")]},
        ),
        migrations.AddField(
            model_name="category",
            name="image",
            field=models.ImageField(blank=True, db_default="", max_length=500, upload_to="categories/"),
        ),
        migrations.AddField(
            model_name="collection",
            name="image",
            field=models.ImageField(blank=True, db_default="", max_length=500, upload_to="collections/"),
        ),
        migrations.AddField(
            model_name="collection",
            name="evaluated_up_to",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="collection",
            name="evaluated_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="productimage",
            name="rendered_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="productimage",
            name="render_attempts",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name="productimage",
            index=models.Index(condition=models.Q(("rendered_at__isnull", True)), fields=["id"], name="image_to_render"),
        ),
        migrations.AlterField(
            model_name="collectionitem",
            name="product",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="collection_items",
                to="catalog.product",
            ),
        ),
        goes_with("catalog_imagerequest", "product_id", "catalog_product"),
        goes_with("catalog_collectionitem", "product_id", "catalog_product"),
        goes_with("catalog_pastprice", "variant_id", "catalog_variant"),
        *triggers(),
    ]
