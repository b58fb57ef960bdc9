#!/usr/bin/env python3
"""The lake in a container of Azurite, the emulator of Azure Storage: silver has the same bytes as in a folder.

usage: azurite.py PATH-OF-PITLAKE PATH-OF-AZURITE-BLOB
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

sys.dont_write_bytecode = True

import kit
from bucket import free_port
from kit import check

# The account that every Azurite has, from its documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
TABLES = ["stock_daily_cn", "income_cn"]
ASKED = ["--start", "2024-01-02", "--end", "2024-01-31", "--now", "2024-03-29T20:00:00+08:00"]


def create_container(port, name):
    """Sends a signed request; returns whether it succeeded."""
    path, when = f"/{ACCOUNT}/{name}", formatdate(usegmt=True)
    signed = f"PUT{chr(10) * 12}x-ms-date:{when}\nx-ms-version:2021-08-06\n/{ACCOUNT}{path}\nrestype:container"
    proof = base64.b64encode(hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"x-ms-date": when, "x-ms-version": "2021-08-06", "Authorization": f"SharedKey {ACCOUNT}:{proof}",
               "Content-Length": "0"}
    connection.request("PUT", f"{path}?restype=container", headers=headers)
    return connection.getresponse().status == 201


@contextlib.contextmanager
def azurite(program, folder):
    port = free_port()
    command = ["node", program, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder / "azurite"),
               "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                if create_container(port, "lake"):
                    break
            if time.monotonic() > end:
                sys.exit("interop: FAILED: Azurite does not answer")
            time.sleep(0.2)
        yield port
    finally:
        child.terminate()
        child.wait(10)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    binary, program = (str(Path(name).resolve()) for name in sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="pitlake-azure-") as name:
        folder = Path(name)
        market = ("--stocks", "10", "--start", "2023-11-01", "--end", "2024-03-29")
        with kit.sandbox(binary, folder, market) as vendor, azurite(program, folder) as port:
            (folder / "jobs.toml").write_text(
                f'version = 1\n\n[lake]\nendpoint = "http://127.0.0.1:{port}/{ACCOUNT}"\n\n'
                f'[vendors.tushare]\nbase_url = "{vendor["tushare"]}"\npoints = 5000\nrequests_per_minute = 1000000\n'
            )
            variables = {"TUSHARE_TOKEN": vendor["token"], "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
                         "AZURE_STORAGE_ACCOUNT_KEY": KEY}
            answers = []
            for lake in ("local", "az://lake/some/folder"):
                def run(*arguments, codes=(0,), lake=lake):
                    return kit.must(f"{arguments[0]} of {lake}", [binary, *arguments, "--lake", lake], folder, codes, **variables)

                run("backfill", *TABLES, *ASKED)
                run("verify", *TABLES)
                rows = run("query", "SELECT * FROM stock_daily_cn ORDER BY ts_code, trade_date", "--format", "csv")
                answers.append((rows, json.loads(run("status", *TABLES, "--format", "json", *ASKED[4:]))))
            check("Azure and a folder answer the same", answers[0] == answers[1] and answers[0][0].count("\n") > 100)
            found = json.loads(run("doctor", "adj_factor", "--format", "json", codes=(0, 2, 3, 5)))
            words = [one["said"].split(":")[0] for one in found if one["what"].startswith("store c")]
            check("Azure supports both conditions", words == ["supported", "supported"], words)
    if kit.failed:
        sys.exit(1)
    print(f"azure: {kit.passed} checks passed")


if __name__ == "__main__":
    main()
