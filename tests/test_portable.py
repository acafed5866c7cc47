"""The package does without modules that only POSIX systems have, such as `fcntl`."""

import subprocess
import sys

import pytest

POSIX_ONLY = ("fcntl", "grp", "pwd")

IMPORT_EVERYTHING = f"""
import pkgutil, sys
for name in {POSIX_ONLY}:
    sys.modules[name] = None
import unitscope
for module in pkgutil.walk_packages(unitscope.__path__, "unitscope."):
    __import__(module.name)
"""

LOCK_TWICE = """
from pathlib import Path
from unitscope.errors import UnitscopeError
from unitscope.run.folder import open_for_writing
with open_for_writing(Path(sys.argv[1]), {}, kind="dissection", command="dissect"):
    try:
        with open_for_writing(Path(sys.argv[1]), {}, kind="dissection", command="dissect"):
            pass
    except UnitscopeError as error:
        print(error)
"""


@pytest.mark.slow
def test_everything_imports_and_locks_without_posix_modules(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING + LOCK_TWICE, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.partition(";")[0]) == (
        0,
        f"another process is working on {tmp_path / 'run'}",
    ), run.stderr
