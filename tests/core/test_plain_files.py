"""Only plain files are read, and one that does not answer holds up nobody for long."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.core import plain_files
from exporter.core.plain_files import PlainFiles

PATIENCE = 10.0


class Slow:
    """Stands in for a file system that does not answer for some files until it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: set[str] = set()
        self.answers = threading.Event()
        self.opened: list[str] = []
        self._open = plain_files.opened
        monkeypatch.setattr(plain_files, "opened", self._opened)
        monkeypatch.setattr(plain_files, "SECONDS", 0.3)

    def _opened(self, path: Path) -> int:
        self.opened.append(path.name)
        if path.name in self.names:
            assert self.answers.wait(PATIENCE)
        return self._open(path)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow(monkeypatch)
    yield made
    made.answers.set()


def test_a_file_is_read_with_its_permissions_up_to_a_length(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    file.chmod(0o640)
    content = PlainFiles().read(file, 100)
    assert content.data == b"0123456789"
    assert content.mode & 0o777 == 0o640
    assert PlainFiles().read(file, 4).data == b"0123"


def test_links_are_followed_as_kubernetes_mounts_secrets(tmp_path: Path) -> None:
    for version in ("one", "two"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "key").write_text(version)
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "key").symlink_to("..data/key")
    assert PlainFiles().read(tmp_path / "key", 100).data == b"one"
    (tmp_path / "..new").symlink_to("..two")
    (tmp_path / "..new").replace(tmp_path / "..data")
    assert PlainFiles().read(tmp_path / "key", 100).data == b"two"


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def link_to_a_fifo(path: Path) -> Path:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")
    return path


def device(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


def nothing(path: Path) -> Path:
    return path


def directory(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (fifo, "it is a named pipe (FIFO), and only plain files are read"),
        (link_to_a_fifo, "it is a named pipe (FIFO), and only plain files are read"),
        (device, "it is a device, and only plain files are read"),
        (directory, "Is a directory"),
        (nothing, "No such file or directory"),
    ],
)
def test_what_is_no_plain_file_is_told_at_once(tmp_path: Path, made: Callable[[Path], Path], why: str) -> None:
    with pytest.raises(OSError) as error:
        PlainFiles().read(made(tmp_path / "file"), 100)
    assert error.value.strerror == why


def test_a_name_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="embedded null"):
        PlainFiles().read(tmp_path / "a\0b", 100)


def test_a_file_that_does_not_answer_is_given_up_and_read_anew_once_it_does(tmp_path: Path, slow: Slow) -> None:
    file = tmp_path / "file"
    file.write_text("before")
    slow.names.add("file")
    for _ in range(3):
        with pytest.raises(OSError) as error:
            PlainFiles().read(file, 100)
        expected = "it did not answer for 0.3 s; look at the file system (NFS, CSI volume) that it is on"
        assert error.value.strerror == expected
    assert slow.opened == ["file"], "a second thread was sent after the first"
    slow.names.clear()
    slow.answers.set()
    file.write_text("after")
    assert PlainFiles().read(file, 100).data == b"after"
    assert slow.opened == ["file", "file"]


def test_after_some_files_that_do_not_answer_no_other_is_tried(tmp_path: Path, slow: Slow) -> None:
    slow.names.update(("one", "two", "three", "four"))
    (tmp_path / "fine").write_text("fine")
    files = PlainFiles()
    for name in ("one", "two", "three"):
        with pytest.raises(OSError):
            files.read(tmp_path / name, 100)
        if name != "three":
            assert files.read(tmp_path / "fine", 100).data == b"fine"
    for name in ("four", "fine"):
        with pytest.raises(OSError) as error:
            files.read(tmp_path / name, 100)
        assert error.value.strerror == "it was not tried, since 3 other files did not answer"
    assert "four" not in slow.opened
    assert PlainFiles().read(tmp_path / "fine", 100).data == b"fine"


def test_patterns_find_names_in_order_and_no_hidden_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.yaml", "a.yaml", ".c.yaml", "d.txt"):
        (tmp_path / name).touch()
    assert PlainFiles().matching(f"{tmp_path}/*.yaml") == [f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml"]
    assert PlainFiles().matching(f"{tmp_path}/*.none") == []


def test_a_folder_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def hangs(pattern: str) -> list[str]:
        assert answers.wait(PATIENCE)
        return [pattern]

    monkeypatch.setattr(plain_files, "SECONDS", 0.3)
    monkeypatch.setattr("glob.glob", hangs)
    with pytest.raises(OSError, match=r"did not answer for 0\.3 s"):
        PlainFiles().matching(f"{tmp_path}/*")
    answers.set()


HANGS = """
import time
from pathlib import Path
from exporter.core import plain_files

plain_files.SECONDS = 0.05
plain_files.opened = lambda path: time.sleep(3600)
try:
    plain_files.PlainFiles().read(Path("file"), 100)
except OSError as error:
    print(error.strerror[:17])
"""


def test_the_process_does_not_wait_for_a_file_that_never_answers() -> None:
    over = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60)
    assert (over.returncode, over.stdout, over.stderr) == (0, "it did not answer\n", "")
