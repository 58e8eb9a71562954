"""Certificates and passwords for tests, and web configuration files that name them."""

import ssl
from pathlib import Path
from typing import Final

import bcrypt
import trustme

PASSWORD: Final = "correct horse battery staple"


def hashed(password: str = PASSWORD, cost: int = 4) -> str:
    """A bcrypt hash of the least cost unless told otherwise, without chance: it stands in names of tests."""
    return bcrypt.hashpw(password.encode(), f"$2b${cost:02}${22 * '.'}".encode()).decode()


class Authority:
    """A certificate authority, and a folder with what it issues."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self._ca = trustme.CA(organization_name=name)
        self.file = folder / f"{name}.crt"
        self._ca.cert_pem.write_to_path(str(self.file))

    @property
    def pem(self) -> str:
        return self._ca.cert_pem.bytes().decode()

    def below(self, name: str) -> "Authority":
        """An authority that this one has named, in the same folder."""
        made = Authority.__new__(Authority)
        made.folder, made._ca, made.file = self.folder, self._ca.create_child_ca(), self.folder / f"{name}.crt"
        made._ca.cert_pem.write_to_path(str(made.file))
        return made

    def issue(self, name: str, *names: str) -> None:
        """Write `NAME.crt` and `NAME.key`, for these names (`localhost` and its addresses unless given)."""
        issued = self._ca.issue_cert(*(names or ("localhost", "127.0.0.1", "::1")))
        chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
        self.replace(f"{name}.crt", chain.decode())
        self.replace(f"{name}.key", issued.private_key_pem.bytes().decode())

    def replace(self, name: str, text: str) -> Path:
        """Write a file that only we can read, at once, as tools do that renew certificates."""
        new = self.folder / f".{name}.new"
        new.touch(mode=0o600)
        new.write_text(text)
        new.replace(self.folder / name)
        return self.folder / name

    def client(self, name: str | None = None) -> ssl.SSLContext:
        """What a client connects with, that trusts this authority; and with this certificate, if it has one."""
        context = ssl.create_default_context(cadata=self.pem)
        if name is not None:
            context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        return context


HTTPS: Final = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
CLIENTS: Final = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"


def users(*names: str, password: str = PASSWORD, cost: int = 4) -> str:
    """Lines for these users."""
    return "basic_auth_users:\n" + "".join(f"  {name}: {hashed(password, cost)}\n" for name in names)
