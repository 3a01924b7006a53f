"""Makes docs/report.png, the picture in the README: the report of the sample page, in headless Chromium.

    python docs/make_picture.py    # needs pip install "boilerstrip[integrations]", and chromium with its driver
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from boilerstrip import Label, clean
from boilerstrip.report import report_html

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "report.png"
WIDTH, HEIGHT, SCALE = 1240, 760, 1.5
MOST_BYTES = 200_000


def main() -> int:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        print("chromium and its driver are needed; on Debian: apt-get install chromium chromium-driver", file=sys.stderr)
        return 1
    result = clean((ROOT / "fixtures" / "sample.txt").read_bytes())
    page = list(result.page)
    removed = [n for n, block in enumerate(page) if not block.kept]
    # with the end of the story above it and comments and other stories below
    chosen = next((n for n in removed if page[n].label is Label.AI_PROMO and page[n].hits), removed[-1])
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.binary_location = chromium
    browser = webdriver.Chrome(options=options, service=Service(driver))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(report_html([result], ["sample.txt"]), "utf-8")
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SCALE, "mobile": False})
        browser.get(path.as_uri())
        browser.execute_script("""
            const list = document.getElementById('list'), block = document.getElementById('b' + arguments[0]);
            block.click();
            document.activeElement.blur();
            list.scrollTop += block.getBoundingClientRect().top - list.getBoundingClientRect().top - 0.42 * list.clientHeight;
            document.getElementById('story').scrollTop = 0;""", chosen)
        picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    browser.quit()
    picture.quantize(96, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    size = PICTURE.stat().st_size
    print(f"{PICTURE}: {size:,} bytes")
    return 0 if size < MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
