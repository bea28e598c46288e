from django.db import migrations


class Migration(migrations.Migration):
    """Counts of guesses are written at every login and need to survive nothing."""

    dependencies = [
        ('core', '0003_missed_slots'),
    ]

    operations = [
        migrations.RunSQL(
            'ALTER TABLE core_throttlecount SET UNLOGGED', 'ALTER TABLE core_throttlecount SET LOGGED'
        ),
    ]
