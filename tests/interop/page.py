#!/usr/bin/env python3
"""The page of `pitlake status --html` in a real browser: it asks the network for nothing, runs no text of a vendor, is read
in both languages, walked through by keyboard, and has enough contrast in the light and the dark.

usage: page.py PATH-OF-PITLAKE [FOLDER]

check.py runs `check_page` on one lake. By itself the script also looks at an empty lake and at one of thirty years and all
tables, measures how long that takes, and leaves pictures of all of them in FOLDER (default: target/page).
"""

import gzip
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True  # leave nothing in the working copy

import kit
from browser import browser, installed, opened, violations
from kit import attempt, check

# For the demo's lake, an hour after its second evening.
NOW = "2024-06-29T21:00:00+08:00"
MISSING = "2024-03-05"
EVIL = "</script><script>document.title = 'evil'</script><img src=x onerror=\"document.title = 'evil'\">"
MOST_BYTES = 3_000_000
# For four cores: listing the 370,000 files of thirty years is nearly all of the work, and is done in parallel. CPU time
# counts, so that a busy machine does not fail.
MOST_SECONDS, CORES = 2.0, 4
CELLS = "#coverage table.grid td[tabindex]"
# Walks through a grid with the arrow keys, row by row, using events like a keyboard's. Returns how many cells had the
# focus, and how many have a name.
WALK = """(table) => {
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const seen = new Set();
  const look = () => { if (table.contains(document.activeElement)) seen.add(document.activeElement); };
  table.querySelector("td[tabindex='0']").focus();
  const cells = [...table.querySelectorAll("td[tabindex]")];
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", ctrlKey: true, bubbles: true }));
  for (let before = -1; seen.size !== before; ) {
    before = seen.size;
    press("Home");
    look();
    for (let at = null; at !== document.activeElement; ) {
      at = document.activeElement;
      press("ArrowRight");
      look();
    }
    press("Home");
    press("ArrowDown");
    look();
  }
  return [seen.size, cells.length, cells.filter((cell) => (cell.getAttribute("aria-label") ?? cell.textContent).trim()).length];
}"""


def spoiled(demo, folder):
    """A copy of the demo's lake with a missing day and a rejected row that contains a script."""
    lake = folder / "spoiled"
    shutil.copytree(demo, lake)
    shutil.rmtree(lake / f"bronze/tushare/stock_daily_cn/date={MISSING}")
    rejected = {"reason": f"`close`: {EVIL}", "file": EVIL, "line": 1, "row": json.dumps({"close": EVIL})}
    place = lake / "rejects/stock_daily_cn"
    place.mkdir(parents=True, exist_ok=True)
    (place / "year=2024.jsonl.gz").write_bytes(gzip.compress(json.dumps(rejected).encode() + b"\n"))
    return lake


def written(binary, lake, file, now=NOW, *more):
    """Writes the page of a lake; returns the seconds it took, and the CPU seconds."""
    begun, used = time.monotonic(), spent()
    kit.must("status --html", [binary, "status", "--html", str(file), "--lake", str(lake), "--now", now, *more], file.parent)
    return time.monotonic() - begun, spent() - used


def spent():
    """CPU seconds of ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def check_keyboard(page):
    for place, table in enumerate(page.query_selector_all("#coverage table.grid")):
        seen, cells, named = table.evaluate(WALK)
        check(f"arrows reach every cell of grid {place}", seen == cells and cells > 0, f"{seen} of {cells}")
        check(f"every cell of grid {place} has a name", named == cells, f"{named} of {cells}")
    stops = page.evaluate("[...document.querySelectorAll('table.grid')].map((grid) => grid.querySelectorAll('[tabindex=\"0\"]').length)")
    check("a grid is one stop of the tab key", set(stops) == {1}, stops)
    # Real key presses from the top of the page: they reach the grid, move in it, and a cell opens its days.
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.overview') !== null"):
            break
    page.keyboard.press("Control+Home")
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    check("keys lead from cell to cell", first and second and first != second, (first, second))
    page.keyboard.press("Enter")
    opened_days = page.evaluate("document.activeElement.closest('#days') !== null")
    check("Enter leads to the days", opened_days)


def check_page(binary, demo, folder, programs):
    """The checks for every change. Saves one picture in PAGE_PICTURES, if that is set. `programs` gives what
    `installed` returns."""
    with attempt("the page is written"):
        file = folder / "page.html"
        seconds, _ = written(binary, spoiled(demo, folder), file)
    with attempt("a browser opens the page"):
        chromium, axe = programs()
        with browser(chromium) as started:
            check_texts(started, file)
            for scheme in ("light", "dark"):
                with opened(started, file, scheme=scheme) as (page, wrong):
                    found = violations(page, axe)
                    check(f"axe-core finds nothing wrong in the {scheme}", not found, "\n".join(found))
                    check(f"the page asks for nothing in the {scheme}", not wrong, wrong)
                    if scheme == "light":
                        check_keyboard(page)
                        picture = page.screenshot(path=pictures(folder) / "page.png", full_page=True)
                        check("the picture is not blank", len(picture) > 30_000, len(picture))
    print(f"page: {file.stat().st_size / 1000:.0f} kB in {seconds:.2f} s", flush=True)


def check_texts(started, file):
    """Both languages, and the texts of vendors."""
    titles = {}
    for language in ("en", "zh"):
        with opened(started, file, language) as (page, wrong):
            check(f"the page has no error in `{language}`", not wrong, wrong)
            check(f"every text is there in `{language}`", page.evaluate("document.documentElement.dataset.untranslated") is None,
                  page.evaluate("document.documentElement.dataset.untranslated"))
            check(f"the page says that it is in `{language}`", page.evaluate("document.documentElement.lang").startswith(language))
            titles[language] = page.inner_text("#coverage h2")
            title = {"en": "Daily bars, unadjusted", "zh": "日线行情（未复权）"}[language]
            check(f"titles of tables are in `{language}`", title in page.inner_text("#tables"), language)
            missing = {"en": "stock_daily_cn: 1 day", "zh": "stock_daily_cn：1 天"}[language]
            check(f"what is missing is told in `{language}`", missing in page.inner_text("#answers"), page.inner_text("#answers")[:200])
            held = {"en": r"\d+ held", "zh": r"已有 \d+"}[language]
            check(f"days are counted in `{language}`", re.search(held, page.inner_text("#days")), page.inner_text("#days")[-80:])
            check("a script of a vendor does not run", "evil" not in page.title(), page.title())
            check("a text of a vendor is shown as it is", EVIL in page.inner_text("#rejects"))
            check("a missing day has its command", f"--start {MISSING} --end {MISSING}" in page.inner_text("#answers"))
            page.click("[data-language=en]" if language == "zh" else "[data-language=zh]")
            other = page.inner_text("#coverage h2")
            check("the switch changes the language", other != titles[language], other)
    check("the languages differ", titles["en"] != titles["zh"], titles)
    with opened(started, file, scripts=False) as (page, _):
        check("without scripts a table has the essentials", "stock_daily_cn" in page.inner_text("noscript"), "")


def pictures(folder):
    place = Path(os.environ.get("PAGE_PICTURES", folder))
    place.mkdir(parents=True, exist_ok=True)
    return place


def check_all(binary, folder):
    """The pictures, and the lake of thirty years."""
    from thirty import NOW as LATE
    from thirty import thirty_years

    empty = folder / "empty"
    empty.mkdir()
    thirty = thirty_years(binary, folder)
    lakes = {"empty": (empty, NOW), "demo": (kit.demo(binary, folder), NOW), "thirty": (thirty, LATE)}
    files = {name: folder / f"{name}.html" for name in lakes}
    for name, (lake, now) in lakes.items():
        # The second time, the lake's files are in memory, as after a run.
        seconds, used = min(written(binary, lake, files[name], now) for _ in range(3))
        size = files[name].stat().st_size
        print(f"page of the {name} lake: {size / 1000:.0f} kB in {seconds:.2f} s, {used:.2f} s of processors", flush=True)
        check(f"the page of the {name} lake is small", size < MOST_BYTES, size)
        check(f"the page of the {name} lake is written quickly", used / CORES < MOST_SECONDS, used)
    chromium, axe = installed(folder)
    with browser(chromium) as started:
        for name, file in files.items():
            for language in ("en", "zh"):
                for scheme in ("light", "dark"):
                    for width in (400, 1280, 1920):
                        with opened(started, file, language, scheme, (width, 900)) as (page, wrong):
                            check(f"{name}, {language}, {scheme}, {width}: no error, no request", not wrong, wrong)
                            wide = page.evaluate("document.documentElement.scrollWidth")
                            check(f"{name}, {language}, {width}: fits its window", wide <= width, wide)
                            if width == 1280:
                                found = violations(page, axe)
                                check(f"{name}, {language}, {scheme}: axe-core finds nothing wrong", not found, "\n".join(found))
                            page.screenshot(path=pictures(folder) / f"{name}-{language}-{scheme}-{width}.png")
                with opened(started, file, language) as (page, _):
                    page.screenshot(path=pictures(folder) / f"{name}-{language}-whole.png", full_page=True)
                    page.pdf(path=pictures(folder) / f"{name}-{language}.pdf", format="A4")
        with opened(started, files["thirty"]) as (page, _):
            check_keyboard(page)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    binary = str(Path(sys.argv[1]).resolve())
    os.environ["PAGE_PICTURES"] = str(Path(sys.argv[2] if len(sys.argv) == 3 else "target/page").resolve())
    with tempfile.TemporaryDirectory(prefix="pitlake-page-") as name:
        check_all(binary, Path(name))
    if kit.failed:
        print(f"page: {kit.failed} of {kit.passed + kit.failed} checks failed")
        sys.exit(1)
    print(f"page: {kit.passed} checks passed; pictures are in {os.environ['PAGE_PICTURES']}")


if __name__ == "__main__":
    main()
