"""A real Chromium without a window, driven by its own protocol: what a person would see, and no program between."""

import asyncio
import base64
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.kit.processes import require

PATIENCE: Final = 60.0
"""Seconds after which the browser counts as dead; it answers within one."""

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--force-color-profile=srgb",
    "about:blank",
)


class Browser:
    """One tab of it.

    Attributes:
        said: what pages wrote to the console, threw, refused by their policy, or asked by a dialog.
    """

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.said: list[str] = []

    async def listen(self) -> None:
        """Take what the browser says, for ever."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            told = json.loads(message.data)
            waiting = self._answers.pop(told.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(told)
            elif told.get("method") == "Page.loadEventFired":
                self._loaded.set()
            elif told.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                self.said.append(json.dumps(told["params"]))
            elif told.get("method") == "Page.javascriptDialogOpening":
                self.said.append(json.dumps(told["params"]))
                await self._socket.send_json(
                    {"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
                )

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Have the browser do something, and return what it answers."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE):
            told = await answer
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    async def look(self, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Be a screen of so many pixels; a narrow one is a telephone's."""
        mobile = width < 600
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", media="", features=[scheme])

    async def open(self, url: str) -> None:
        """Load a page."""
        self._loaded.clear()
        answer = await self.call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        await self.loaded()

    async def loaded(self) -> None:
        """Wait until the page that is being loaded is there."""
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def does(self, script: str) -> None:
        """Run a script that leads to another page, and wait for that."""
        self._loaded.clear()
        await self.tells(script)
        await self.loaded()

    async def tells(self, script: str) -> Any:
        """What an expression is worth in the page; a promise is waited for."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key and let it go."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        same: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **same, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    async def picture(self) -> bytes:
        """What is on the screen, as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser that knows nothing yet."""
    program = require("chromium")
    profile = Path(tempfile.mkdtemp())
    process = await asyncio.create_subprocess_exec(
        program,
        *_FLAGS,
        f"--user-data-dir={profile}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(profile)
        async with ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
                [tab] = [each for each in await answer.json() if each["type"] == "page"]
            async with client.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                browser = Browser(socket)
                listening = asyncio.create_task(browser.listen())
                for domain in ("Page", "Runtime", "Log"):
                    await browser.call(f"{domain}.enable")
                yield browser
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def _port(profile: Path) -> int:
    """Where it can be talked to, which it writes into its profile."""
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE):
        while not (file.exists() and file.read_text().count("\n")):  # noqa: ASYNC110 -- another program writes it
            await asyncio.sleep(0.05)
    return int(file.read_text().split("\n")[0])
