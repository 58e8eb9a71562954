"""The web configuration file is read to its last key, or every mistake in it is reported at once, with its place."""

import re
from pathlib import Path
from typing import Any

import pytest

from exporter.config import web_keys
from exporter.config.web_file import load_web
from exporter.core.errors import ConfigError
from exporter.core.web_config import CIPHERS, CIPHERS_OF_TLS13, CURVES, OPEN, RateLimit, WebConfig
from tests.kit.certificates import CLIENTS, HTTPS, Authority, hashed, users

HASH = hashed()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates."""
    made = Authority(tmp_path_factory.mktemp("web"))
    made.issue("server")
    return made.folder


def loaded(folder: Path, text: str) -> WebConfig:
    file = folder / "web.yml"
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text)
    return load_web(file)


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong, without the name of the folder."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return [each.removeprefix(f"{folder}/") for each in caught.value.mistakes]


def one(folder: Path, text: str) -> str:
    (found,) = mistakes(folder, text)
    return found


def with_tls(line: str) -> str:
    return f"{HTTPS}  {line}\n"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "{}", "tls_server_config:\nrate_limit:\n"])
def test_an_empty_file_is_good_and_means_plain_http_for_everybody(folder: Path, text: str) -> None:
    assert loaded(folder, text) == OPEN


def test_every_key_of_the_format_is_read(folder: Path) -> None:
    config = loaded(
        folder,
        f"""\
{HTTPS}{CLIENTS}\
  client_allowed_sans: [prometheus.example, 192.0.2.7]
  min_version: TLS12
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
  curve_preferences: [CurveP256]
  prefer_server_cipher_suites: no
http_server_config:
  http2: false
  headers:
    Content-Security-Policy: default-src 'none'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: 1; mode=block
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: {HASH}
  123: {HASH}
rate_limit: {{interval: 1m1.5s, burst: 7}}
""",
    )
    tls = config.tls
    assert tls is not None
    assert tls.certificate == (folder / "server.crt").read_text()
    assert tls.key.reveal() == (folder / "server.key").read_text()
    assert tls.client_ca == (folder / "ca.crt").read_text()
    assert (tls.clients, tls.allowed_sans) == ("required", ("prometheus.example", "192.0.2.7"))
    assert (tls.oldest, tls.newest, tls.server_chooses) == ("TLS12", "TLS12", False)
    assert tls.ciphers == ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    assert tls.curves == ("CurveP256",)
    assert dict(config.headers) == {
        "Content-Security-Policy": "default-src 'none'",
        "X-Frame-Options": "deny",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "1; mode=block",
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert {name: each.reveal() for name, each in config.users.items()} == {"prometheus": HASH, "123": HASH}
    assert config.rate == RateLimit(61.5, 7)
    assert config.warnings == ()
    assert HASH not in repr(config)
    assert "PRIVATE" not in repr(config)


def test_the_keys_are_those_of_the_format() -> None:
    assert set(web_keys.TlsKeys.model_fields) == {
        *("cert", "key", "client_ca", "cert_file", "key_file", "client_ca_file", "client_auth_type"),
        *("client_allowed_sans", "min_version", "max_version", "cipher_suites", "prefer_server_cipher_suites"),
        "curve_preferences",
    }


def test_what_is_not_said_is_what_the_format_says(folder: Path) -> None:
    tls = loaded(folder, HTTPS).tls
    assert tls is not None
    assert (tls.oldest, tls.newest, tls.clients, tls.server_chooses) == ("TLS12", "TLS13", "none", True)


def test_certificates_may_stand_in_the_file_itself(folder: Path) -> None:
    def inline(key: str, file: str) -> str:
        text = (folder / file).read_text().strip().replace("\n", "\n    ")
        return f"  {key}: |\n    {text}\n"

    parts = inline("cert", "server.crt") + inline("key", "server.key") + inline("client_ca", "ca.crt")
    text = f"tls_server_config:\n  client_auth_type: VerifyClientCertIfGiven\n{parts}"
    tls = loaded(folder, text).tls
    assert tls is not None
    assert tls.clients == "optional"
    assert (tls.certificate, tls.client_ca) == tuple((folder / name).read_text() for name in ("server.crt", "ca.crt"))


def test_paths_start_at_the_folder_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert loaded(folder, HTTPS).tls is not None
    assert loaded(folder, HTTPS.replace("server.crt", str(folder / "server.crt"))).tls is not None


@pytest.mark.parametrize("name", [*CIPHERS, *CIPHERS_OF_TLS13])
def test_every_suite_of_go_is_known(folder: Path, name: str) -> None:
    assert loaded(folder, with_tls(f"cipher_suites: [{name}]")).tls is not None


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_of_go_is_known(folder: Path, name: str) -> None:
    tls = loaded(folder, with_tls(f"curve_preferences: [{name}]")).tls
    assert tls is not None
    assert tls.curves == (name,)


def test_suites_of_tls_13_alone_mean_that_12_is_not_spoken(folder: Path) -> None:
    config = loaded(folder, with_tls("cipher_suites: [TLS_AES_128_GCM_SHA256]"))
    assert config.tls is not None
    assert (config.tls.oldest, config.tls.ciphers) == ("TLS13", ())
    (warning,) = config.warnings
    assert "cannot be chosen" in warning


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("min_version: TLS10", "TLS10 is broken (RFC 8996) and not spoken here; use TLS12 or TLS13"),
        ("max_version: TLS11", "TLS11 is broken (RFC 8996) and not spoken here; use TLS12 or TLS13"),
        ("min_version: TLS9", '"TLS9" is no version of TLS'),
        ("client_auth_type: RequestClientCert", "takes any certificate without verifying it"),
        ("client_auth_type: RequireAnyClientCert", "takes any certificate without verifying it"),
        ("client_auth_type: RequireClientCert", "takes any certificate without verifying it"),
        ("client_auth_type: RequireAndVerifyClientCrt", 'did you mean "RequireAndVerifyClientCert"?'),
        ("client_auth_type: RequireAndVerifyClientCert", "needs client_ca_file"),
        ("client_auth_type: VerifyClientCertIfGiven", "needs client_ca_file"),
        ("client_ca_file: ca.crt", "does nothing without client_auth_type"),
        ("client_allowed_sans: [a.example]", "needs client_auth_type: RequireAndVerifyClientCert"),
        ("client_allowed_sans: []", "is an empty list; take the key out"),
        ("cipher_suites: [TLS_ECDHE_RSA_WITH_RC4_128_SHA]", "is no suite that is spoken here; did you mean"),
        ("cipher_suites: [nonsense]", "names are Go's, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]", "(no forward secrecy); take ECDHE ones"),
        ("cipher_suites: []", "is an empty list; take the key out"),
        ("cipher_suites: TLS_AES_128_GCM_SHA256", "must be a list, like [one, two]"),
        ("curve_preferences: [CurveP512]", 'did you mean "CurveP521"?'),
        ("curve_preferences: [X25519, X25519]", '"X25519" is listed twice; keep one'),
        ("prefer_server_cipher_suites: perhaps", '"perhaps" is neither true nor false'),
        ("cert: abc", "cert and cert_file stand side by side; keep exactly one of them"),
        ("key: abc", "key and key_file stand side by side; keep exactly one of them"),
        ("cert_fil: abc", 'unknown key; did you mean "cert_file"?'),
        ("client_ca_file: gone.crt", "the file that this names cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_place_and_why(folder: Path, line: str, sentence: str) -> None:
    found = mistakes(folder, with_tls(line))
    (right,) = [each for each in found if sentence in each]
    key = line.partition(":")[0]
    assert re.match(rf"web\.yml:[234]: tls_server_config\.{key.removesuffix('_file')}(_file)?(\[0\])?: ", right), right


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tls_server_config: {key_file: server.key}", "cert_file is missing, so there is nothing to serve HTTPS with"),
        ("tls_server_config: {cert_file: server.crt}", "key_file is missing"),
        ("tls_server_config: [a]", "must be a mapping"),
        ("tls_server_confi: {}", 'unknown key; did you mean "tls_server_config"?'),
        ("- a", "must be a mapping"),
        ("http_server_config: {headers: {Server: x}}", "unknown key; there are Content-Security-Policy"),
        ("http_server_config: {headers: {x-frame-options: deny}}", 'did you mean "X-Frame-Options"?'),
        ("http_server_config: {headers: {X-Frame-Options: allow}}", "it may be deny or sameorigin"),
        ("http_server_config: {headers: {X-Content-Type-Options: x}}", "it may be nosniff"),
        ('http_server_config: {headers: {X-XSS-Protection: "a\\nb"}}', "holds a control character or a line break"),
        ("http_server_config: {headers: {X-XSS-Protection: ü}}", "holds a letter that a header cannot have"),
        ("http_server_config: {http3: true}", 'did you mean "http2"?'),
        ("basic_auth_users: {prometheus: secret}", "is no bcrypt hash"),
        ("basic_auth_users: {prometheus: }", "is no bcrypt hash"),
        (f"basic_auth_users: {{prometheus: {HASH[:-1]}}}", "is no bcrypt hash"),
        (f"basic_auth_users: {{prometheus: {HASH.replace('$04$', '$17$')}}}", "has a cost of 17; it may be 4 to 16"),
        (f'basic_auth_users: {{"a:b": {HASH}}}', "cannot hold a colon"),
        (f'basic_auth_users: {{"": {HASH}}}', "a user has no name"),
        (f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}", "stands here twice, first in line 2"),
        ("rate_limit: {interval: 1s}", "burst is missing; without it every request would be refused"),
        ("rate_limit: {burst: 7}", "interval is missing"),
        ("rate_limit: {interval: 1d, burst: 7}", '"1d" is no duration'),
        ("rate_limit: {interval: 1s, burst: 0}", '"0" is no whole number of at least 1'),
        ("rate_limit: {interval: 2h, burst: 1}", "is out of range; it may be up to 1h"),
        ("rate_limit: {", "not valid YAML"),
    ],
)
def test_a_mistake_is_a_sentence_with_file_and_line(folder: Path, text: str, sentence: str) -> None:
    found = one(folder, text)
    assert sentence in found
    assert re.match(r"web\.yml:\d+: ", found)


def test_every_mistake_is_told_at_once(folder: Path) -> None:
    found = mistakes(
        folder,
        f"""\
tls_server_config:
  cert_file: gone.crt
  key_file: server.crt
  min_version: TLS13
  max_version: TLS12
  ciphers: []
basic_auth_users:
  a: {HASH}
  b: password
  c: other
rate_limit: {{burst: 1}}
""",
    )
    assert [re.sub(r": [^:]*$", "", each) for each in found] == [
        "web.yml:2: tls_server_config.cert_file: the file that this names cannot be read",
        "web.yml:3: tls_server_config.key_file",
        "web.yml:4: tls_server_config.min_version",
        "web.yml:6: tls_server_config.ciphers",
        "web.yml:9: basic_auth_users.b",
        "web.yml:10: basic_auth_users.c",
        "web.yml:11: rate_limit",
    ]


@pytest.mark.parametrize("text", ["basic_auth_users: {x: hunter22}", f'basic_auth_users: {{"{HASH}": hunter22}}'])
def test_no_mistake_quotes_a_password_or_a_hash(folder: Path, text: str) -> None:
    found = "\n".join(mistakes(folder, text))
    assert "hunter22" not in found
    assert HASH[:20] not in found


def test_a_key_with_a_password_is_refused(folder: Path) -> None:
    (folder / "locked.key").write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nabc\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    assert "the key is encrypted" in one(folder, HTTPS.replace("server.key", "locked.key"))


@pytest.mark.parametrize(("old", "file"), [("cert", "server.key"), ("key", "server.crt")])
def test_the_other_file_is_no_certificate_and_no_key(folder: Path, old: str, file: str) -> None:
    found = one(folder, re.sub(rf"{old}_file: .*", f"{old}_file: {file}", HTTPS))
    assert f"tls_server_config.{old}_file: holds no " in found


def test_a_file_that_is_none_of_ours_to_wait_for_is_refused(folder: Path) -> None:
    assert "it is a device, and only plain files are read" in one(folder, HTTPS.replace("server.key", "/dev/zero"))


def test_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file; name the configuration with --web\.config\.file"):
        load_web(tmp_path / "web.yml")


def test_hashes_that_others_can_read_are_warned_about(folder: Path) -> None:
    file = folder / "web.yml"
    loaded(folder, users("prometheus"))
    assert load_web(file).warnings == ()
    file.chmod(0o644)
    (warning,) = load_web(file).warnings
    assert re.search(r"web\.yml:1: basic_auth_users: others can read this file", warning)


def test_a_key_file_that_others_can_read_is_warned_about(folder: Path) -> None:
    (folder / "open.key").write_text((folder / "server.key").read_text())
    (folder / "open.key").chmod(0o644)
    (warning,) = loaded(folder, HTTPS.replace("server.key", "open.key")).warnings
    assert "others can read the file that this names" in warning


def test_a_key_within_a_file_that_others_can_read_is_refused(folder: Path) -> None:
    text = (folder / "server.key").read_text().strip().replace("\n", "\n    ")
    loaded(folder, f"tls_server_config:\n  cert_file: server.crt\n  key: |\n    {text}\n")
    (folder / "web.yml").chmod(0o640)
    with pytest.raises(ConfigError, match="a private key stands in a file that group or others can read"):
        load_web(folder / "web.yml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("http_server_config: {http2: true}", "HTTP/2 is not spoken here"),
        ("basic_auth_users:\n", "names nobody, so no password is asked for"),
        (
            with_tls("min_version: TLS13\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]"),
            "does nothing under min_version: TLS13",
        ),
    ],
)
def test_what_does_nothing_is_warned_about(folder: Path, text: str, sentence: str) -> None:
    (warning,) = loaded(folder, text).warnings
    assert sentence in warning


@pytest.mark.parametrize(("text", "rate"), [("interval: 0, burst: 1", None), ("interval: 100ms, burst: 5", (0.1, 5))])
def test_a_rate_of_nothing_is_no_limit(folder: Path, text: str, rate: Any) -> None:
    assert loaded(folder, f"rate_limit: {{{text}}}").rate == (RateLimit(*rate) if rate else None)
