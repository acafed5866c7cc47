"""Run every experiment on the bundled networks and print a hash of every table and number.

    python .ci/behaviour.py OUT.json        # record
    python .ci/behaviour.py --against OUT.json

Hashes are of values, column by column, not of files: where a table lies and how it is compressed may change. They hold on
one machine with one build of the libraries; rounding differs between processors.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ASIDE = {
    "run",
    "run_hash",
    "path",
    "page",
    "report",
    "seconds",
    "command",
    "created",
    "weights_hash",
    "schema_version",
    "settings",
}
"""Facts about where and when, and settings, whose names may change; what they decide is in the numbers."""

COMMANDS = {
    "vgg": "dissect world-vgg --images world:48 --layer relu3_2 --layer relu4_3 --replicates 200",
    "gan": "dissect world-gan --latents 40 --seed 3 --layer layer3 --layer layer4 --replicates 200",
    "vgg/importance/zero": "importance {vgg} --train world:60:train --val world:40:val --set-size 2 --set-size 20 --random 2 --curve street "
    "--replicates 200 --layer relu4_3",
    "vgg/importance/mean": "importance {vgg} --train world:40:train --val world:40:val --set-size 4 --ablation mean --random 1 "
    "--replicates 200 --layer relu4_3",
    "vgg/classify/concept": "classify-unit {vgg} --layer relu4_3 --unit 25 --images world:60:test --concept church --replicates 200",
    "vgg/classify/class": "classify-unit {vgg} --layer relu4_3 --unit 25 --images world:60:test --positive street --replicates 200",
    "gan/classify": "classify-unit {gan} --layer layer4 --unit 28 --concept tree --replicates 200",
    "gan/rank": "rank {gan} --layer layer4 --latents 6 --replicates 200",
    "gan/remove": "remove {gan} --layer layer4 --concept tree --units 1,5,20 --latents 24 --replicates 200 --pairs 2",
    "gan/remove-effect": "remove {gan} --layer layer4 --concept tree --rank effect --latents 12 --replicates 200 --pairs 1",
    "gan/insert": "insert {gan} --layer layer4 --concept tree --latents 6 --locations 16 --replicates 200",
    "gan/insert-level": "insert {gan} --layer layer4 --concept church --units 10 --level 0.995 --locations 4:random --latents 6 --replicates 200",
}
PRINTED = {
    "vgg/at-quantile": "units {vgg} --quantile 0.02 --format csv",
    "vgg/units": "units {vgg} --sort layer --format csv",
    "compare": "compare {vgg} {vgg} --format csv",
    "layers": "layers world-vgg --json",
    "layers-gan": "layers world-gan --json",
}


def digest(*parts: bytes) -> str:
    """Hash some bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()[:16]


def table_hash(path: Path) -> str:
    """Hash a table by its columns, in the order of their names."""
    table = pq.read_table(path)
    parts = []
    for name in sorted(table.column_names):
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        parts.append(repr((name, column.to_pylist())).encode())
    return digest(*parts)


def numbers(value: object, name: str = "") -> dict[str, object]:
    """Flatten JSON to ``{path: value}`` without what says where and when."""
    if isinstance(value, dict):
        pairs = [(str(key), each) for key, each in value.items() if key not in ASIDE]
    elif isinstance(value, list):
        pairs = [(str(place), each) for place, each in enumerate(value)]
    else:
        return {name: value}
    return {path: each for key, part in pairs for path, each in numbers(part, f"{name}.{key}").items()}


def call(words: list[str]) -> str:
    """Run a command of unitscope; return what it prints."""
    script = "import sys; from unitscope.cli.main import main; sys.argv[0] = 'unitscope'; main()"
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr}")
    return done.stdout


def record() -> dict[str, str]:
    """Run everything; return hashes by name."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as place:
        runs = {"vgg": f"{place}/vgg", "gan": f"{place}/gan"}
        for name, command in COMMANDS.items():
            out = Path(
                runs.get(name)
                or f"{runs[name.split('/')[0]]}/{'effects' if '/r' in name else 'more'}/{name.replace('/', '-')}"
            )
            if name == "gan/rank":  # where `--rank effect` looks for it
                out = Path(runs["gan"]) / "effects" / "rank-layer4"
            words = command.format(**runs).split()
            printed = json.loads(call([*words, "--out", str(out), "--quiet", "--json"]))
            found[f"{name}: printed"] = digest(json.dumps(numbers(printed), sort_keys=True).encode())
            for path in sorted([*out.glob("tables/*.parquet"), *out.glob("*.parquet")]):
                found[f"{name}: {path.stem}"] = table_hash(path)
            print(name, file=sys.stderr, flush=True)
        for name, command in PRINTED.items():
            found[name] = digest(call(command.format(**runs).split()).encode())
    return found


def main() -> None:
    """Record the hashes, or compare them with recorded ones."""
    found = record()
    if sys.argv[1] != "--against":
        Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n")
        return
    before = json.loads(Path(sys.argv[2]).read_text())
    changed = [name for name in sorted({*before, *found}) if before.get(name) != found.get(name)]
    print(*(f"{name}: {before.get(name)} before, {found.get(name)} now" for name in changed), sep="\n")
    print(
        f"{len(before) - len([name for name in changed if name in before])} of {len(before)} hashes are the same"
    )
    sys.exit(bool(changed))


if __name__ == "__main__":
    main()
