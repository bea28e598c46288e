import core.languages
from django.db import migrations, models


class Migration(migrations.Migration):
    """Nothing of the table: whom the shop makes speaks its own language."""

    dependencies = [
        ("accounts", "0006_language"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                db_default="en",
                default=core.languages.shop_language,
                help_text="The language of mails to them, where there is a translation.",
                max_length=10,
                validators=[core.languages.known_language],
            ),
        ),
    ]
