from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from continuum.errors import ConfigurationError
from continuum.identity.operator_key import operator_key, write_key_file
from tests.requirements import requirement


@requirement("identity:operator-key")
def test_an_operators_key_is_new_each_time() -> None:
    keys = {operator_key("live") for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("ck_live_operator_") and len(key) == 17 + 43 for key in keys)


def test_the_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "operator.key"
    previous = os.umask(0)
    try:
        write_key_file(path, "ck_live_operator_x")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "ck_live_operator_x\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "operator.key"
    path.write_text("first")
    with pytest.raises(ConfigurationError, match="is there already"):
        write_key_file(path, "second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_put_in_the_way_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "operator.key"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="is there already"):
        write_key_file(path, "key")
    assert not (tmp_path / "elsewhere").exists()


def test_of_many_starts_at_once_one_writes_and_nobody_reads_half_a_key(tmp_path: Path) -> None:
    path = tmp_path / "operator.key"
    begin = threading.Barrier(8)
    written: list[str] = []
    read: list[str] = []

    def start(number: int) -> None:
        begin.wait(10)
        key = f"ck_live_operator_{number}" * 20
        try:
            write_key_file(path, key)
            written.append(key)
        except ConfigurationError:
            read.append(path.read_text().strip())

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(written) == 1
    assert read == written * 7


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="set CONTINUUM_API_KEY instead"):
        write_key_file(tmp_path / "file" / "operator.key", "key")
