"""The program ``pitlake``: where it is, and how to call it. What its answers mean is decided elsewhere."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Iterator, Optional

from ._errors import PitlakeError, UsageError, warn
from ._language import say

# The exit code for a wrong command line, the prefix of error messages in both languages, and the form of a log line.
_USAGE = 2
_ERROR = re.compile("^(error: |\u9519\u8bef\uff1a)", re.MULTILINE)
_EVENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\S*\s+([A-Z]+) (.*)")
_MORE_HELP = re.compile(r"\n\s*\n.*--help.*\Z", re.DOTALL)


def find(lang: Optional[str] = None) -> str:
    """The program installed with this package, or else the one in the PATH."""
    name = "pitlake.exe" if sys.platform == "win32" else "pitlake"
    user = "nt_user" if os.name == "nt" else "osx_framework_user" if sys.platform == "darwin" and sys._framework else "posix_user"
    places = [sysconfig.get_path("scripts"), str(Path(__file__).parents[1] / "bin")]
    if user in sysconfig.get_scheme_names():
        places.append(sysconfig.get_path("scripts", scheme=user))
    for place in places:
        candidate = os.path.join(place, name)
        if os.path.isfile(candidate):
            return candidate
    found = shutil.which("pitlake")
    if found is None:
        missing = "the program `pitlake` is neither in {place} nor in the PATH: run `pip install pitlake` again"
        raise PitlakeError(say(lang, missing, place=places[0]))
    return found


class Binary:
    """The program, with the lake, configuration and language to use."""

    def __init__(self, lake: Path, config: Optional[Path], program: Optional[str], lang: Optional[str]) -> None:
        self.lang = lang
        self.program = find(lang) if program is None else program
        # Text logs are in the language of the rest; JSON logs are in English.
        self.options = ["--lake", str(lake), "--log-format", "text"]
        if lang is not None:
            self.options += ["--lang", lang]
        if config is not None:
            self.options += ["--config", str(config)]

    def run(self, *arguments: str, quiet: bool = False) -> str:
        """The program's output. Its warnings become warnings, unless quiet, and its errors exceptions."""
        try:
            done = subprocess.run(
                [self.program, *self.options, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise PitlakeError(say(self.lang, "cannot run `{program}`: {why}", program=self.program, why=error.strerror)) from error
        problem = []
        for line in done.stderr.splitlines():
            event = _EVENT.fullmatch(line)
            if event is None:
                problem.append(line)
            elif event[1] == "WARN" and not quiet:
                warn(event[2])
        if done.returncode == 0:
            return done.stdout
        message = _MORE_HELP.sub("", "\n".join(problem).strip())
        message = _ERROR.split(message, 1)[-1]
        silent = "`pitlake {command}` ended with exit code {code}"
        message = message or say(self.lang, silent, command=arguments[0], code=done.returncode)
        raise UsageError(message) if done.returncode == _USAGE else PitlakeError(message)

    @contextlib.contextmanager
    def rows(self, sql: str, as_of: Optional[str], quiet: bool = False) -> Iterator[str]:
        """The path of a Parquet file with the rows of a query. It is removed after the block."""
        with tempfile.TemporaryDirectory(prefix="pitlake-") as folder:
            file = os.path.join(folder, "rows.parquet")
            day = [] if as_of is None else ["--as-of", as_of]
            self.run("query", "--output", file, *day, "--", sql, quiet=quiet)
            yield file
