"""The `files` subcommand: writes rules, dashboards, units and all else that belongs to this version of the program."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import exporter
from exporter.core.errors import ExporterError
from exporter.core.wording import counted

_PACKAGE: Final = Path(exporter.__file__).parent
_INSIDE: Final = "exporter/shipped/"
"""Where the wheel has them; `pyproject.toml` says which they are."""

_FOR: Final[Mapping[str, str]] = {
    "config.example.yaml": "every key of the configuration",
    "deploy/prometheus": "scrape configuration and rules for Prometheus; README.md says what each costs",
    "deploy/alertmanager": "an example of routes and receivers, and templates",
    "deploy/runbooks": "a page for each alert: what it means, what to do",
    "deploy/systemd": "units; README.md says how they are installed",
    "deploy/kubernetes": "manifests for kustomize; README.md says how they are installed",
    "deploy/helm": "a chart for helm",
    "deploy/web-config.example.yml": "TLS and passwords, for --web.config.file",
    "grafana": "dashboards and their provisioning",
}


def run(folder: Path) -> int:
    """Write the files below this folder, and say what they are for; a file that is there and differs stays.

    Returns:
        0; or 1 if files that are there differ: then nothing was written.

    Raises:
        ExporterError: a file or folder cannot be written; names it. What was written before it is whole.
    """
    files = dict(shipped())
    if folder.exists() and not folder.is_dir():
        raise ExporterError(f"{folder} is no folder")
    try:
        there = {name: target for name in files if (target := folder / name).exists()}
        differing = [name for name, target in there.items() if not _same(target, files[name])]
        if differing:
            print(f"In {folder} is something else than version {exporter.__version__} has:\n")
            print(*(f"  {name}" for name in differing), sep="\n")
            print("\nNothing was written. Name a new folder and compare, or move these away first.")
            return 1
        for name in sorted(files.keys() - there.keys()):
            _write(folder / name, files[name].read_bytes())
    except OSError as error:
        raise ExporterError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    print(f"{counted(len(files), 'file')} of version {exporter.__version__} are in {folder}:\n")
    for name, meaning in _FOR.items():
        if any(file == name or file.startswith(f"{name}/") for file in files):
            print(f"  {name:30} {meaning}")
    return 0


def shipped() -> Iterator[tuple[str, Path]]:
    """The files of this version, by their path below the folder that they are written to.

    From the installed package, or from the checkout that it was installed from to be edited.

    Raises:
        ExporterError: neither has them.
    """
    for inside, source in _sources().items():
        if source.is_file():
            yield inside, source
        # The chart has links to the rules and dashboards.
        for place, folders, names in os.walk(source, followlinks=True):
            folders.sort()
            for name in sorted(names):
                file = Path(place, name)
                yield str(Path(inside, file.relative_to(source))), file


def _sources() -> Mapping[str, Path]:
    installed, checkout = _PACKAGE / "shipped", _PACKAGE.parent
    if installed.is_dir():
        return {"": installed}
    try:
        project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        raise ExporterError("this installation lacks the files; install the package anew") from None
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    return {target.removeprefix(_INSIDE): checkout / source for source, target in included.items()}


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()


def _write(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
