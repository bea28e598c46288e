from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='review',
            name='review_status_newest',
        ),
        migrations.RemoveIndex(
            model_name='review',
            name='review_newest',
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['status', 'id'], name='review_status'),
        ),
    ]
