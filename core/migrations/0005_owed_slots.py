from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('core', '0004_unlogged_counts'),
    ]

    operations = [
        migrations.AddField(
            model_name='scheduleslot',
            name='is_owed',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name='scheduleslot',
            index=models.Index(condition=models.Q(('is_owed', True)), fields=['slot_at'], name='schedule_slot_owed'),
        ),
    ]
