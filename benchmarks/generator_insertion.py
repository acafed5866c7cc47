"""What it costs to force units of a generator on at every place, in bare passes of its back and of the segmenter.

    python benchmarks/generator_insertion.py [--latents 16] [--units 20] [--repeats 3] [--generator world]

Counts as `generator_removal.py` does; the variants of a latent are the cells of the layer's grid.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from generators import BATCH, GENERATORS, interleave, make_subject, show

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.insertion import Inserting, run_insertion
from unitscope.experiments.effects.insertion_plan import plan_insertion
from unitscope.experiments.effects.locations import Footprints
from unitscope.experiments.effects.settings import InsertionSettings
from unitscope.experiments.pieces import ranges


def main() -> None:
    """Time the insertion of a set of units at all cells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latents", type=int, default=16)
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--generator", choices=tuple(GENERATORS), default="random")
    options = parser.parse_args()
    subject = make_subject(options.latents, options.generator)
    concept = str(subject.vocabulary[1])
    settings = InsertionSettings(concept, units=options.units, random=0, choose_on="all")
    levels = np.full(subject.layer.units, 3, np.float32)
    edited = EditedGenerator.cut(subject.samples, subject.layer, BATCH)
    plan = plan_insertion(subject, settings, levels)
    inserting = Inserting(edited, plan, Footprints.of(subject.layer.grid, subject.samples.grid))
    seconds = interleave(
        edited, ranges(options.latents, BATCH), plan.jobs, inserting.measure, options.repeats
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        run_insertion(subject, settings, Path(folder) / "out", levels=levels)
        command = time.process_time() - start
    show(
        "generator_insertion",
        seconds,
        command,
        generator=options.generator,
        latents=options.latents,
        variants=plan.jobs,
    )


if __name__ == "__main__":
    main()
