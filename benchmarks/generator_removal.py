"""What it costs to remove sets of units from a generator, in bare passes of its back and of the segmenter.

    python benchmarks/generator_removal.py [--latents 64] [--variants 30] [--repeats 3] [--generator world]

`ratio` is over as many passes as there are pictures, those of the latents as they are included: the generator from the
layer on, and from its picture to label maps. `modules_ratio` is over the modules of generator and segmenter alone.
Everything of the measurement counts: what comes before the layer, edits, comparing, counting. Seconds are those
of the processor. `command_seconds` is a whole removal, with tables and pictures. With random weights, every
picture changes and none is left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from generators import BATCH, GENERATORS, interleave, make_subject, show

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.removal import RemovalPlan, measure_removal, run_removal
from unitscope.experiments.effects.settings import RemovalSettings
from unitscope.experiments.pieces import Piece, ranges


def main() -> None:
    """Time the removal of sets of 1, 2, 3 ... units."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latents", type=int, default=64)
    parser.add_argument("--variants", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--generator", choices=tuple(GENERATORS), default="random")
    options = parser.parse_args()
    subject = make_subject(options.latents, options.generator)
    concept = str(subject.vocabulary[1])
    edited = EditedGenerator.cut(subject.samples, subject.layer, BATCH)
    removed = torch.ones(options.variants, subject.layer.units, dtype=torch.bool).tril()
    names = tuple(f"without {k + 1} units" for k in range(options.variants))
    plan = RemovalPlan(at_once=BATCH, removed=removed, names=names, concept=1)
    seconds = interleave(
        edited,
        ranges(options.latents, BATCH),
        options.variants,
        lambda batches: [measure_removal(edited, plan, Piece(0, part)) for part in batches],
        options.repeats,
    )
    sizes = tuple(range(1, options.variants + 1))
    settings = RemovalSettings(concept, units=sizes, random=0, control="none", choose_on="all")
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        run_removal(subject, settings, Path(folder) / "out")
        command = time.process_time() - start
    show(
        "generator_removal",
        seconds,
        command,
        generator=options.generator,
        latents=options.latents,
        variants=options.variants,
    )


if __name__ == "__main__":
    main()
