from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_token_revocation")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="new_email",
            field=models.EmailField(blank=True, editable=False, max_length=254, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="token_version",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="refreshfamily",
            name="network",
            field=models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
    ]
