"""Files that are there as a whole or not at all."""

from pathlib import Path

import pytest

from gateway.whole_files import replaced


class Interrupted(BaseException):
    """As by Ctrl-C."""


def interrupt(path: Path) -> None:
    with replaced(path) as file:
        file.write("half")
        raise Interrupted


def test_the_old_file_is_read_until_the_new_one_is_complete(tmp_path: Path):
    path = tmp_path / "file.csv"
    path.write_text("old", "utf-8")
    with replaced(path) as file:
        file.write("nový\r\n")
        file.flush()
        assert path.read_text("utf-8") == "old"
    assert path.read_bytes() == "nový\r\n".encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("before", [None, "old"])
def test_what_is_interrupted_changes_nothing(tmp_path: Path, before: str | None):
    path = tmp_path / "file.csv"
    if before:
        path.write_text(before, "utf-8")
    with pytest.raises(Interrupted):
        interrupt(path)
    assert {each.read_text("utf-8") for each in tmp_path.iterdir()} == ({before} if before else set())
