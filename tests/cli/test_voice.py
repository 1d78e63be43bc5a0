"""`crs voice`: every sentence gets its sound, and what is missing is named."""

import sys

import pytest
from click.testing import CliRunner, Result

from gateway.cli.voice import voice
from gateway.compose import App
from gateway.settings import Settings, SettingsError

# A header of 8 kHz, 16 bit, mono, with the wrong lengths that a pipe has, and two samples.
ESPEAK = r"""#!/bin/sh
cat > /dev/null
printf 'RIFF....WAVEfmt \020\0\0\0\001\0\001\0\100\037\0\0\200\076\0\0\002\0\020\0'
printf 'data....\1\1\1\1'
"""


@pytest.fixture
def crs(tmp_path, monkeypatch):
    """The command in a machine whose espeak-ng is a shell script."""
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(ESPEAK)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    settings = Settings.model_validate(
        {
            "secrets": {"key": "k" * 32},
            "voice": {"built": tmp_path / "voice"},
            "embedded": {"folder": tmp_path},
        }
    )

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(voice, arguments, obj=App(settings=settings))

    return run


def test_what_is_missing_is_named_and_made(crs, tmp_path):
    before = crs("check")
    assert before.exit_code == 1
    assert "Nic jsme neslyšeli." in before.output
    assert " 0 recorded, 0 synthesised, " in before.output
    made = crs("build")
    assert made.exit_code == 0
    after = crs("check")
    assert after.exit_code == 0
    assert after.output.endswith(" 0 missing.\n")
    assert str(tmp_path / "voice") in made.output


def test_the_list_says_which_file_would_record_a_sentence(crs):
    crs("build")
    (line,) = [line for line in crs("check", "--list").output.splitlines() if "Nic jsme neslyšeli." in line]
    state, file, *_ = line.split()
    assert state == "synthesised"
    assert file.startswith("cs/")
    assert file.endswith(".wav")


def test_without_a_voice_it_is_said_what_to_install(crs, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    found = crs("check")
    assert isinstance(found.exception, SettingsError)
    assert "espeak-ng" in str(found.exception)
