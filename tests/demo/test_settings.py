"""The demo keeps to itself, whatever the machine it runs on is set to."""

from gateway.demo.run import demo_settings
from gateway.settings import read

OURS = {
    "CRS_DATABASE_URL": "postgresql://crs@db/crs",
    "CRS_REDIS_URL": "redis://redis/0",
    "CRS_SECRETS_KEY": "k" * 32,
    "CRS_TELEGRAM_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "CRS_VOICE_ENABLED": "true",
    "CRS_VOICE_KEY": "a long secret of the dialplan",
    "CRS_VOICEXML_KEY": "a long secret of the platform",
    "CRS_WHATSAPP_TOKEN": "token",
    "CRS_WHATSAPP_APP_SECRET": "secret",
    "CRS_WHATSAPP_VERIFY_TOKEN": "word",
    "CRS_WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
}


def test_the_demo_is_no_bot_and_no_hotline_of_yours_and_touches_no_database_of_yours() -> None:
    settings = demo_settings(read(environ=OURS))
    assert (settings.database.url, settings.redis.url) == ("embedded", "embedded")
    assert settings.telegram.token is None
    assert settings.whatsapp.token is None
    assert settings.voicexml.key is None
    assert not settings.mail.host
    assert not settings.voice.enabled
    assert [operator.host for operator in settings.operators] == ["127.0.0.1"]
