"""What staff call a promotion, beside what buyers see."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricing", "0001_promotions")]

    operations = [
        migrations.AddField(
            model_name="promotion",
            name="name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As staff call it; empty: as buyers do",
                max_length=100,
            ),
        ),
    ]
