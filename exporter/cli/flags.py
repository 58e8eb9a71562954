"""The flags, spelled as Prometheus spells them: what each may be, and the settings that they make."""

import argparse
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from exporter import __version__
from exporter.core.settings import (
    CONFIG_VARIABLE,
    LISTEN_ADDRESS,
    LISTEN_VARIABLE,
    Settings,
    external_url,
    listen_address,
    shard_ordinal,
    telemetry_path,
)

PROGRAM: Final = "exchange-balance-exporter"
SANDBOX_PORT: Final = 10120

_SERVING: Final = ("run", "demo")
"""The commands that start an exporter."""

T = TypeVar("T")


def parse(argv: Sequence[str] | None, environ: Mapping[str, str]) -> argparse.Namespace:
    """Read the arguments; `command` names the subcommand, or `run` where there is none.

    Raises:
        SystemExit: 2 for wrong flags, 0 for `--help` and `--version`, as argparse does.
    """
    parser = make_parser()
    flags = parser.parse_args(argv)
    flags.config_file = flags.config_file or Path(environ.get(CONFIG_VARIABLE) or "config.yaml")
    if flags.command == "balances" and flags.only_low and flags.format == "prometheus":
        parser.error("--only-low does not go with --format prometheus: the limits are among the metrics")
    if flags.command in _SERVING and flags.shard_ordinal >= flags.shard_total:
        parser.error(f"--shard.ordinal {flags.shard_ordinal} is not below --shard.total {flags.shard_total}")
    if flags.command == "demo" and flags.web_config_file is not None:
        parser.error("the demo takes no --web.config.file")
    if flags.command in _SERVING and not flags.listen_addresses and (address := environ.get(LISTEN_VARIABLE)):
        try:
            flags.listen_addresses = [_address(address)]
        except ValueError as error:
            parser.error(f"${LISTEN_VARIABLE}: {error}")
    return flags


def make_parser() -> argparse.ArgumentParser:
    """Every flag and subcommand."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Prometheus exporter for the balances of crypto-exchange accounts. "
        "Without a command it polls the configured accounts and serves metrics.",
        allow_abbrev=False,
    )
    python = f"Python {platform.python_version()}"
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__} ({python})")
    _config_flag(parser, None)
    _web_flags(parser, defaults=True)
    _web_config_flag(parser, None)
    parser.add_argument(
        "--web.enable-lifecycle",
        dest="enable_lifecycle",
        action="store_true",
        help="allow POST /-/reload",
    )
    parser.add_argument(
        "--web.max-requests",
        dest="max_requests",
        type=_at_least_one,
        default=40,
        metavar="N",
        help="parallel scrapes, at most three quarters of them for one client address; more get 503 "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--web.external-url",
        dest="external_urls",
        type=_checked(external_url),
        action="append",
        metavar="URL",
        help="the address under which people and Prometheus reach it; may be repeated; its name is accepted as Host, "
        "its path prefixes links (default: none)",
    )
    parser.add_argument(
        "--shard.ordinal",
        dest="shard_ordinal",
        type=_checked(shard_ordinal),
        default=0,
        metavar="N",
        help="zero-based index of this shard; the name of a StatefulSet's pod will do (default: 0)",
    )
    parser.add_argument(
        "--shard.total",
        dest="shard_total",
        type=_at_least_one,
        default=1,
        metavar="N",
        help="number of shards (default: %(default)s)",
    )
    _log_flags(parser, None)
    parser.set_defaults(command="run")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _check(commands)
    _balances(commands)
    _demo(commands)
    _sandbox(commands)
    _files(commands)
    return parser


def settings_of(flags: argparse.Namespace) -> Settings:
    """The settings of the exporter that these flags start."""
    return Settings(
        config_file=flags.config_file,
        listen_addresses=tuple(flags.listen_addresses or (LISTEN_ADDRESS,)),
        web_config_file=flags.web_config_file,
        telemetry_path=flags.telemetry_path,
        enable_lifecycle=flags.enable_lifecycle,
        max_requests=flags.max_requests,
        external_urls=tuple(flags.external_urls or ()),
        shard_ordinal=flags.shard_ordinal,
        shard_total=flags.shard_total,
        log_level=flags.log_level or "info",
        log_format=flags.log_format,
    )


def _check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands, "check", "validate the configuration and print every mistake; exits with 1 if there is one"
    )
    _config_flag(parser, argparse.SUPPRESS)
    _web_config_flag(parser, argparse.SUPPRESS)
    parser.add_argument(
        "--print",
        dest="show",
        action="store_true",
        help="show each account as it results from defaults and rules, secrets masked",
    )
    parser.add_argument(
        "--online",
        action="store_true",
        help="poll every account once and show what is under a limit, and a verdict, key permissions, clock offset and "
        "value of each; exits with 1 if one fails",
    )
    _log_flags(parser, argparse.SUPPRESS)


def _balances(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands, "balances", "poll every account once and print exact balances; exits with 1 if an account failed"
    )
    _config_flag(parser, argparse.SUPPRESS)
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv", "prometheus"),
        default="table",
        help="how to print them; prometheus is for node_exporter's textfile collector (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write a file instead of standard output, whole or not at all unless it is a pipe or device",
    )
    parser.add_argument(
        "--only-low",
        dest="only_low",
        action="store_true",
        help="show only what is under a limit; exits with 1 if anything is, or an account failed, or a limit cannot be "
        "judged",
    )
    _log_flags(parser, argparse.SUPPRESS)


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands, "demo", "run the whole exporter against built-in simulated exchanges: no key, network or file needed"
    )
    _web_flags(parser, defaults=False)
    _log_flags(parser, argparse.SUPPRESS)


def _sandbox(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(commands, "sandbox", "run only the simulated exchanges, to try clients against")
    parser.add_argument(
        "--sandbox.host", dest="host", default="127.0.0.1", metavar="HOST", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--sandbox.port",
        dest="port",
        type=_port,
        default=SANDBOX_PORT,
        metavar="PORT",
        help="of the first exchange, the others follow; 0 takes free ones (default: %(default)s)",
    )


def _files(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands, "files", "write rules, dashboards, units, manifests and runbooks of this version into a folder"
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="made if it is not there; what is in it is not changed"
    )


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, about: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
    parser.set_defaults(command=name)
    return parser


def _config_flag(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=default,
        metavar="FILE",
        help=f"the configuration (default: config.yaml, or ${CONFIG_VARIABLE})",
    )


def _web_config_flag(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        type=Path,
        default=default,
        metavar="FILE",
        help="TLS, client certificates, basic-auth users and the like, in the format of Prometheus's exporter-toolkit "
        "(default: none)",
    )


def _web_flags(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    parser.add_argument(
        "--web.listen-address",
        dest="listen_addresses",
        type=_checked(_address),
        action="append",
        default=None if defaults else argparse.SUPPRESS,
        metavar="ADDRESS",
        help="host:port, :port for all interfaces, or [v6]:port; may be repeated; "
        f"holdings are sensitive, so the default is loopback (default: {LISTEN_ADDRESS}, or ${LISTEN_VARIABLE})",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=_checked(telemetry_path),
        default="/metrics" if defaults else argparse.SUPPRESS,
        metavar="PATH",
        help="where metrics are served (default: /metrics)",
    )


def _log_flags(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=("debug", "info", "warn", "error"),
        default=default,
        help="(default: info; error for check and balances, which print their own report)",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=("logfmt", "json"),
        default=default or "logfmt",
        help="(default: logfmt)",
    )


def _checked(read: Callable[[str], T]) -> Callable[[str], T]:
    def checked(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _address(text: str) -> str:
    listen_address(text)
    return text


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:9]) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)
