"""Draws the status page for the README, at two sizes and in both schemes; `python -m tests.web.screenshots` writes it.

What is shown is the demo: its draining account is nearly empty, and its failing one fails.
"""

import asyncio
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from tests.kit.browser import browsing
from tests.kit.whole import Exporter, exporting

FOLDER: Final = Path(__file__).parents[2] / "grafana" / "pictures"
COLOURS: Final = 64
"""Of the palette of a picture: pages have few, and the files stay small."""

SIZES: Final = {"desk": (1280, 900), "phone": (390, 844)}


def drained(it: Exporter) -> None:
    """Let the draining account be nearly empty."""
    wallet = it.account(it.scenario.draining).wallet("main")
    wallet["USDT"] = replace(wallet["USDT"], available=Decimal("812.5"))


def failing(it: Exporter) -> None:
    """Let the failing account fail from now on."""
    account = it.scenario.account(it.scenario.failing)
    it.sandbox.exchange(account.exchange).faults.append(it.scenario.outage)


async def draw(folder: Path) -> None:
    """Write every picture."""
    with TemporaryDirectory() as scratch:
        async with exporting(Path(scratch), drained) as it, browsing() as browser:
            url = f"http://{it.app.web.addresses[0]}"
            failing(it)
            await it.polled(it.scenario.failing)
            for size, (width, height) in SIZES.items():
                for dark in (False, True):
                    await browser.look(width, dark=dark, height=height)
                    for name, path in (("status", "/"), ("status-account", f"/account/{it.scenario.draining}")):
                        await browser.open(f"{url}{path}?refresh=off")
                        scheme = "dark" if dark else "light"
                        write(folder / f"{name}-{size}-{scheme}.png", await browser.picture())


def write(file: Path, png: bytes) -> None:
    """Write a picture with few colours."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    asyncio.run(draw(FOLDER))
