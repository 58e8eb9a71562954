"""From references to secrets: inline text, environment variables and files.

Nothing here quotes what stands under `credentials`, not even the name of a variable or file: people put the secret
itself there.
"""

import codecs
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.config.merge import Found, Layer, Stack
from exporter.config.mistakes import SECRET_NAMES, quoted
from exporter.core.credentials import Credentials, Secret
from exporter.core.plain_files import Content, PlainFiles
from exporter.exchanges.base import Exchange

MAX_SECRET: Final = 65_536

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII).fullmatch
_UNFILLED: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", re.ASCII).search
_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}|\{([^{}]*)\}")


_PEM: Final = "-----BEGIN "


class Resolved(NamedTuple):
    """The secrets of one account, the files they came from, when the key expires, and what to warn about."""

    credentials: Credentials
    files: Mapping[str, Path]
    expires: float | None
    warnings: tuple[str, ...]


class UnusableError(Exception):
    """A reference that leads nowhere, or to no secret; its text is the end of a sentence."""


def resolve(stack: Stack, exchange: Exchange, environ: Mapping[str, str], plain_files: PlainFiles) -> Resolved | None:
    """Find the secrets that an exchange needs; what is wrong goes into the report.

    Secrets that defaults or rules offer and the exchange does not use are left alone; an account's own are refused.
    """
    found: dict[str, Secret] = {}
    files: dict[str, Path] = {}
    warnings: list[str] = []
    references = _references(stack)
    complete = True
    for name, reference in references.items():
        if name not in exchange.credentials:
            if reference.layer.own:
                stack.add(reference, f"{exchange.name} does not use this; take it out")
                complete = False
            continue
        try:
            kind = str(reference.path[-1]).removeprefix(name)
            read = _read(reference, kind, stack.name, environ, plain_files)
        except UnusableError as error:
            stack.add(reference, str(error))
            complete = False
            continue
        found[name] = read.secret
        if read.file is not None:
            files[name] = read.file
        warnings += [stack.warning(reference, each) for each in (read.warning, _doubt(read.secret)) if each]
    for name in exchange.credentials:
        if name not in references:
            text = f"{exchange.name} needs {name}, and it is missing; give {name}_file or {name}_env"
            stack.add(Found(None, stack.entry, ("credentials",)), text)
            complete = False
    if not complete:
        return None
    expires = stack.merged("credentials").get("expires")
    return Resolved(Credentials(**found), MappingProxyType(files), expires.value if expires else None, tuple(warnings))


def _references(stack: Stack) -> dict[str, Found]:
    """Secret name -> the spelling that decides; a later layer's replaces every spelling of an earlier one."""
    found: dict[str, Found] = {}
    for layer in stack.layers:
        keys = layer.settings.credentials
        if keys is None:
            if "credentials" in layer.settings.model_fields_set:
                found.clear()
            continue
        for name in SECRET_NAMES:
            for key in (name, f"{name}_env", f"{name}_file"):
                if key in keys.model_fields_set:
                    found.pop(name, None)
            for key in (name, f"{name}_env", f"{name}_file"):
                if (value := getattr(keys, key)) is not None:
                    found[name] = Found(value, layer, ("credentials", key))
    return found


def in_file(file: Path, plain_files: PlainFiles) -> Secret:
    """The secret that a file holds.

    Raises:
        UnusableError: it cannot be read, or holds none.
    """
    return _checked(_text(_content(file, plain_files)))


class _Read(NamedTuple):
    """A secret, the file that it stands in, if any, and what to warn about there."""

    secret: Secret
    file: Path | None = None
    warning: str = ""


def _read(reference: Found, kind: str, account: str, environ: Mapping[str, str], plain_files: PlainFiles) -> _Read:
    text: str = reference.value.reveal()
    if kind == "_env":
        variable = _expanded(text, account, None)
        if not _ENV_NAME(variable):
            raise UnusableError("this is no name of an environment variable; use letters, digits and underscores")
        if variable not in environ:
            raise UnusableError("the environment variable that this names is not set")
        return _Read(_checked(environ[variable]))
    if kind == "_file":
        file = reference.layer.source.directory / _expanded(text, account, environ)
        content = _content(file, plain_files)
        # A secret that Kubernetes or Docker mounts can often be read by all in its container, and by nobody else.
        loose = content.mode & stat.S_IROTH and not content.fixed
        others = "others can read the file that this names; take it from them with chmod 600"
        return _Read(_checked(_text(content)), file, others if loose else "")
    _refuse_public(reference.layer)
    return _Read(_checked(text))


def _doubt(secret: Secret) -> str:
    """What looks wrong about a secret that may yet be right; empty for nothing."""
    text = secret.reveal()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return "the secret stands in quotes, which count as part of it; take them out where it is written"
    if _UNFILLED(text):
        return "the secret reads like ${NAME}, and nothing replaces that here; write the secret itself, or use _env"
    return ""


def _refuse_public(layer: Layer) -> None:
    if not layer.source.private:
        raise UnusableError(
            "a secret stands in a file that group or others can read; chmod 600 the file, or use _file or _env"
        )


def _expanded(text: str, account: str, environ: Mapping[str, str] | None) -> str:
    """The text with `{account}` and, where there is an environment to take them from, `${NAME}` replaced."""

    def replaced(match: re.Match[str]) -> str:
        variable, word = match.groups()
        if variable is None:
            if word != "account":
                raise UnusableError("only {account} and ${NAME} are replaced here; take other braces out")
            return account
        if environ is None:
            raise UnusableError("${} is not replaced in the name of a variable; write the name itself")
        if not _ENV_NAME(variable):
            raise UnusableError("between ${ and } stands no name of an environment variable")
        if not environ.get(variable):
            raise UnusableError("an environment variable between ${ and } is not set")
        return environ[variable]

    return _REFERENCE.sub(replaced, text)


def _content(file: Path, plain_files: PlainFiles) -> Content:
    try:
        content = plain_files.read(file, MAX_SECRET + 1)
    except OSError as error:
        raise UnusableError(f"the file that this names cannot be read: {error.strerror}") from None
    except ValueError:
        raise UnusableError("this is no name of a file") from None
    if len(content.data) > MAX_SECRET:
        raise UnusableError("the file that this names is too large to hold a secret")
    return content


def _text(content: Content) -> str:
    data = content.data
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        raise UnusableError("the file that this names is UTF-16, as some editors on Windows write; save it as UTF-8")
    if data.startswith(codecs.BOM_UTF8):
        raise UnusableError("the file that this names begins with a byte order mark; save it as UTF-8 without BOM")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UnusableError("the file that this names holds no text") from None


def _checked(text: str) -> Secret:
    """The secret without its trailing newline; a key is visible ASCII, and it goes into headers."""
    text = text.rstrip("\r\n")
    if text.startswith(_PEM):  # several lines by nature: kept as one, with `\n` between them, as JSON would write it
        text = r"\n".join(line.strip() for line in text.splitlines())
    if not text.strip():
        raise UnusableError("the secret is empty")
    if text != text.strip():
        raise UnusableError("the secret begins or ends with a blank; a copy went wrong")
    if not (text.isascii() and text.isprintable()):
        raise UnusableError("the secret holds line breaks or letters beyond ASCII; a copy went wrong")
    return Secret(text)


def same_keys(accounts: list[tuple[Stack, str, Credentials]]) -> None:
    """Report API keys that stand twice on one exchange; both would be charged the same limits twice."""
    seen: dict[tuple[str, Secret], str] = {}
    for stack, exchange, credentials in accounts:
        first = seen.setdefault((exchange, credentials.api_key), stack.name)
        if first != stack.name:
            text = f"account {quoted(stack.name)} has the same API key as account {quoted(first)}; each needs its own"
            stack.add(Found(None, stack.entry, ("credentials",)), text)
