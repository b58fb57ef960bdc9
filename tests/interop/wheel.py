"""The Python package: a wheel that contains the binary, installed where there is no Rust."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from kit import attempt, check, environment

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))
LARGEST = 60_000_000
BUILD_SECONDS, SECONDS = 3600, 300


def must(what, command, folder, seconds=SECONDS, **variables):
    """The output of a command. If it fails, the check ends."""
    done = subprocess.run(command, cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        raise RuntimeError(f"{what}: exit {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}")
    return done.stdout


def check_contents(wheel):
    size = wheel.stat().st_size
    check(f"the wheel is below {LARGEST // 1_000_000} MB", size < LARGEST, size)
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        check("the wheel is one for all versions of Python", "-py3-none-" in wheel.name, wheel.name)
        modules = {name for name in names if name.startswith("pitlake/")}
        check("the wheel carries the module and its types", {"pitlake/__init__.py", "pitlake/py.typed"} <= modules, modules)
        check("the wheel carries the binary", any(".data/scripts/pitlake" in name for name in names), names)
        check("the wheel carries the licence", any(name.endswith("/LICENSE") for name in names), names)
        metadata = files.read(next(name for name in names if name.endswith("/METADATA"))).decode()
        check("the wheel describes itself by the README", "## Demo" in metadata)
    print(f"interop: the wheel has {size / 1e6:.1f} MB", flush=True)


def check_installed(wheel, folder):
    """In an empty environment, and run by `uvx`, without cargo in the PATH."""
    place = folder / "empty"
    venv.create(place, with_pip=False)
    uv = str(SCRIPTS / "uv")
    own = {"UV_CACHE_DIR": str(folder / "uv-cache"), "UV_OFFLINE": "1", "UV_PYTHON": sys.executable}
    must("uv pip install", [uv, "pip", "install", "--python", str(place / "bin/python"), str(wheel)], folder, **own)
    path = f"{place / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    check("there is no cargo beside the wheel", shutil.which("cargo", path=path) is None)
    command = [shutil.which("pitlake", path=path), "demo", "--lake", str(folder / "wheel-lake")]
    printed = must("pitlake demo", command, folder, PATH=path)
    check("the demo of the wheel prints", printed.strip() != "")
    printed = must("uvx pitlake", [uv, "tool", "run", "--from", str(wheel), "pitlake", "--version"], folder, PATH=path, **own)
    check("`uvx` runs the wheel", printed.startswith("pitlake "), printed)


def check_wheel(binary, folder):
    """The binary was built in the target folder from which the wheel is built, so nothing is compiled twice.

    Returns the wheel, or None if there is none.
    """
    out = folder / "wheels"
    with attempt("the wheel"):
        target = str(Path(binary).parents[1])
        command = [str(SCRIPTS / "maturin"), "build", "--release", "--out", str(out)]
        must("maturin build", command, ROOT, BUILD_SECONDS, CARGO_TARGET_DIR=target)
        must("maturin sdist", [str(SCRIPTS / "maturin"), "sdist", "--out", str(out)], ROOT)
        command = ["cargo", "install", "--locked", "--path", ".", "--root", str(folder / "installed")]
        must("cargo install", command, ROOT, BUILD_SECONDS, CARGO_TARGET_DIR=target)
        check("`cargo install` has the binary", (folder / "installed/bin/pitlake").exists())
        wheels, sources = list(out.glob("*.whl")), list(out.glob("*.tar.gz"))
        check("there is a wheel and a source distribution", len(wheels) == len(sources) == 1, os.listdir(out))
        check_contents(wheels[0])
        check_installed(wheels[0], folder)
        return wheels[0]
