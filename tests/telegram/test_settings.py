"""What may be chosen for the bot, and what is said of a choice that cannot be."""

import pytest

from gateway.settings import Settings, SettingsError, read
from tests.installation import operator
from tests.telegram.bot_api import TOKEN

KEY = {"CRS_SECRETS_KEY": "0123456789abcdef"}
BOT = {"CRS_TELEGRAM_TOKEN": TOKEN}


def settings(folder, toml: str = "", **variables: str) -> Settings:
    (folder / "crs.toml").write_text(toml, "utf-8")
    return read(None, KEY | variables, here=folder)


def test_a_token_is_enough(tmp_path):
    chosen = settings(tmp_path, **BOT).telegram
    assert chosen.mode == "polling"
    assert TOKEN not in repr(chosen)


def test_a_webhook_needs_an_address_and_a_secret(tmp_path):
    with pytest.raises(
        SettingsError, match=r'telegram needs public_url and secret_token in the mode "webhook"'
    ):
        settings(tmp_path, '[telegram]\nmode = "webhook"', **BOT)


@pytest.mark.parametrize("secret", ["krátký", "with spaces and more", "žluťoučký_kůň_je_kůň"])
def test_a_secret_that_telegram_would_not_take_is_refused_and_not_shown(tmp_path, secret):
    with pytest.raises(SettingsError, match="is too short, or has other characters") as refused:
        settings(tmp_path, CRS_TELEGRAM_SECRET_TOKEN=secret)
    assert secret not in str(refused.value)


def test_an_operator_is_not_called_like_a_channel(tmp_path):
    with pytest.raises(SettingsError, match='an operator cannot be called "telegram": that is a channel'):
        settings(tmp_path, operator("telegram", 2775))
