"""Has Chromium draw the page of a dashboard: builds the page, serves it on loopback, and takes its picture."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "page"
PACKAGES = PAGE / "node_modules"
ICONS = PACKAGES / "@grafana/ui/dist/public/img/icons"
FONTS = PACKAGES / "@fontsource/inter/files"
WEIGHTS = {"Inter-Regular": 400, "Inter-Medium": 500}
BUNDLE = (
    "--bundle",
    "--minify",
    "--log-level=warning",
    "--jsx=automatic",
    "--define:global=window",
    '--define:process.env.NODE_ENV="production"',
    *(f"--loader:.{kind}=dataurl" for kind in ("svg", "ttf", "woff", "woff2")),
)
PATIENCE = 120
"""Seconds after which a program that does not end has failed."""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def built() -> Iterator[Path]:
    """A directory with the page, ready to be served.

    Raises:
        RuntimeError: a program or the packages that draw are not installed, or do not fit.
    """
    for program in ("node", "chromium"):
        _found(program)
    if not ICONS.is_dir():
        raise RuntimeError(f"{PACKAGES} holds no Grafana: run `make pictures`, which installs it")
    with tempfile.TemporaryDirectory(prefix="exchange-balance-exporter-page-") as name:
        folder = Path(name)
        _run(str(PACKAGES / ".bin/esbuild"), str(PAGE / "page.jsx"), *BUNDLE, f"--outdir={folder}")
        shutil.copy(PAGE / "index.html", folder)
        # Where Grafana's components ask a Grafana server for them.
        images, fonts = folder / "public/build/img", folder / "public/fonts/inter"
        images.mkdir(parents=True)
        (images / "icons").symlink_to(ICONS)
        fonts.mkdir(parents=True)
        for font, weight in WEIGHTS.items():
            (fonts / f"{font}.woff2").symlink_to(FONTS / f"inter-latin-{weight}-normal.woff2")
        yield folder


def picture(page: Path, scene: dict[str, Any], target: Path) -> dict[str, str]:
    """Draw a scene into a PNG, and tell what stands in each panel, by its title.

    Args:
        page: What `built` made.
        scene: What `scene.scene` made.
        target: Where the PNG goes.

    Raises:
        RuntimeError: the browser failed, or a panel did.
    """
    (page / "scene.json").write_text(json.dumps(scene), encoding="utf-8")
    size = (str(scene["width"]), str(scene["height"]))
    with _served(page) as url:
        report = json.loads(_run("node", str(PAGE / "shoot.mjs"), _found("chromium"), url, *size, str(target)))
    if report["faults"]:
        raise RuntimeError("panels failed:\n" + "\n".join(report["faults"]))
    panels: dict[str, str] = report["panels"]
    return panels


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise RuntimeError(f"there is no {program} on the PATH")
    return path


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/index.html"
        finally:
            server.shutdown()
            thread.join()


def _run(*command: str) -> str:
    """What a program says; it is stopped with its children if it does not end.

    Raises:
        RuntimeError: it failed.
    """
    # The pictures' times are UTC, wherever they are drawn.
    process = subprocess.Popen(  # noqa: S603 -- a list of arguments that is made here, and no shell
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TZ": "UTC"},
        start_new_session=True,
    )
    try:
        said, complaint = process.communicate(timeout=PATIENCE)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with status {process.returncode}: {complaint}")
    return said
