"""Environments with one reader each, and with none: what an extra of the package installs is enough for its methods.

The packages of an environment are links to those of the environment that runs the checks, so nothing is downloaded.
"""

import json
import re
import subprocess
import sys
import sysconfig
import venv
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from kit import attempt, check, environment

SCRIPT = Path(__file__).with_name("alone.py")
PACKAGES = Path(sysconfig.get_path("purelib"))
SECONDS = 120
# Extras, and the methods that need them; other methods work without any.
METHODS = {
    "duckdb": ["duckdb"],
    "polars": ["scan", "scan as of", "query to polars"],
    "pandas": ["pandas", "query", "prices", "universe"],
    "spark": ["spark"],
}
FREE = ["tables", "describe", "status"]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(lines, extra=None):
    """The names of required packages, including those of an extra."""
    for line in lines or []:
        requirement, _, marker = line.partition(";")
        marker = marker.strip()
        # Conditions on Python and the system are ignored: what is not installed here is not needed here.
        if "extra ==" not in marker or (extra and re.search(rf"extra == ['\"]{extra}['\"]", marker)):
            yield normal(NAME.match(requirement.strip()).group())


def closure(names):
    """The packages and everything they depend on, as far as installed here."""
    found, rest = {}, list(names)
    while rest:
        name = rest.pop()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        rest += requirements(found[name].requires)
    return found


def make(folder, wheel, needed):
    """An environment with the wheel and links to some packages; returns its Python."""
    venv.create(folder, with_pip=False)
    python = folder / "bin/python"
    site = next((folder / "lib").glob("python*/site-packages"))
    for package in closure(needed).values():
        for top in {Path(file).parts[0] for file in package.files or []} - {"..", "__pycache__"}:
            if (PACKAGES / top).exists() and not (site / top).exists():
                (site / top).symlink_to(PACKAGES / top)
    uv = str(Path(sys.executable).parent / "uv")
    command = [uv, "pip", "install", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    own = environment(UV_CACHE_DIR=str(folder.parent / "uv-cache"), UV_LINK_MODE="symlink")
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return python


def check_environment(extra, needed, wheel, lake, folder):
    with attempt(f"the environment of {extra}"):
        python = make(folder / str(extra), wheel, needed)
        # With a PATH without `pitlake`, so that the environment's own is used.
        done = subprocess.run([str(python), str(SCRIPT), str(lake)], env=environment(PATH="/usr/bin:/bin"), capture_output=True, text=True, timeout=SECONDS)
        check(f"the script ends well with {extra}", done.returncode == 0, done.stderr.strip()[-300:])
        seen = json.loads(done.stdout)
        for method in FREE:
            check(f"`{method}` needs no reader", seen[method] == "ok", seen[method])
        for name, methods in METHODS.items():
            for method in methods:
                if name == extra:
                    check(f"`{method}` works with pitlake[{extra}] alone", seen[method] == "ok", seen[method])
                else:
                    way = f'run `pip install "pitlake[{name}]"`'
                    good = seen[method].startswith("missing: ") and way in seen[method]
                    check(f"without {name}, `{method}` says what to install", good, seen[method])


def check_environments(wheel, lake, folder):
    """Four environments with a reader each, and one without."""
    (folder / "environments").mkdir()
    described = metadata.Distribution.at(next((folder / "module").glob("pitlake-*.dist-info"))).requires
    offered = {extra: list(requirements(described, extra)) for extra in METHODS}
    check("every extra has packages", all(offered.values()), offered)
    check("the package needs no other", not list(requirements(described)), described)
    jobs = [*offered.items(), (None, [])]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: check_environment(*job, wheel, lake, folder / "environments"), jobs))
