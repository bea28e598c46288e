from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index is built beside running senders, so the migration is no transaction."""

    atomic = False

    dependencies = [
        ("notifications", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="mail",
            name="deaths",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        AddIndexConcurrently(
            model_name="mail",
            index=models.Index(
                condition=models.Q(("state__in", ["sent", "failed"])), fields=["created_at"], name="mail_settled"
            ),
        ),
    ]
