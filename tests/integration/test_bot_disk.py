"""The list bot on a disk that is full: ten sizes, then room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bots import HOUR, Server, World, a_patch, smtp_settings

pytest_plugins = ["bot_fixtures"]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


@pytest.fixture
def disk(world: World) -> Iterator[Path]:
    path = world.root / "disk"
    path.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)], check=False)
    if mount.returncode:
        pytest.skip("nothing can be mounted here")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("kib", [64, 100, 124, 140, 160, 200, 232, 264, 300, 400])
def test_a_full_disk_loses_nothing_and_doubles_nothing(kib: int, world: World, server: Server, disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kib}k", str(disk)], check=True)
    world.configure(f'state = "disk/state"\njournal = "disk/journal"\nquiet = "0 s"\n{smtp_settings(server.port)}')
    has_begun = world.forked() == 0  # else the first start comes when there is room, and these mails are older
    world.post(a_patch(1, 2), a_patch(2, 2))
    for _ in range(3):
        assert world.forked() in (0, 75)
        world.later(10 * 60)
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
    for _ in range(3):
        world.later(HOUR)
        assert world.run() == 0
    states = [row["state"] for row in world.rows()]
    assert len(states) == 2 or not has_begun
    assert set(states) <= {"sent", "held"}
    assert len(server.mails) == len(set(server.mails))
    assert states.count("sent") <= len(server.mails)
    assert world.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
