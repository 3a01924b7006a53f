"""The report in a real browser: headless Chromium, driven through selenium."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium", reason='selenium is missing; this installs it: pip install "boilerstrip[integrations]"')

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from boilerstrip import Label, PageType, Reason, Result, Verdict, clean
from boilerstrip.corrections import read_corrections
from boilerstrip.labels import LABELS
from boilerstrip.report import digest_of, report_html
from boilerstrip.result import Scored

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "fixtures" / "sample.txt").read_text("utf-8")
HOSTILE = "\n\n".join([
    "The ferry was late again on Tuesday, and the crowd on the pier sang to keep warm until it came.",
    "<script>window.hit = 1</script>", "</script><script>window.hit = 2</script>", "<img src=x onerror='window.hit = 3'>",
    "\"><svg onload=window.hit=4>", "<iframe srcdoc=\"<script>parent.hit = 5</script>\"></iframe>", "\u202egnp.exe", "a\u2028b",
    "\x00\x1b[2J", "<style>body { display: none }</style>", "<meta http-equiv=refresh content='0;url=https://attacker.example/'>"])
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no Chromium with its driver here; on Debian: apt-get install chromium chromium-driver")
SLIDER_MS, OPEN_MS = 50, 1000


class Browser:
    """A browser that shows reports; everything it is asked goes through what a user sees."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver, self.folder, self.count = driver, folder, 0

    def open(self, results: list[Result], names: list[str] | None = None) -> Browser:
        self.count += 1
        path = self.folder / f"report-{self.count}.html"
        path.write_text(report_html(results, names or [f"page {n}" for n in range(len(results))]), "utf-8")
        self.driver.get(path.as_uri())
        self.run("localStorage.clear()")
        self.driver.refresh()
        return self

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def wait(self, condition: str) -> Browser:
        """Until a script's condition holds: a new address takes effect a moment later."""
        for _ in range(100):
            if self.run(f"return {condition}"):
                return self
            time.sleep(0.05)
        raise AssertionError(condition)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def press(self, *keys: str) -> Browser:
        self.run("document.getElementById('list').focus()")
        self.find("#list").send_keys(*keys)
        return self

    def click_block(self, number: int) -> Browser:
        self.run("document.getElementById('b' + arguments[0]).scrollIntoView({block: 'center'})", number)
        self.find(f"#b{number}").click()
        return self

    def slide(self, threshold: float) -> Browser:
        self.run("const s = document.getElementById('threshold'); s.value = arguments[0]; s.dispatchEvent(new Event('input'))", threshold)
        return self

    def kept(self) -> list[int]:
        return [int(k) for k in self.run("return [...document.querySelectorAll('.block:not(.out)')].map(e => e.dataset.k)")]

    def labels(self) -> list[str]:
        return list(self.run("return [...document.querySelectorAll('.block .chip')].map(e => e.textContent)"))

    def story(self) -> str:
        """Its paragraphs, a line each. (What is out of sight has no innerText.)"""
        return str(self.run("""return [...document.querySelectorAll('#story p:not(.off)')]
            .map(p => [...p.querySelectorAll('.piece:not(.off)')].map(s => s.textContent).join('')).join('\\n')"""))

    def visible(self) -> list[int]:
        shown = self.run("return [...document.querySelectorAll('.block')].filter(e => e.offsetParent).map(e => e.dataset.k)")
        return [int(k) for k in shown]

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]

    def download(self) -> list[dict[str, Any]]:
        path = self.folder / "corrections.jsonl"
        path.unlink(missing_ok=True)
        self.find("#download").click()
        for _ in range(100):
            if path.exists():
                return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            time.sleep(0.1)
        raise AssertionError("nothing was downloaded")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[webdriver.Chrome, Path]]:
    assert CHROMIUM is not None and DRIVER is not None
    folder = tmp_path_factory.mktemp("browser")
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1300,900",
                     f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(argument)
    options.binary_location = CHROMIUM
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield chrome, folder
    chrome.quit()


@pytest.fixture
def browser(driver: tuple[webdriver.Chrome, Path]) -> Iterator[Browser]:
    chrome, folder = driver
    shown = Browser(chrome, folder)
    yield shown
    assert shown.errors() == []


def made(count: int = 60, **changes: Any) -> Result:
    """A page of so many blocks with known scores, which does not depend on the model."""
    text = [f"Block {n} has its own words, {'and some more of them, ' * (n % 5)}as it should." for n in range(count)]
    start, at = [], 0
    for line in text:
        start.append(at)
        at += len(line) + 1
    scored = Scored(
        text=text, start=start, end=[a + len(t) for a, t in zip(start, text)], joint=["\n", "\n\n", " ", ""] * (count // 4 + 1),
        story=[(n * 37 % 101) / 100 for n in range(count)],
        other=[LABELS[1 + n % 13] for n in range(count)], other_confidence=[0.9] * count,
        words=[len(t.split()) for t in text], fixed={5: False, 7: True}, hits={3: (Reason("ad.marker", Label.AD, 3.0),)})
    facts: dict[str, Any] = {
        "raw": "\n".join(text), "scored": scored, "threshold": 0.5, "keep": frozenset({Label.TITLE}), "verdict": Verdict.STORY,
        "confidence": 0.9, "page_type": PageType.ARTICLE, "page_type_confidence": 0.8, "model": "made", **changes}
    return Result(**facts)


def numbers(result: Result) -> list[int]:
    return [n for n, block in enumerate(result.page) if block.kept]


# ---- decisions ----------------------------


def test_a_page_opens_as_it_was_decided(browser: Browser) -> None:
    result = clean(SAMPLE)
    browser.open([result])
    assert browser.kept() == numbers(result)
    assert browser.labels() == [b.label for b in result.page]
    assert [p.strip() for p in browser.story().split("\n") if p.strip()] == [p.strip() for p in result.text.split("\n") if p.strip()]
    assert f"{len(result.blocks)} of {len(result.page)} blocks kept" in browser.text("#status")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_slider_decides_as_the_library_does(browser: Browser, verdict: Verdict) -> None:
    result = made(verdict=verdict)
    browser.open([result])
    for threshold in (0.5, 0.0, 0.01, 0.37, 0.99, 1.0, 0.6, 0.59, 0.1):
        wanted = result.at(threshold)
        browser.slide(threshold)
        assert browser.kept() == numbers(wanted), threshold
        assert browser.labels() == [b.label for b in wanted.page], threshold
        assert "".join(browser.story().split()) == "".join(wanted.text.split()), threshold
    assert browser.text("#value") == "0.10"
    browser.run("document.getElementById('reset').click()")
    assert browser.kept() == numbers(result)


def test_the_slider_moves_by_keyboard(browser: Browser) -> None:
    browser.open([made()])
    browser.find("#threshold").send_keys(Keys.ARROW_RIGHT)
    assert browser.text("#value") == "0.51"
    assert browser.find("#threshold").get_attribute("aria-valuetext") == "0.51"


# ---- speed ----------------------------


def test_a_page_of_2000_blocks_opens_within_a_second(browser: Browser) -> None:
    result = made(2000)
    times = []
    for _ in range(3):
        browser.open([result])
        times.append(browser.driver.execute_async_script("""const done = arguments[0];
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))"""))
    ready = browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"2,000 blocks: loaded after {ready:.0f} ms")
    assert len(browser.kept()) == len(result.blocks)
    assert ready < OPEN_MS


def test_the_slider_answers_at_once_on_a_page_of_2000_blocks(browser: Browser) -> None:
    browser.open([made(2000)])
    times = browser.run("""
        const slider = document.getElementById('threshold'), times = [];
        for (const value of [0.49, 0.3, 0.31, 0.8, 0.2, 0.21, 0.5, 1, 0, 0.5]) {
          const start = performance.now();
          slider.value = value;
          slider.dispatchEvent(new Event('input'));
          document.getElementById('list').offsetHeight + document.getElementById('story').scrollHeight;  // style and layout, too
          times.push(performance.now() - start);
        }
        return times""")
    print("slider, ms:", ", ".join(f"{t:.1f}" for t in times))
    assert sorted(times)[len(times) // 2] < SLIDER_MS
    assert sorted(times)[-2] < 3 * SLIDER_MS, "all 2,000 blocks at once"


# ---- corrections ----------------------------


def test_blocks_are_corrected_by_clicks(browser: Browser) -> None:
    result = made()
    removed = next(n for n in range(10, 60) if not result.page[n].kept)
    kept = next(n for n in range(10, 60) if result.page[n].kept and result.page[n].label is Label.BODY)
    browser.open([result]).click_block(removed)
    assert browser.text("#about-fate") == "Removed"
    browser.find("#keep").click()
    assert browser.text("#about-fate") == "Kept by your correction"
    browser.click_block(kept).find("#label").send_keys("legal")
    assert sorted(browser.kept()) == sorted([n for n in numbers(result) if n != kept] + [removed])
    assert result.page[removed].text in browser.story() and result.page[kept].text not in browser.story()
    browser.slide(0.0).slide(1.0)
    assert removed in browser.kept() and kept not in browser.kept(), "corrections hold at every threshold"
    rows = browser.download()
    assert [(row["text"], row["label"], row["keep"]) for row in rows] == [
        (result.page[n].text, "body" if n == removed else "legal", n == removed) for n in sorted((removed, kept))]
    first = result.page[min(removed, kept)]
    assert rows[0]["page"] == "page 0" and rows[0]["raw"] == result.raw and "raw" not in rows[1]
    assert (rows[0]["start"], rows[0]["end"], rows[0]["raw_sha256"]) == (first.start, first.end, digest_of(result.raw))
    assert rows[0]["was"]["label"] == first.label and rows[0]["was"]["keep"] is first.kept


def test_blocks_are_corrected_by_keyboard_alone(browser: Browser) -> None:
    result = clean(SAMPLE)
    browser.open([result]).press(Keys.HOME, Keys.ARROW_DOWN)
    assert browser.run("return document.querySelector('[aria-selected=true]').id") == "b1"
    assert browser.find("#list").get_attribute("aria-activedescendant") == "b1"
    browser.press("s")
    assert 1 in browser.kept()
    browser.press("x")
    assert 1 not in browser.kept()
    browser.press("u")
    assert browser.text("#corrected") == "No corrections"
    browser.press(Keys.END, Keys.ARROW_UP, "l")
    assert browser.run("return document.activeElement.id") == "label"
    browser.find("#label").send_keys("subscribe", Keys.ENTER)
    assert browser.run("return document.activeElement.id") == "list"
    assert browser.labels()[len(result.page) - 2] == "subscribe"
    assert browser.text("#corrected") == "1 correction"


def test_exported_corrections_can_be_read(browser: Browser) -> None:
    browser.open([clean(SAMPLE), clean(HOSTILE + "\n\n🙂 astral \U00020000 letters", input="text")], ["a", "b"])
    for page, name in enumerate("ab", 1):
        browser.run("location.hash = 'p' + arguments[0]", page)
        browser.wait(f"document.title.startsWith('{name}')")
        browser.press(Keys.END, "x", Keys.HOME, "s")
    browser.download()
    pages = read_corrections([browser.folder / "corrections.jsonl"])
    assert [(page.name, page.raw is not None, len(page.corrections)) for page in pages] == [("a", True, 2), ("b", True, 2)]
    assert pages[1].raw is not None and pages[1].raw.endswith("🙂 astral \U00020000 letters")


def test_the_page_text_can_be_left_out(browser: Browser) -> None:
    browser.open([made()]).press(Keys.HOME, "s").find("#with-raw").click()
    assert "raw" not in browser.download()[0]


def test_corrections_can_be_copied(browser: Browser) -> None:
    browser.open([made()]).press(Keys.HOME, "s")
    browser.run("document.addEventListener('copy', () => { window.copied = String(getSelection()) || document.activeElement.value; })")
    browser.run("navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }")
    browser.find("#copy").click()
    time.sleep(0.2)
    assert json.loads(browser.run("return window.copied"))["keep"] is True
    assert browser.text("#copy") == "Copied"


def test_corrections_survive_a_reload(browser: Browser) -> None:
    browser.open([made()]).press(Keys.HOME, "s")
    browser.driver.refresh()
    assert browser.text("#corrected") == "1 correction" and 0 in browser.kept()


# ---- looking around ----------------------------


def test_filters_and_search(browser: Browser) -> None:
    result = clean(SAMPLE)
    browser.open([result])
    browser.find("#filters [data-name=navigation]").click()
    assert browser.visible() == [n for n, b in enumerate(result.page) if b.label is Label.NAVIGATION]
    browser.find("#filters [data-name=navigation]").click()
    browser.find("#filters [data-name=removed]").click()
    assert browser.visible() == [n for n, b in enumerate(result.page) if not b.kept]
    browser.find("#filters [data-name=removed]").click()
    browser.find("#search").send_keys("MUSSEL")
    assert browser.visible() == [n for n, b in enumerate(result.page) if "mussel" in b.text.lower()]
    browser.find("#search").send_keys("nowhere to be found")
    assert browser.visible() == [] and browser.find("#none").is_displayed()


def test_reasons_are_told(browser: Browser) -> None:
    browser.open([made()]).click_block(3)
    assert "ad.marker" in browser.text("#about-reasons") and "+3.00 for ad" in browser.text("#about-reasons")
    assert "ad.marker" in (browser.find("#b3").get_attribute("title") or "")


def test_many_pages_have_an_index(browser: Browser) -> None:
    results = [clean(SAMPLE), made(), clean("")]
    browser.open(results, ["one", "two <b>", "three"])
    rows = browser.run("return [...document.querySelectorAll('#pages tr')].map(r => [...r.children].map(c => c.firstChild.textContent))")
    assert [(row[0], row[3], row[4]) for row in rows] == [
        (name, str(len(r.blocks)), str(len(r.page))) for name, r in zip(["one", "two <b>", "three"], results)]
    browser.find("#pages tr:nth-child(2) a").click()
    browser.wait("document.title.startsWith('two')")
    assert browser.kept() == numbers(results[1]) and "two <b>" in browser.text("#where")
    browser.find("#next").click()
    browser.wait("document.title.startsWith('three')")
    assert browser.text("#where").startswith("three") and browser.kept() == []
    browser.find("#all").click()
    browser.wait("document.title === 'boilerstrip report'")
    assert browser.find("#index-view").is_displayed()


def test_hostile_text_is_inert(browser: Browser) -> None:
    result = clean(HOSTILE, input="text")
    browser.open([result], ["<img src=x onerror='window.hit = 9'>"])
    time.sleep(0.3)
    assert browser.run("return window.hit") is None
    assert browser.run("return document.querySelectorAll('img, iframe, svg, #list script, #story script').length") == 0
    assert browser.run("return [...document.querySelectorAll('.block .text')].map(e => e.lastChild.data)") == [b.text for b in result.page]
    assert browser.find("#list").is_displayed()


def test_the_policy_stops_other_scripts(browser: Browser) -> None:
    browser.open([made()])
    browser.run("const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s)")
    browser.run("const i = new Image(); i.src = 'https://attacker.example/x.png'; document.body.append(i)")
    assert browser.run("return window.hit") is None
    assert all("Content Security Policy" in message for message in browser.errors())


CONTRAST = """
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const rgb = color => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => {
      for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor);
        if (c[3] > 250) return c;
      }
      return rgb('white');
    };
    const bad = [];
    for (const e of document.querySelectorAll('body *')) {
      if (!e.offsetParent || e.disabled || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${e.tagName}.${e.className} ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
    }
    return [...new Set(bad)]"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(browser: Browser, scheme: str) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    try:
        browser.open([made(200)]).click_block(3)
        browser.find("#help").click()
        assert browser.run(CONTRAST) == []
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_everything_has_a_role_and_a_name(browser: Browser) -> None:
    browser.open([made()]).click_block(3)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree if not n.get("ignored")]
    for role in ("listbox", "slider", "searchbox", "button", "combobox", "option", "region"):
        assert any(r == role for r, _ in named), role
        assert all(name.strip() for r, name in named if r == role), role
    assert any(role == "option" and "removed" in name and "Block 3" in name for role, name in named)


def test_a_picture_of_the_report(browser: Browser, tmp_path: Path) -> None:
    browser.open([clean(SAMPLE)]).click_block(26)
    assert browser.driver.save_screenshot(str(tmp_path / "report.png"))
    picture = (tmp_path / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 20_000


def test_it_can_be_printed(browser: Browser) -> None:
    browser.open([made(200)])
    printed = base64.b64decode(browser.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 4, "all blocks, not one screen"


def test_the_notebook_view_runs_nothing(browser: Browser) -> None:
    path = browser.folder / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{clean(HOSTILE, input='text')._repr_html_()}</body>", "utf-8")
    browser.driver.get(path.as_uri())
    time.sleep(0.2)
    assert browser.run("return window.hit") is None
    assert browser.find(".bs-result").is_displayed()
