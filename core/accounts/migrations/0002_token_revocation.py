"""Access tokens that are good no more; a user who is disabled or deleted, however that is done, loses all of them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The families first: a refresh that was faster has taken its time of issue before `not_before` is taken.
REVOKE = """
    CREATE FUNCTION accounts_revoke_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE accounts_refreshfamily SET revoked_at = clock_timestamp()
        WHERE user_id = OLD.id AND revoked_at IS NULL;
        INSERT INTO accounts_tokenrevocation (user_id, not_before) VALUES (OLD.id, clock_timestamp())
        ON CONFLICT (user_id) DO UPDATE SET not_before = EXCLUDED.not_before;
        RETURN NULL;
    END
    $$
"""
DISABLED = """
    CREATE TRIGGER accounts_user_disabled AFTER UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION accounts_revoke_tokens()
"""
DELETED = """
    CREATE TRIGGER accounts_user_deleted AFTER DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_revoke_tokens()
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="TokenRevocation",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="revocation",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("not_before", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["not_before"], name="token_revocation_not_before")],
            },
        ),
        migrations.RunSQL(REVOKE, "DROP FUNCTION accounts_revoke_tokens()"),
        migrations.RunSQL(DISABLED, "DROP TRIGGER accounts_user_disabled ON accounts_user"),
        migrations.RunSQL(DELETED, "DROP TRIGGER accounts_user_deleted ON accounts_user"),
    ]
