"""Chromium without a window, driven by its debugging protocol over two pipes: what a person would see and press."""

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe")
_LIMIT = 20.0
"""Seconds for one order."""
PHONE, DESK = (390, 844), (1280, 900)


class EndedError(AssertionError):
    """The browser has gone away; its own words."""


def started(folder: Path) -> "Browser":
    """A browser with a fresh profile. On a machine at work Chromium sometimes dies as it starts: then another one."""
    try:
        return Browser(folder / "first")
    except EndedError:
        return Browser(folder / "second")


class Browser:
    """One browser with one page open; ``console`` gathers what the page complains of."""

    def __init__(self, profile: Path) -> None:
        orders_out, self._orders = os.pipe()
        self._answers, answers_in = os.pipe()

        def at_its_numbers() -> None:
            # The protocol is spoken on descriptors 3 and 4, whatever those are used for here.
            spare = os.dup2(orders_out, 100), os.dup2(answers_in, 101)
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self._words = profile.with_suffix(".log")
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                ["chromium", *_FLAGS, f"--user-data-dir={profile}", "about:blank"], close_fds=False,
                preexec_fn=at_its_numbers, stdout=subprocess.DEVNULL, stderr=words)  # noqa: PLW1509
        os.close(orders_out)
        os.close(answers_in)
        self._number = 0
        self._buffer = b""
        self.console: list[str] = []
        self._session = ""
        target = next(one for one in self._tell("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self._tell("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._tell(f"{domain}.enable")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._orders)
        os.close(self._answers)

    def look(self, size: tuple[int, int], scheme: str = "light") -> None:
        """The window's size in CSS pixels, and what the reader prefers."""
        width, height = size
        self._tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                   mobile=width < 600)
        self._tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def scripts(self, allowed: bool) -> None:
        """Switch the page's script on or off."""
        self._tell("Emulation.setScriptExecutionDisabled", value=not allowed)

    def open(self, address: str) -> None:
        """Go there, and wait for the document."""
        self._tell("Page.navigate", url=address)
        self.until(lambda: self.value("document.readyState") == "complete"
                   and self.value("location.href") == address)

    def value(self, expression: str) -> Any:
        """What an expression gives in the page."""
        answer = self._tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, holds: Callable[[], Any], limit: float = _LIMIT) -> Any:
        """Wait for it; fails after ``limit`` seconds."""
        ends = time.monotonic() + limit
        while True:
            found = holds()
            if found:
                return found
            assert time.monotonic() < ends, "it did not happen"
            select.select([], [], [], 0.05)

    def press(self, key: str) -> None:
        """A key, by its name in the DOM."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self._tell("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def write(self, text: str) -> None:
        """Text into whatever has the focus."""
        self._tell("Input.insertText", text=text)

    def picture(self, path: Path, whole: bool = True) -> None:
        """A screenshot, of the whole page or of the window."""
        shot = self._tell("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def spoken(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader finds."""
        self._tell("Accessibility.enable")
        nodes = self._tell("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
                if not node.get("ignored")]

    def _tell(self, method: str, **words: Any) -> dict[str, Any]:
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": words}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        ends = time.monotonic() + _LIMIT
        while True:
            said = self._next(ends)
            if said.get("id") == self._number:
                assert "error" not in said, said["error"]
                return dict(said["result"])
            self._note(said)

    def _next(self, ends: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, ends - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self._answers, 1 << 20)
            if not data:
                raise EndedError(self._words.read_text(errors="replace")[-2000:] or "without a word")
            self._buffer += data
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def _note(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Log.entryAdded":
            self.console.append(said["params"]["entry"]["text"])
        if said.get("method") == "Runtime.exceptionThrown":
            self.console.append(said["params"]["exceptionDetails"]["text"])
