"""Writes what the image is made of: every package that runs in it or builds it, with the hashes of its wheels.

`python -m tests.deploy.image_requirements` asks pip what it would install, in the versions of `constraints.txt`, for
each Python and machine below, and writes the hashes that the package index states for those wheels. pip then refuses
any other file, whatever index or mirror it comes from. No index is named in what is written.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
RUNTIME = ROOT / "deploy" / "docker" / "requirements.txt"
BUILD = ROOT / "deploy" / "docker" / "build-requirements.txt"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
NEWEST_GLIBC = 36
"""Of glibc 2: Debian 12's, on which the image stands."""

HEAD = """\
# {what}, with the hashes of their wheels for Python {pythons} on {machines}.
# Written by `make locked` from pyproject.toml and constraints.txt: do not edit it by hand.
"""


def wanted() -> Mapping[Path, tuple[str, list[str]]]:
    """By file: what stands in it, in words, and as the requirements of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {
        RUNTIME: ("What runs in the image", project["project"]["dependencies"]),
        BUILD: ("What builds the wheel of the image", project["build-system"]["requires"]),
    }


def resolved(requirements: Iterable[str], python: str, machine: str) -> list[Mapping[str, Any]]:
    """What pip would install there, as its report says.

    Markers in requirements are those of the Python that runs this: the oldest of `PYTHONS` needs the most.
    """
    short = python.replace(".", "")
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, 4, -1)]
    platforms += [f"--platform=manylinux2014_{machine}"]
    abis = [f"--abi={abi}" for abi in (f"cp{short}", "abi3", "none")]
    target = ["--implementation=cp", f"--python-version={python}", *abis, *platforms]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    with TemporaryDirectory() as unused:  # the pip that comes with Python 3.11 wants a place even for a dry run
        dry = ["--dry-run", "--ignore-installed", f"--target={unused}", "--report=-"]
        command = [*pip, *dry, "--only-binary=:all:", "-c", str(CONSTRAINTS), *target, *requirements]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return list(json.loads(done.stdout)["install"])


def written(what: str, requirements: Iterable[str]) -> str:
    """One file's text.

    Raises:
        SystemExit: a version is not pinned, or a wheel comes from a folder of this machine, which proves nothing.
    """
    pinned = set(CONSTRAINTS.read_text("utf-8").split("\n"))
    hashes: dict[str, set[str]] = {}
    for python, machine in product(PYTHONS, MACHINES):
        for found in resolved(requirements, python, machine):
            name, version = found["metadata"]["name"], found["metadata"]["version"]
            if not any(canonical(pin) == canonical(f"{name}=={version}") for pin in pinned):
                raise SystemExit(f"{name}=={version} is not pinned in constraints.txt: add it there")
            if found["download_info"]["url"].startswith("file:"):
                raise SystemExit(f"{name} was found in a folder of this machine: unset what makes pip look there")
            hashes.setdefault(canonical(f"{name}=={version}"), set()).add(
                found["download_info"]["archive_info"]["hashes"]["sha256"]
            )
    head = HEAD.format(what=what, pythons=", ".join(PYTHONS), machines=" and ".join(MACHINES))
    return head + "".join(
        " \\\n    ".join((pin, *(f"--hash=sha256:{each}" for each in sorted(hashes[pin])))) + "\n"
        for pin in sorted(hashes)
    )


def canonical(pin: str) -> str:
    """A pin with its package's name as indexes write it."""
    name, equals, version = pin.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + equals + version


def main() -> None:
    """Write both files."""
    texts = {file: written(*what) for file, what in wanted().items()}
    for file, text in texts.items():
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
