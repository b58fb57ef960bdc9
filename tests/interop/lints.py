"""Lints files that run elsewhere: the release workflow, Dockerfiles, compose files and manifests."""

import subprocess
import sysconfig
from pathlib import Path

from kit import attempt, check

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))
WORKFLOW = ".github/workflows/release.yml"
LINTS = [
    ["yamllint", "--strict", ".github", "compose.yaml", "examples"],
    ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW],
    ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
    ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "examples/cluster/compose.yaml"],
    ["zizmor", "--offline", "--no-progress", ".github"],
    ["hadolint", "Dockerfile", "examples/cluster/Dockerfile"],
]
SECONDS = 60


def check_lints():
    for name, *words in LINTS:
        with attempt(f"{name} runs"):
            command = [str(SCRIPTS / name), *words]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
            check(f"{name} {words[-1]}", done.returncode == 0, done.stdout + done.stderr)
