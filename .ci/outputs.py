"""Write what the documents' blocks print into the documents: python .ci/outputs.py [PAGE ...]; all that print by default.

Every block of a page is run as it stands, in a new folder; the texts marked ``<!-- prints -->`` are replaced by what was printed.
``tests/pages.py`` says how blocks are marked, and the tests run them with smaller numbers. With --folder the runs are kept there.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from pages import FENCE, PAGES, Block, Person, blocks_of, name_of, shown_lines


def printed(text: str, folder: Path) -> str:
    """Return the text of a page with what its blocks print now."""
    person, said = Person(folder), ""

    def now(found: re.Match[str]) -> str:
        nonlocal said
        block = Block(found["mark"] or "", found["language"], found["code"])
        if block.kind == "prints":
            lines = "".join(f"{line}\n" for line in shown_lines(block, said))
            return f"<!-- {block.mark} -->\n```{block.language}\n{lines}```"
        if block.kind in ("takes", "file"):
            start = time.monotonic()
            said = person.follow(block)
            print(
                f"  {time.monotonic() - start:5.1f} s  {block.said}: {block.code.splitlines()[0][:70]}",
                flush=True,
            )
        return found[0]

    return FENCE.sub(now, text)


def main() -> None:
    """Run the pages that are named, or all that print something."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("pages", nargs="*", type=Path)
    words.add_argument("--folder", type=Path)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = given.folder or Path(spare) / "work"
        folder.mkdir(exist_ok=True)
        for page in [page.resolve() for page in given.pages] or PAGES:
            if any(block.kind == "prints" for block in blocks_of(page)):
                print(name_of(page), flush=True)
                page.write_text(printed(page.read_text(encoding="utf-8"), folder), encoding="utf-8")


if __name__ == "__main__":
    main()
