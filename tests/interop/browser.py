"""A headless Chromium and axe-core, from the packages of npm/package.json; needs node and npm, and no root.

`installed` fetches both, `browser` starts Chromium, `opened` opens a page and records what our pages must never do.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import sync_playwright

PACKAGES = Path(__file__).with_name("npm")
SECONDS = 300
# Unpacks Chromium and prints its path.
UNPACK = "import('@sparticuz/chromium').then((it) => it.default.executablePath()).then(console.log)"
# No GPU, and no sandbox of its own, which needs a kernel that allows user namespaces.
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
LOCALES = {"en": "en-US", "zh": "zh-CN"}
# The rules to check: contrast (WCAG 2.1 AA), names and roles.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def run(command, folder):
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, env=os.environ | {"TMPDIR": str(folder)}
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:2])}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


def installed(folder):
    """The path of Chromium, and the text of axe-core."""
    place = folder / "browser"
    place.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, place)
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], place)
    chromium = run(["node", "--input-type=module", "-e", UNPACK], place)
    return chromium, (place / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@contextlib.contextmanager
def browser(chromium):
    """Chromium, until the end of the block."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def opened(started, file, language="en", scheme="light", size=(1280, 900), scripts=True):
    """A page, and a list of its violations: requests, errors, console messages."""
    context = started.new_context(
        locale=LOCALES[language],
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=scripts,
        bypass_csp=False,
    )
    wrong = []
    page = context.new_page()
    page.on("request", lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    try:
        page.goto(file.as_uri())
        yield page, wrong
    finally:
        context.close()


def violations(page, axe):
    """What axe-core finds wrong, one line each. It is injected by the debugger, which the page's policy cannot
    block."""
    page.evaluate(axe)
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })", TAGS)
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})" for one in found["violations"]]
