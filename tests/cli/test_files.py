"""The `files` command writes what belongs to this version, and loses nothing that is there."""

import os
import tomllib
from pathlib import Path

import pytest

from exporter.cli.files import _FOR, run, shipped
from exporter.cli.main import main
from exporter.core.errors import ExporterError

ROOT = Path(__file__).parents[2]
NOT_SHIPPED = {
    "deploy/docker": "the image is built from a checkout",
    "deploy/prometheus/tests": "tests of the rules, for who changes them",
}


def repository() -> set[str]:
    """What of the repository an operator needs."""
    found = {"config.example.yaml"}
    for folder in ("deploy", "grafana/dashboards", "grafana/provisioning"):
        for place, _, names in os.walk(ROOT / folder, followlinks=True):
            found |= {str((Path(place) / name).relative_to(ROOT)) for name in names}
    return {name for name in found if not name.startswith(tuple(f"{folder}/" for folder in NOT_SHIPPED))}


def test_every_file_that_an_operator_needs_is_written_as_it_stands_in_the_repository(tmp_path: Path) -> None:
    assert run(tmp_path / "new" / "folder") == 0
    written = {str(path.relative_to(tmp_path / "new" / "folder")): path for path in (tmp_path / "new").rglob("*.*")}
    files = {name: path for name, path in written.items() if path.is_file()}
    assert repository() - files.keys() == set(), "say in pyproject.toml, under force-include, that the wheel has it"
    assert files.keys() <= repository()
    assert all(path.read_bytes() == (ROOT / name).read_bytes() for name, path in files.items())


def test_every_file_that_is_written_is_named_by_what_it_is_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(tmp_path)
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert set(told) <= _FOR.keys()
    for name, _ in shipped():
        assert any(name == each or name.startswith(f"{each}/") for each in told), name


def test_what_the_wheel_takes_is_taken_to_the_same_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {source: f"exporter/shipped/{source}" for source in included}


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert run(tmp_path) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_file_that_was_changed_stays_and_then_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "deploy" / "alertmanager" / "alertmanager.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("route: {receiver: mine}\n")
    (tmp_path / "notes.txt").write_text("mine")
    assert run(tmp_path) == 1
    assert "deploy/alertmanager/alertmanager.yml" in capsys.readouterr().out
    assert mine.read_text() == "route: {receiver: mine}\n"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"alertmanager.yml", "notes.txt"}


@pytest.mark.parametrize(
    ("name", "why"), [("file", " is no folder"), ("file/below", ": cannot be written: Not a directory")]
)
def test_a_folder_that_cannot_be_one_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["files", str(tmp_path / name)], {}) == 1
    said = capsys.readouterr()
    assert said.err == f"exchange-balance-exporter: {tmp_path / name}{why}\n"
    assert said.out == ""
    assert (tmp_path / "file").read_text() == "x"


def test_an_installation_without_the_files_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("exporter.cli.files._PACKAGE", tmp_path / "exporter")
    with pytest.raises(ExporterError, match="lacks the files"):
        run(tmp_path / "there")


def test_an_installed_package_has_them_beside_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "exporter" / "shipped" / "deploy" / "runbooks" / "Page.md"
    inside.parent.mkdir(parents=True)
    inside.write_text("page")
    monkeypatch.setattr("exporter.cli.files._PACKAGE", tmp_path / "exporter")
    assert dict(shipped()) == {"deploy/runbooks/Page.md": inside}
