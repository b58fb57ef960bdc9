#!/usr/bin/env python3
"""Other programs read the lake, the vendors' own clients read the sandbox, a browser shows its page, S3 servers
hold a lake, and the Python package installs.

usage: check.py PATH-OF-PITLAKE

Prints one line per failed check and exits 1; `interop: N checks passed` otherwise.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # leave nothing in the working copy

import kit
from browser import installed
from client import check_client
from cluster import check_cluster
from engines import settle
from environments import check_environments
from hub import check_hub
from layers import check_layers
from lineage import check_lineage
from lints import check_lints
from module import check_module, check_types, install
from notebook import check_notebooks
from objects import check_objects
from page import check_page
from pages import check_pages
from plans import check_plans
from prompt import check_prompt
from readers import check_readers, end_spark
from readme import check_readme
from recipes import check_recipes
from wheel import check_wheel


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    binary = str(Path(sys.argv[1]).resolve())
    settle()
    with tempfile.TemporaryDirectory(prefix="pitlake-interop-") as name:
        folder = Path(name)
        fetching = ThreadPoolExecutor(1)
        programs = fetching.submit(installed, folder).result  # for the browser, fetched while the checks before it run
        with kit.sandbox(binary, folder) as vendor:
            lake = kit.backfill(binary, folder, vendor)
            check_client(vendor, lake)
            check_lineage(binary, folder, vendor)
        check_hub(binary, folder)
        check_objects(binary, folder)
        check_layers(lake)
        past = check_recipes(binary, lake)
        demo = kit.demo(binary, folder)
        check_readers(binary, demo)
        check_plans(binary, folder, demo)
        check_prompt(binary, folder, demo)
        check_page(binary, demo, folder, programs)
        check_readme(binary, folder)
        check_pages(binary, folder, demo)
        wheel = check_wheel(binary, folder)
        if wheel:
            pitlake = install(wheel, folder)
            with ThreadPoolExecutor() as pool:  # separate processes, while the checks in this one run
                beside = [pool.submit(check_types), pool.submit(check_environments, wheel, demo, folder)]
                check_module(pitlake, past, demo, folder)
                for job in beside:
                    with kit.attempt("the checks beside those of the module"):
                        job.result()
            check_notebooks(demo, folder)
        check_cluster(binary, folder)
        check_lints()
    end_spark()
    if kit.failed:
        print(f"interop: {kit.failed} of {kit.passed + kit.failed} checks failed")
        sys.exit(1)
    print(f"interop: {kit.passed} checks passed")


if __name__ == "__main__":
    main()
