"""The example of a web configuration: promtool accepts it, we read it, and where the two differ is known."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from exporter.config.web_file import load_web
from exporter.core.errors import ConfigError
from exporter.core.web_config import CIPHERS, CIPHERS_OF_TLS13, CURVES
from exporter.web.access import rules
from tests.deploy.conftest import DEPLOY, Run
from tests.kit.certificates import CLIENTS, HTTPS, Authority, users

EXAMPLE = DEPLOY / "web-config.example.yml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates that the example names, and with those of the tests."""
    made = Authority(tmp_path_factory.mktemp("web"))
    for name in ("server", "exporter"):
        made.issue(name)
    shutil.copy(made.folder / "ca.crt", made.folder / "clients-ca.crt")
    return made.folder


def written(folder: Path, text: str) -> Path:
    file = folder / "web.yml"
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def commented_in(text: str) -> str:
    """The example with its keys in comments put to use, but the one that promtool of Debian 12 does not know."""
    return re.sub(r"^( *)# (?=(?:max_version|cipher_suites|prefer_server|curve)\w*:)", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("text", [EXAMPLE.read_text(), commented_in(EXAMPLE.read_text())], ids=["as-is", "all-keys"])
def test_the_example_can_be_used_and_nothing_is_to_be_said_about_it(folder: Path, text: str) -> None:
    ready = rules(load_web(written(folder, text)))
    assert ready.tls is not None
    assert ready.users is not None
    assert ready.config.warnings == ()


def test_the_keys_in_comments_are_keys(folder: Path) -> None:
    text = commented_in(EXAMPLE.read_text())
    text = re.sub(r"^( *)# (?=(?:client_allowed_sans|rate_limit):)", r"\1", text, flags=re.MULTILINE)
    config = load_web(written(folder, text))
    assert config.rate is not None
    assert config.tls is not None
    assert config.tls.allowed_sans
    keys = set(yaml.safe_load(text)) | set(yaml.safe_load(text)["tls_server_config"])
    assert {"rate_limit", "cipher_suites", "curve_preferences", "max_version", "client_allowed_sans"} <= keys


@pytest.mark.servers
@pytest.mark.parametrize("text", [EXAMPLE.read_text(), commented_in(EXAMPLE.read_text())], ids=["as-is", "all-keys"])
def test_promtool_accepts_the_example(promtool: Run, folder: Path, text: str) -> None:
    said = promtool("check", "web-config", written(folder, text).name, cwd=folder)
    assert said.returncode == 0, said.stdout


def tls(line: str) -> str:
    return f"{HTTPS}  {line}\n"


BOTH_ACCEPT = {
    "empty": "",
    "https": HTTPS,
    "client certificates": HTTPS + CLIENTS,
    "optional certificates": HTTPS + CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven"),
    "versions": tls("min_version: TLS12\n  max_version: TLS13"),
    "suites": tls(f"cipher_suites: [{', '.join((*CIPHERS, *CIPHERS_OF_TLS13))}]"),
    **{f"curve {name}": tls(f"curve_preferences: [{name}]") for name in CURVES},
    "users": users("a", "b"),
    "headers": "http_server_config: {headers: {X-Frame-Options: deny, X-Content-Type-Options: nosniff}}\n",
    "http2": "http_server_config: {http2: false}\n",
}
BOTH_REFUSE = {
    "no key": "tls_server_config: {cert_file: server.crt}\n",
    "TLS09": tls("min_version: TLS09"),
    "RC4": tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"),
    "other header": "http_server_config: {headers: {Server: x}}\n",
    "header in small letters": "http_server_config: {headers: {x-frame-options: deny}}\n",
    "plain password": "basic_auth_users: {a: secret}\n",
    "unknown key": "tls: {}\n",
    "authority without a policy": tls("client_ca_file: ca.crt"),
    "key of another certificate": HTTPS.replace("server.key", "exporter.key"),
}
WE_REFUSE = {
    "TLS10": tls("min_version: TLS10"),
    "oldest above newest": tls("min_version: TLS13\n  max_version: TLS12"),
    "no authority": tls("client_auth_type: RequireAndVerifyClientCert"),
    "unverified": tls("client_auth_type: RequireAnyClientCert"),
    "a version and no certificate": "tls_server_config: {min_version: TLS13}\n",
}
"""What promtool lets pass, although it cannot be meant so, or cannot be done by us."""


def we_accept(folder: Path, text: str) -> bool:
    try:
        rules(load_web(written(folder, text)))
    except ConfigError:
        return False
    return True


@pytest.mark.servers
@pytest.mark.parametrize(
    ("text", "theirs", "ours"),
    [
        *(pytest.param(text, True, True, id=name) for name, text in BOTH_ACCEPT.items()),
        *(pytest.param(text, False, False, id=name) for name, text in BOTH_REFUSE.items()),
        *(pytest.param(text, True, False, id=name) for name, text in WE_REFUSE.items()),
    ],
)
def test_we_accept_what_promtool_accepts_but_what_is_known(
    promtool: Run, folder: Path, text: str, *, theirs: bool, ours: bool
) -> None:
    said = promtool("check", "web-config", written(folder, text).name, cwd=folder)
    assert (said.returncode == 0) is theirs, said.stdout
    assert we_accept(folder, text) is ours
