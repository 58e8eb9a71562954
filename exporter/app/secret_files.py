"""Notices rewritten secret files by what they hold, so that a new key needs no reload."""

from exporter.config import Account
from exporter.config.secrets import UnusableError, in_file
from exporter.core.errors import ConfigError
from exporter.core.plain_files import PlainFiles


def rewritten(account: Account) -> bool:
    """Whether a secret file of the account holds another secret than the account has.

    It reads the files, and waits for those that do not answer: for a thread of its own.

    Raises:
        ConfigError: a file cannot be read, or holds no secret.
    """
    plain_files = PlainFiles()
    for name, file in account.secret_files.items():
        try:
            held = in_file(file, plain_files)
        except UnusableError as error:
            raise ConfigError([f"{name}_file: {error}"]) from None
        if held != getattr(account.credentials, name):
            return True
    return False
