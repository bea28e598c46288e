from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_mailed_tokens")]

    operations = [
        migrations.AddField(
            model_name="user", name="erase_at", field=models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            model_name="user", name="erased_at", field=models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("erase_at__isnull", False)), fields=["erase_at"], name="user_erase_at"
            ),
        ),
    ]
