"""`pitlake query` as people use it: a prompt on a terminal, statements from a file, an Excel sheet."""

import datetime
import json
import os
import signal
import subprocess
import termios

import openpyxl
import pexpect

from kit import attempt, check

WAIT_SECONDS = 60
# No join condition, so it runs until it is stopped.
ENDLESS = "SELECT count(*) FROM stock_daily_cn a, stock_daily_cn b, stock_daily_cn c WHERE a.close + b.close > c.close;"


def started(binary, lake, home):
    """A prompt on a terminal of 100 columns, with a separate history."""
    environment = {**os.environ, "XDG_STATE_HOME": str(home), "TERM": "xterm", "NO_COLOR": "1"}
    prompt = pexpect.spawn(
        binary, ["query", "--lake", str(lake)], env=environment, dimensions=(40, 100), timeout=WAIT_SECONDS,
        encoding="utf-8",
    )
    prompt.expect("pitlake> ")
    return prompt


def ended(prompt):
    """The exit code, once the prompt has ended."""
    prompt.expect(pexpect.EOF)
    prompt.close()
    return prompt.exitstatus


def check_prompt(binary, folder, lake):
    """`lake` is the demo's."""
    home = folder / "state"
    with attempt("the prompt"):
        prompt = started(binary, lake, home)
        for typed, seen in [
            ("SHOW TABLES;\r", "income_cn .*Income"),
            ("DESCRIBE stock_daily_cn;\r", r"\| amount +\| Float64 +\| CNY +\| turnover"),
            ("SELECT count(*) AS n\rFROM stock_daily_cn;\r", r"\| +\d+ \|"),
            ("SELECT ts_code FROM stock_daily_b\t WHERE close > 1000000;\r", "ts_code"),
            ("SELECT no_such_column FROM stock_daily_cn;\r", "error: no column `no_such_column`"),
            ("SELECT * FROM stock_daily_cn;\r", "The first 100 rows; --limit 0"),
            ("SELECT * FROM income_cn LIMIT 1;\r", r"-- row 1 --\s+ts_code"),
            ("SELECT 1 +\x03", "SELECT 1"),
            ("SELECT 2 + 40;\r", r"\| +42 \|"),
            ("help\r", "Ctrl-D"),
        ]:
            prompt.send(typed)
            prompt.expect(seen)
            prompt.expect("pitlake> ")
        prompt.send(ENDLESS + "\r")
        prompt.expect("c.close;")
        prompt.send("\x03")
        prompt.expect("query cancelled")
        prompt.expect("pitlake> ")
        prompt.send("\x04")
        check("Ctrl-D leaves the prompt", ended(prompt) == 0)
        kept = (home / "pitlake/query-history").read_text()
        check("the history is kept", "SHOW TABLES;" in kept and "FROM stock_daily_cn;" in kept, kept)

        again = started(binary, lake, home)
        again.send("\x1b[A\x1b[A")
        again.expect("help")
        again.send("\x03")
        again.expect("pitlake> ")
        again.kill(signal.SIGTERM)
        again.expect("ended by SIGTERM")
        modes = termios.tcgetattr(again.child_fd)[3]
        check("a signal leaves the terminal as it was", modes & termios.ICANON and modes & termios.ECHO, modes)
        check("a signal ends the prompt", ended(again) == 143, again.exitstatus)

    with attempt("statements from a file and a pipe"):
        file = folder / "statements.sql"
        file.write_text("-- two; statements\nSELECT 1 AS one;\nSELECT ';' AS two")
        printed = subprocess.run(
            [binary, "query", "-f", file, "--lake", lake, "--format", "json"], capture_output=True, text=True, check=True,
        ).stdout
        check("a file of statements", printed == '[{"one":1}]\n[{"two":";"}]\n', printed)
        piped = subprocess.run(
            [binary, "query", "-", "--lake", lake, "--format", "csv"], input="SELECT 7 AS n;", capture_output=True,
            text=True, check=True,
        ).stdout
        check("statements of a pipe", piped == "n\n7\n", piped)

    with attempt("an Excel sheet"):
        sheet = folder / "bars.xlsx"
        sql = "SELECT ts_code, end_date, revenue, revision, observed_at FROM income_cn ORDER BY 1, 2, 4 LIMIT 500"
        subprocess.run([binary, "query", sql, "--lake", lake, "--output", sheet], check=True)
        rows = json.loads(subprocess.check_output([binary, "query", sql, "--lake", lake, "--format", "json"]))
        heading, *cells = openpyxl.load_workbook(sheet).active.iter_rows(values_only=True)
        check("its heading", list(heading) == list(rows[0]), heading)
        read = [[cell.date().isoformat() if isinstance(cell, datetime.datetime) else cell for cell in row] for row in cells]
        check("its cells", read == [list(row.values()) for row in rows], read[:1])
