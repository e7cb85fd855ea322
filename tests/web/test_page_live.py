"""The page in a real browser: what a person sees, presses and hears, and that it stays true by itself."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.bus.private_bus import Bus, document
from tests.web.browser import DESK, PHONE, Browser
from tests.web.server import Server, many

UP = {"state": "mounted", "health": "ok", "reason": None, "next_try": None}
PICTURES = os.environ.get("S3MOUNTD_PICTURES")
"""A folder to leave the pictures in, for people who want to look."""


def shown(browser: Browser) -> list[str]:
    """Names of the mounts in the order of the page, those that can be seen."""
    return list(browser.value("[...document.querySelectorAll('.mount:not([hidden])')].map(one => one.dataset.name)"))


def verdict(browser: Browser) -> str:
    return str(browser.value("document.querySelector('h1').textContent"))


def opened(browser: Browser, server: Server) -> None:
    browser.open(server.address)
    browser.until(lambda: "up to date" in browser.value("document.getElementById('live').textContent"))


def test_it_follows_the_daemon_without_a_reload(bus: Bus, server: Server, browser: Browser) -> None:
    fake = bus.manager("sick", "--after", json.dumps({"kopah": UP, "typo": UP}))
    opened(browser, server)
    browser.value("window.same = true")
    assert verdict(browser) == "2 of 6 mounts are out of order"
    assert bus.ctl("start", "typo", "--no-wait").status == 0
    browser.until(lambda: verdict(browser) == "1 of 6 mounts is out of order")
    assert shown(browser)[0] == "other"
    assert browser.value("document.title").startswith("1 out of order")
    assert browser.value("document.getElementById('said').textContent") == "1 of 6 mounts is out of order"
    fake.kill()
    browser.until(lambda: verdict(browser) == "s3mountd does not answer")
    assert browser.value("getComputedStyle(document.querySelector('.stale .badge'), '::before').content") == '"was "'
    bus.manager("healthy")
    browser.until(lambda: "well" in verdict(browser))
    assert browser.value("window.same"), "the page was loaded anew"
    assert browser.console == []


def test_its_own_server_gone_is_said(bus: Bus, server: Server, browser: Browser) -> None:
    bus.manager("healthy")
    opened(browser, server)
    server.process.kill()
    browser.until(lambda: "No connection" in browser.value("document.getElementById('live').textContent"))


def test_without_script_it_is_whole_and_loads_itself_anew(bus: Bus, server: Server, browser: Browser) -> None:
    bus.manager("sick")
    browser.scripts(False)
    browser.open(server.address)
    browser.until(lambda: verdict(browser) == "2 of 6 mounts are out of order")
    assert browser.value("document.querySelector('noscript meta').httpEquiv") == "refresh"
    assert "UTC" in browser.value("document.querySelector('.mount time').textContent")


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_and_can_be_read(bus: Bus, server: Server, browser: Browser, name: str,
                                            size: tuple[int, int], scheme: str, tmp_path: Path) -> None:
    bus.manager("sick")
    browser.look(size, scheme)
    opened(browser, server)
    browser.until(lambda: browser.value("document.querySelectorAll('.mount svg.bars').length") > 0)
    assert browser.value("document.documentElement.scrollWidth") <= size[0]
    assert [one for one in browser.value(CONTRAST) if one[0] < 4.5] == []
    picture = Path(PICTURES or tmp_path) / f"{name}-{scheme}.png"
    browser.picture(picture)
    assert picture.stat().st_size > 10_000


def test_outages_of_30_days_come_to_the_page_by_themselves(bus: Bus, server: Server, browser: Browser) -> None:
    bus.manager("healthy")
    browser.look(DESK)
    opened(browser, server)
    browser.until(lambda: browser.value("document.querySelectorAll('svg.bars').length") == 2)
    said = [name for role, name in browser.spoken() if role in ("image", "img")]
    assert "1 day of 30 with an outage, 4min 45s in all of 30d" in said
    heights = "[...document.querySelectorAll('[data-name=erdos] .bars path')].map(one => one.getBBox().height)"
    assert browser.value(heights) == [8, 12]
    assert browser.value("document.querySelector('[data-name=kopah] .bars .none').getBBox().height") == 2
    assert browser.value("document.querySelector('[data-name=archive] .bars')") is None
    text = browser.value("document.querySelector('[data-name=erdos]').textContent")
    assert "2026-11-21: 4min 45s unreachable" in text
    assert browser.console == []


CONTRAST = """
(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const under = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgb(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const node of document.querySelectorAll("h1, h2, p, a, dt, dd, code, span, strong, summary")) {
    if (!node.textContent.trim() || node.closest(".sr, .skip") || !node.getClientRects().length) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(under(node))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), node.className || node.tagName, node.textContent.slice(0, 30)]);
  }
  return found;
})()"""
"""WCAG 2.1, 1.4.3: 4.5 to 1 for text of every size here."""


def test_hostile_words_do_nothing(bus: Bus, server: Server, browser: Browser, tmp_path: Path) -> None:
    poison = "<img src=x onerror='window.bad=1'><script>window.bad=1</script>\"'\u202e\x1b[31m"
    status: Any = json.loads(document("sick"))
    for mount in status["mounts"]:
        mount.update(folder=poison, bucket=poison, unit=poison)
        mount["name"] += poison
        mount["reason"] = {"code": poison, "text": poison, "hint": poison}
    (tmp_path / "poison.json").write_text(json.dumps(status), "utf-8")
    bus.manager(str(tmp_path / "poison"))
    opened(browser, server)
    browser.value("fetch('/mounts.html').then(answer => answer.text())")
    assert len(shown(browser)) == 7
    assert poison.replace("\u202e\x1b", "\\u202e\\x1b") in browser.value("document.querySelector('.why').textContent")
    assert browser.value("window.bad") is None
    assert browser.value("document.querySelectorAll('img').length") == 0
    assert browser.console == []


def test_a_script_that_got_in_would_not_run(bus: Bus, server: Server, browser: Browser) -> None:
    bus.manager("healthy")
    opened(browser, server)
    browser.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.bad=1\">')")
    browser.until(lambda: browser.value("1") and any("Content Security Policy" in said for said in browser.console))
    assert browser.value("window.bad") is None


def test_200_mounts_are_found_by_a_word(bus: Bus, server: Server, browser: Browser, tmp_path: Path) -> None:
    bus.manager(many(tmp_path))
    browser.look(PHONE)
    opened(browser, server)
    assert len(shown(browser)) == 200
    assert shown(browser)[0] == "m007"
    browser.value("document.getElementById('filter').focus()")
    browser.write("/mnt/042")
    assert shown(browser) == ["m042"]
    assert browser.value("document.querySelector('output').textContent") == "1 found"
    assert browser.value("document.documentElement.scrollWidth") <= PHONE[0]
    # What is exchanged meanwhile takes neither the word nor the focus away.
    assert bus.ctl("stop", "m001", "--no-wait").status == 0
    browser.until(lambda: browser.value("document.querySelector('[data-name=m001] .badge').textContent") == "mounting")
    assert shown(browser) == ["m042"]
    assert browser.value("document.activeElement.id") == "filter"


def test_by_keyboard_and_by_ear(bus: Bus, server: Server, browser: Browser) -> None:
    bus.manager("sick", "--after", json.dumps({"kopah": UP}))
    opened(browser, server)
    browser.press("Tab")
    assert browser.value("document.activeElement.textContent") == "Skip to the mounts"
    browser.press("Tab")
    assert browser.value("document.activeElement.textContent") == "Details of typo"
    browser.press("Enter")
    assert browser.value("document.activeElement.parentElement.open") is True
    # Until the history is known the rows are without their bars.
    browser.until(lambda: browser.value("document.querySelector('[data-name=typo] svg') !== null"))
    browser.value("document.querySelector('[data-name=typo] strong').marked = true")
    assert bus.ctl("start", "kopah", "--no-wait").status == 0
    browser.until(lambda: shown(browser).index("kopah") > shown(browser).index("scratch"))
    assert browser.value("document.activeElement.textContent") == "Details of typo"
    assert browser.value("document.activeElement.parentElement.open") is True
    assert browser.value("document.querySelector('[data-name=typo] strong').marked"), "it was made anew for nothing"
    spoken = browser.spoken()
    assert ("heading", "2 of 6 mounts are out of order") in spoken
    assert ("heading", "Out of order 2") in spoken
    roles = [role for role, _ in spoken]
    assert roles.count("listitem") >= 7
    assert {"main", "banner", "contentinfo", "region", "status"} <= set(roles)
