"""Runs the command that the flags name, and turns its end into an exit status.

What a command needs is imported when it runs: `--help` and `--version` answer at once.
"""

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from exporter.cli.flags import PROGRAM, parse, settings_of
from exporter.core.errors import ConfigError, ExporterError

INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it."""


_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a stream says that takes no more: the disk is full, the quota used up, the terminal gone."""


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        argv: the arguments after the program's name; the process's own unless given.
        environ: the environment; the process's own unless given.

    Raises:
        SystemExit: 2 for wrong flags, 0 for `--help` and `--version`, as argparse does.
    """
    environ = os.environ if environ is None else environ
    _mend_streams()
    flags = parse(argv, environ)
    try:
        status = _COMMANDS[flags.command](flags, environ)
        sys.stdout.flush()
    except ConfigError as error:
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
        return 1
    except ExporterError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough (`| head`).
        _forget_output()
        return 1
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _forget_output()
        print(f"{PROGRAM}: standard output cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return status


def _mend_streams() -> None:
    """Have standard streams that take every letter, and that are there.

    A closed one is None, and the next file or connection would get its number, with everything that is written there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _open_nothing(number)
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115 -- it stays open
            setattr(sys, name, stream)
        elif number > 0 and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_nothing(number: int) -> None:
    descriptor = os.open(os.devnull, os.O_RDWR)
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)


def _forget_output() -> None:
    """Have the interpreter's last flush not fail as ours did."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(flags: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(flags)
    import asyncio

    from exporter.app import allocator, core_dumps, logs, process

    core_dumps.leave_out_memory()
    allocator.give_back()
    try:
        return asyncio.run(process.run(settings, environ))
    finally:
        logs.flush()


def _run_check(flags: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from exporter.app import core_dumps, logs
    from exporter.cli import check

    core_dumps.leave_out_memory()
    logs.setup(flags.log_level or "error", flags.log_format)
    return check.run(flags.config_file, environ, web=flags.web_config_file, show=flags.show, online=flags.online)


def _run_balances(flags: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from exporter.app import core_dumps, logs
    from exporter.cli import balances

    core_dumps.leave_out_memory()
    logs.setup(flags.log_level or "error", flags.log_format)
    return balances.run(flags.config_file, environ, layout=flags.format, output=flags.output, only_low=flags.only_low)


def _run_demo(flags: argparse.Namespace, environ: Mapping[str, str]) -> int:
    settings = settings_of(flags)
    from exporter.app import logs
    from exporter.cli import demo

    try:
        return demo.run(settings, environ)
    finally:
        logs.flush()


def _run_sandbox(flags: argparse.Namespace, environ: Mapping[str, str]) -> int:
    del environ
    from exporter.cli import sandbox

    return sandbox.run(flags.host, flags.port)


def _run_files(flags: argparse.Namespace, environ: Mapping[str, str]) -> int:
    del environ
    from exporter.cli import files

    return files.run(flags.folder)


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace, Mapping[str, str]], int]]] = {
    "run": _run,
    "check": _run_check,
    "balances": _run_balances,
    "demo": _run_demo,
    "sandbox": _run_sandbox,
    "files": _run_files,
}
