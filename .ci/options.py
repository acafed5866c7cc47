"""Write the tables of options in docs/cli.md from the options themselves, or check that they are the same.

python .ci/options.py            # write
python .ci/options.py --check
"""

import re
import sys
from pathlib import Path

from typer.main import get_command

from unitscope.cli import application

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = "| option | meaning | default |\n| --- | --- | --- |\n"
CODE = re.compile(
    r"--[a-z][a-z-]*"
    r"|world\[:COUNT\[:SPLIT\]\]|(?<![\w'])(?:[\w.-]+(?:[:=|/][\w\[\]:,.=|/-]*[\w\]])+|\.[a-z]{3,4}\b|[A-Z]+_[A-Z]+|file\.pt2)"
    r"|'[^']+ [^']+'"
)


def table(command) -> str:
    """Return the table of a command's options, in the order of its help."""
    rows = []
    for option in command.params:
        if option.param_type_name != "option":
            continue
        names = ", ".join(f"`{name}`" for name in option.opts)
        kind = f" {option.metavar}" if option.metavar else ""
        names = names[:-1] + f"{kind}`".replace("|", "\\|")
        default = "" if option.default in (None, "") or option.default is False else option.default
        default = "required" if option.required else f"`{default}`" if default != "" else ""
        rows.append(f"| {names} | {readable(option.help)} | {default} |\n")
    return HEAD + "".join(rows)


def readable(text: str) -> str:
    """Return a help text as a cell of Markdown."""
    text = text.rstrip(".")
    text = text if text[1:2].isupper() else text[0].lower() + text[1:]
    return CODE.sub(lambda found: f"`{found[0].strip(chr(39))}`", text).replace("|", "\\|")


def rendered(text: str) -> str:
    """Return the document with the tables that the options make."""
    sections = re.split(r"(?m)^(?=## )", text)
    commands = get_command(application()).commands
    titles = [re.match(r"## unitscope ([a-z-]+)", section) for section in sections]
    missing = sorted({*commands} - {title[1] for title in titles if title})
    if missing:
        raise SystemExit(f"{DOCUMENT} has no section '## unitscope {missing[0]}'")
    pairs = zip(titles, sections, strict=True)
    return "".join(
        with_table(section, table(commands[title[1]])) if title else section for title, section in pairs
    )


def with_table(section: str, rows: str) -> str:
    """Return a section with another table of options."""
    return re.sub(r"(?m)^\| option \|.*\n(?:\|.*\n)+", rows.replace("\\", r"\\"), section, count=1)


def main() -> None:
    """Write the tables, or fail where they differ."""
    before = DOCUMENT.read_text(encoding="utf-8")
    after = rendered(before)
    if sys.argv[1:] != ["--check"]:
        DOCUMENT.write_text(after, encoding="utf-8")
    elif after != before:
        lines = zip(before.splitlines(), after.splitlines(), strict=False)
        old, new = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
        raise SystemExit(
            f"docs/cli.md is not what the options say; run 'python .ci/options.py'\n- {old}\n+ {new}"
        )


if __name__ == "__main__":
    main()
