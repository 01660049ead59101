"""What is kept between runs is bounded, and nobody else's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kfunclint.shelf import Shelf


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def shelf(most_files: int = 9, most_bytes: int = 99, largest: int = 50) -> Shelf:
    return Shelf("test", most_files, most_bytes, largest)


def keys(on: Shelf) -> list[str]:
    return sorted(path.stem for path in on.folder.iterdir())


def fill(on: Shelf, *names: str, size: int = 20) -> None:
    """Store files of a size, each a second younger than the one before."""
    for age, name in enumerate(names):
        on.store(name, b"x" * size)
        path = on.folder / f"{name}.json"
        if path.exists():
            os.utime(path, (age, age))


def test_what_is_stored_is_loaded() -> None:
    shelf().store("a", b"text")
    assert shelf().load("a") == b"text"
    assert shelf().folder.stat().st_mode & 0o777 == 0o700


def test_the_oldest_go_first() -> None:
    fill(shelf(most_files=3), "a", "b", "c", "d")
    assert keys(shelf()) == ["b", "c", "d"]


def test_all_together_have_a_size() -> None:
    fill(shelf(most_bytes=70), "a", "b", "c", "d")
    assert keys(shelf()) == ["b", "c", "d"]


def test_what_is_used_stays() -> None:
    on = shelf(most_files=2)
    fill(on, "a", "b")
    on.load("a")
    on.store("c", b"")
    assert keys(on) == ["a", "c"]


def test_what_is_too_large_is_not_kept() -> None:
    shelf(largest=4).store("a", b"12345")
    assert not shelf().folder.exists()
    shelf().store("a", b"12345")
    with pytest.raises(OSError, match="not a file of ours"):
        shelf(largest=4).load("a")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_what_is_no_file_is_not_read(make: Callable[[Path], None]) -> None:
    shelf().store("a", b"")
    make(shelf().folder / "b.json")
    with pytest.raises(OSError, match=r"not a file of ours|Is a directory"):
        shelf().load("b")


def test_a_file_of_another_user_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf().store("a", b"text")
    os_uid = (shelf().folder / "a.json").stat().st_uid
    if os_uid == 0:
        os.chown(shelf().folder / "a.json", 4242, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os_uid + 1)
    with pytest.raises(OSError, match="of another user"):
        shelf().load("a")


def test_a_full_disk_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    shelf().store("a", b"text")
    assert keys(shelf()) == []
