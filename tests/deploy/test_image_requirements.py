"""What the image is made of is pinned, hashed and complete, and names no index."""

import re
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

import pytest

from tests.deploy import image_requirements
from tests.deploy.image_requirements import BUILD, CONSTRAINTS, MACHINES, PYTHONS, RUNTIME, canonical, wanted, written

NAME = re.compile(r"[A-Za-z0-9._-]+")


def pins(file: str) -> dict[str, list[str]]:
    """The hashes of each pin."""
    found: dict[str, list[str]] = {}
    for line in file.replace("\\\n", " ").split("\n"):
        if line and not line.startswith("#"):
            pin, *hashes = line.split()
            found[pin] = hashes
    return found


def names(requirements: Iterable[str]) -> set[str]:
    """The packages of these requirements, extras left out."""
    own = [each for each in requirements if "extra ==" not in each]
    return {canonical(match.group()) for each in own if (match := NAME.match(each))}


@pytest.mark.parametrize("file", [RUNTIME, BUILD])
def test_every_package_has_the_version_of_the_constraints_and_hashes(file: Path) -> None:
    text = file.read_text("utf-8")
    pinned = {canonical(pin) for pin in CONSTRAINTS.read_text("utf-8").split("\n")}
    assert len(pins(text)) >= 5
    for pin, hashes in pins(text).items():
        assert pin in pinned, "run `make locked`"
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes)
    assert "://" not in text
    assert "index" not in text


def test_what_is_built_for_each_machine_has_a_hash_for_each() -> None:
    each = len(PYTHONS) * len(MACHINES)
    counts = {pin.partition("==")[0]: len(hashes) for pin, hashes in pins(RUNTIME.read_text("utf-8")).items()}
    assert {counts[name] for name in ("aiohttp", "isal", "pydantic-core", "pyyaml", "yarl")} == {each}


def test_everything_that_the_exporter_needs_is_there() -> None:
    listed = {pin.partition("==")[0] for pin in pins(RUNTIME.read_text("utf-8"))}
    left = names(wanted()[RUNTIME][1])
    seen = set[str]()
    while left:
        name = left.pop()
        seen.add(name)
        left |= {each for each in names(_needs(name)) if each not in seen}
    assert seen == listed, "run `make locked`"


def _needs(name: str) -> list[str]:
    """What a package needs on Linux and the Pythons that we run on."""
    elsewhere = re.compile(r"sys_platform|platform_system|os_name|python_(full_)?version *< *.3\.(11|10|9|8)\b|PyPy")
    return [each for each in requires(name) or () if not elsewhere.search(each.partition(";")[2])]


def test_the_build_tools_are_those_of_the_project() -> None:
    listed = {pin.partition("==")[0] for pin in pins(BUILD.read_text("utf-8"))}
    assert names(wanted()[BUILD][1]) <= listed


def test_a_wheel_of_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (version,) = re.findall("(?m)^PyYAML==(.*)$", CONSTRAINTS.read_text("utf-8"))
    wheel = {
        "metadata": {"name": "PyYAML", "version": version},
        "download_info": {"url": "file:///wheels/x.whl", "archive_info": {"hashes": {"sha256": "0" * 64}}},
    }
    monkeypatch.setattr(image_requirements, "resolved", lambda *_: [wheel])
    with pytest.raises(SystemExit, match="folder of this machine"):
        written("x", ["pyyaml"])


def test_a_version_that_is_not_pinned_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = {"metadata": {"name": "PyYAML", "version": "6.0.99"}, "download_info": {}}
    monkeypatch.setattr(image_requirements, "resolved", lambda *_: [wheel])
    with pytest.raises(SystemExit, match="not pinned"):
        written("x", ["pyyaml"])
