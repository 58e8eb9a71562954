"""Where secrets come from, and that they go nowhere else."""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from exporter.config import Config
from exporter.config.load import load
from exporter.config.show import show
from exporter.core.errors import ConfigError

Written = Callable[[str], Config]
Mistaken = Callable[[str], list[str]]

MARKER = "mArKeR7f3a"
UNFILLED = "the secret reads like ${NAME}, and nothing replaces that here; write the secret itself, or use _env"
UTF_16 = "the file that this names is UTF-16, as some editors on Windows write; save it as UTF-8"


def bitmart(credentials: str) -> str:
    return f"accounts:\n  - name: desk\n    exchange: bitmart\n    credentials: {credentials}\n"


def test_a_secret_may_stand_in_a_file_that_only_its_owner_reads(written: Written) -> None:
    assert written(bitmart("{api_key: 0777}")).accounts[0].credentials.api_key.reveal() == "0777"


def test_a_secret_file_is_read_without_its_trailing_newline(written: Written, tmp_path: Path) -> None:
    (tmp_path / "desk-key").write_text("the key\r\n")
    account = written(bitmart('{api_key_file: "{account}-key"}')).accounts[0]
    assert account.credentials.api_key.reveal() == "the key"
    assert account.secret_files == {"api_key": tmp_path / "desk-key"}


def test_a_directory_may_come_from_the_environment(written: Written, tmp_path: Path, environ: dict[str, str]) -> None:
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/desk").write_text("found")
    account = written(bitmart('{api_key_file: "${CREDENTIALS_DIRECTORY}/{account}"}')).accounts[0]
    assert account.credentials.api_key.reveal() == "found"


def test_a_name_in_braces_from_the_environment_is_not_replaced_again(
    written: Written, tmp_path: Path, environ: dict[str, str]
) -> None:
    environ["DIRECTORY"] = "{account}"
    (tmp_path / "{account}").write_text("found")
    assert written(bitmart('{api_key_file: "${DIRECTORY}"}')).accounts[0].credentials.api_key.reveal() == "found"


def test_a_secret_file_that_others_can_read_is_warned_about(written: Written, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("found")
    (tmp_path / "key").chmod(0o604)
    expected = "others can read the file that this names; take it from them with chmod 600"
    assert written(bitmart("{api_key_file: key}")).warnings == (
        f"{tmp_path}/config.yaml:4: accounts[0].credentials.api_key_file: {expected}",
    )
    (tmp_path / "key").chmod(0o640)
    assert written(bitmart("{api_key_file: key}")).warnings == ()


def test_a_file_on_what_is_mounted_read_only_is_not_warned_about(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("found")
    (tmp_path / "key").chmod(0o644)
    mounted = SimpleNamespace(f_flag=os.ST_RDONLY | os.ST_NOSUID)
    monkeypatch.setattr(os, "fstatvfs", lambda _: mounted)
    assert written(bitmart("{api_key_file: key}")).warnings == ()


@pytest.mark.parametrize(
    ("secret", "end"),
    [
        ('"MARKER"', "the secret stands in quotes, which count as part of it; take them out where it is written"),
        ("'MARKER'", "the secret stands in quotes, which count as part of it; take them out where it is written"),
        *(
            (
                text,
                "the secret reads like ${NAME}, and nothing replaces that here; write the secret itself, or use _env",
            )
            for text in ("${MARKER}", "x${MARKER}")
        ),
    ],
)
@pytest.mark.parametrize("kind", ["", "_env", "_file"])
def test_a_secret_that_looks_wrong_is_warned_about_wherever_it_stands(
    written: Written, tmp_path: Path, environ: dict[str, str], kind: str, secret: str, end: str
) -> None:
    environ["KEY"] = secret
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(f"{secret}\n")
    value = {"": json.dumps(secret), "_env": "KEY", "_file": "key"}[kind]
    config = written(bitmart(f"{{api_key{kind}: {value}}}"))
    assert config.warnings == (f"{tmp_path}/config.yaml:4: accounts[0].credentials.api_key{kind}: {end}",)
    assert config.accounts[0].credentials.api_key.reveal() == secret


@pytest.mark.parametrize("secret", ['"', 'a"', "it's", "$name", "{name}", "${}", "$(name)"])
def test_a_secret_that_may_be_right_is_not_warned_about(written: Written, environ: dict[str, str], secret: str) -> None:
    environ["KEY"] = secret
    assert written(bitmart("{api_key_env: KEY}")).warnings == ()


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"", "the secret is empty"),
        (b" \n", "the secret is empty"),
        (b" hush", "the secret begins or ends with a blank; a copy went wrong"),
        (b"hu\nsh", "the secret holds line breaks or letters beyond ASCII; a copy went wrong"),
        ("húsh".encode(), "the secret holds line breaks or letters beyond ASCII; a copy went wrong"),
        (b"\xff\xf0", "the file that this names holds no text"),
        (b"\xff\xfeh\0i\0", UTF_16),
        (b"\xfe\xff\0h\0i", UTF_16),
        (b"h\0i\0", UTF_16),
        (b"\xef\xbb\xbfhush", "the file that this names begins with a byte order mark; save it as UTF-8 without BOM"),
        (b"x" * 70_000, "the file that this names is too large to hold a secret"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(mistakes: Mistaken, tmp_path: Path, content: bytes, end: str) -> None:
    (tmp_path / "key").write_bytes(content)
    assert mistakes(bitmart("{api_key_file: key}")) == [f"config.yaml:4: accounts[0].credentials.api_key_file: {end}"]


def test_an_empty_variable_is_no_secret(mistakes: Mistaken, environ: dict[str, str]) -> None:
    environ["KEY"] = ""
    assert mistakes(bitmart("{api_key_env: KEY}")) == [
        "config.yaml:4: accounts[0].credentials.api_key_env: the secret is empty"
    ]


def test_a_key_expires_at_the_end_of_its_day(written: Written) -> None:
    expires = written(bitmart("{api_key: x, expires: 1970-01-02}")).accounts[0].expires
    assert expires == 2 * 86_400


@pytest.mark.parametrize(
    "credentials",
    [
        MARKER,
        f"[{MARKER}]",
        f"{{{MARKER}}}",
        f"{{{MARKER}: {MARKER}, {MARKER}: x}}",
        f"{{? [{MARKER}] : x}}",
        f"{{api_key: [{MARKER}]}}",
        f"{{api_key: {{{MARKER}: {MARKER}}}}}",
        f"{{api_key: {MARKER}, api_key: {MARKER}}}",
        f"{{api_key: {MARKER}, api_key_env: {MARKER}}}",
        f"{{api_key_env: {MARKER}}}",
        f"{{api_key_env: {MARKER}-}}",
        f"{{api_key_env: '${{{MARKER}}}'}}",
        f"{{api_key_file: {MARKER}}}",
        f"{{api_key_file: '{{{MARKER}}}'}}",
        f"{{api_key_file: '${{{MARKER}}}'}}",
        f"{{api_key_file: '${{-{MARKER}}}'}}",
        f'{{api_key_file: "{MARKER}\\0"}}',
        f'{{api_key: "{MARKER}\\n{MARKER}"}}',
        f'{{api_key: "{MARKER}\\q"}}',
        f"{{api_key: !{MARKER} x}}",
        f"{{api_key: !{MARKER}!x y}}",
        f"{{api_key: *{MARKER}}}",
        f"{{api_key: &{MARKER}}}",
        f"{{api_key: @{MARKER}}}",
        f"{{api_key: {MARKER}",
        f'"{MARKER}',
        f"{{api_key: {MARKER}é}}",
        f"{{secret: {MARKER}, api_key: x}}",
        f"{{api_key: x, expires: {MARKER}}}",
        f"{{api_keys: {MARKER}}}",
        f"\n    api_key: {MARKER}",
        f"\n      api_key: a: {MARKER}",
        f"\n      api_key {MARKER}",
        f"{{api_key: x}}\n    base_url: https://me:{MARKER}@example.com",
        f"{{api_key: x}}\n    base_url: {{'https://me:{MARKER}@example.com': x}}",
        f"{{api_key: x}}\n    proxy: socks5://me:{MARKER}@example.com",
        f"{{api_key: x}}\n    proxy: http://me:{MARKER}@example.com/path",
    ],
)
def test_no_mistake_shows_a_secret(tmp_path: Path, credentials: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(bitmart(credentials))
    file.chmod(0o600)
    with pytest.raises(ConfigError) as error:
        load(file, {})
    assert error.value.mistakes
    assert MARKER not in "\n".join(traceback.format_exception(error.value))


def test_the_same_key_twice_is_told_by_the_names_of_the_accounts(mistakes: Mistaken) -> None:
    text = bitmart(f"{{api_key: {MARKER}}}") + bitmart(f"{{api_key: {MARKER}}}")[10:].replace("desk", "vault")
    expected = 'account "vault" has the same API key as account "desk"; each needs its own'
    assert mistakes(text) == [f"config.yaml:7: accounts[1].credentials: {expected}"]


def test_the_same_key_on_two_exchanges_is_no_mistake(written: Written) -> None:
    other = "  - {name: b, exchange: xt, credentials: {api_key: same, secret: x}}\n"
    assert len(written(bitmart("{api_key: same}") + other).accounts) == 2


def test_a_configuration_shows_no_secret(written: Written) -> None:
    proxy = f"http://me:{MARKER}@127.0.0.1:3128"
    config = written(bitmart(f"{{api_key: {MARKER}}}\n    proxy: {proxy}"))
    assert config.accounts[0].credentials.api_key.reveal() == MARKER
    assert config.accounts[0].proxy == proxy
    assert MARKER not in repr(config) + str(config) + show(config) + json.dumps(config.warnings)


def test_show_masks_secrets_and_the_password_of_a_proxy(written: Written) -> None:
    text = show(written(bitmart(f"{{api_key: {MARKER}}}\n    proxy: http://me:{MARKER}@127.0.0.1:3128")))
    assert "      api_key: <secret>\n" in text
    assert "    proxy: http://<secret>@127.0.0.1:3128\n" in text
