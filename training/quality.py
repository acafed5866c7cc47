"""Measure the bundled generator and segmenter: ``python -m training.quality --out DIR``.

DIR holds the weights and the data of the model cards; the figures are added to the data, and the cards written from it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from training import generator as generator_training
from training import segmenter as segmenter_training
from training.cards import generator_card, segmenter_card
from training.common import (
    choose_device,
    generated_pictures,
    render_reduced,
    run,
    write_facts,
)
from training.measures import (
    concept_shares,
    frechet_distance,
    intersection_over_union,
    interval_of_mean,
    precision_and_recall,
)
from unitscope.models.networks.proggan import ProgressiveGenerator
from unitscope.sources.latents import seeded_latents
from unitscope.world.generator import (
    GENERATOR_LATENTS,
    GENERATOR_SCENE,
    GENERATOR_UNITS,
    GENERATOR_WEIGHTS,
    world_generator,
)
from unitscope.world.names import PLANES, VOCABULARY
from unitscope.world.segmenter import SEGMENTER_WEIGHTS, WorldLabels, WorldSegmenter
from unitscope.world.source import SPLIT_SIZE, SPLITS

logger = logging.getLogger("training.quality")

GENERATOR_CARD, SEGMENTER_CARD = "MODEL_CARD_GAN.md", "MODEL_CARD_SEGMENTER.md"
BATCH = 64
LEAST_SHARE = 0.001
"""Concepts that cover less of real scenes, on average, are not listed."""


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        pictures: of each set.
        scene: the class that the generator draws.
        other: another class, to show how far apart classes are.
        seed: of the latents.
        threads: of torch, and for rendering.
    """

    pictures: int = 2_000
    scene: str = GENERATOR_SCENE
    other: str = "park"
    seed: int = 1
    threads: int = 2


@dataclass(frozen=True)
class Seen:
    """What the segmenter says of a set of pictures."""

    labels: Tensor
    """`(N, 4, 64, 64)`."""
    features: NDArray[np.float64]
    """`(N, D)`."""

    @classmethod
    def of(cls, pictures: Tensor, network: WorldSegmenter) -> Seen:
        """Look at pictures uint8 `(N, 3, 64, 64)`."""
        label = WorldLabels(network)
        labels, features = [], []
        with torch.inference_mode():
            for batch in pictures.split(BATCH):
                values = batch.float() / 255
                labels.append(label(values).to(torch.int16))
                features.append(network.features(values).double())
        return cls(torch.cat(labels), torch.cat(features).numpy())


def generate(generator: nn.Module, count: int, seed: int) -> Tensor:
    """Return the pictures of seeded latents, uint8 `(N, 3, 64, 64)`."""
    batches = seeded_latents(count, GENERATOR_LATENTS, seed).split(BATCH)
    return torch.cat([generated_pictures(generator, latents) for latents in batches])


def segmenter_figures(found: Tensor, right: Tensor) -> dict[str, Any]:
    """Return how well label maps agree with the exact ones `(N, 4, 64, 64)`, by plane and by concept."""
    scores = intersection_over_union(found, right, len(VOCABULARY))
    shares = concept_shares(right, len(VOCABULARY)).mean(0)
    planes = {}
    for index, plane in enumerate(PLANES):
        numbers = [n for n in VOCABULARY.of_category(plane) if shares[n] > 0]
        planes[plane] = {
            "pixel_accuracy": round(float((found[:, index] == right[:, index]).double().mean()), 4),
            "mean_iou": round(float(np.nanmean(scores[numbers])), 4),
            "concepts": len(numbers),
        }
    listed = [n for n in range(1, len(VOCABULARY)) if shares[n] >= LEAST_SHARE]
    return {
        "pictures": len(found),
        "planes": planes,
        "iou": {str(VOCABULARY[n]): round(float(scores[n]), 3) for n in listed},
    }


def area_figures(real: Seen, made: Seen, exact: Tensor) -> dict[str, Any]:
    """Return the share of area of each concept in real and in generated pictures, each with its 95 % interval."""
    count = len(VOCABULARY)
    sets = {
        "real": concept_shares(real.labels, count),
        "generated": concept_shares(made.labels, count),
        "exact": concept_shares(exact, count),
    }
    listed = [n for n in range(1, count) if max(s[:, n].mean() for s in sets.values()) >= LEAST_SHARE]
    listed.sort(key=lambda n: -sets["real"][:, n].mean())
    return {
        str(VOCABULARY[n]): {
            name: [round(v, 5) for v in interval_of_mean(shares[:, n])] for name, shares in sets.items()
        }
        for n in listed
    }


def distance_figures(real: Seen, made: Seen, others: dict[str, Seen]) -> dict[str, Any]:
    """Return how far generated pictures are from real ones, and how far other sets are."""
    precision, recall = precision_and_recall(real.features, made.features)
    same = precision_and_recall(real.features, others["real"].features)
    named = {"generated": made} | others
    return {
        "frechet": {name: round(frechet_distance(real.features, s.features), 4) for name, s in named.items()},
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "precision_of_real": round(same[0], 4),
        "recall_of_real": round(same[1], 4),
    }


def measure(folder: Path, settings: Settings) -> None:
    """Measure the networks in a folder and add the figures to their cards."""
    choose_device(settings.threads)
    generator = ProgressiveGenerator(GENERATOR_LATENTS, GENERATOR_UNITS)
    generator.load_state_dict(load_file(folder / GENERATOR_WEIGHTS))
    network = WorldSegmenter()
    network.load_state_dict(load_file(folder / SEGMENTER_WEIGHTS))
    network.eval()
    first = SPLITS["test"] * SPLIT_SIZE
    seeds = range(first, first + settings.pictures)
    again = range(first + settings.pictures, first + 2 * settings.pictures)
    pictures, exact = render_reduced(seeds, settings.threads, scene=settings.scene)
    everywhere, right = render_reduced(seeds, settings.threads)
    real = Seen.of(pictures, network)
    accuracy = {
        settings.scene: segmenter_figures(real.labels, exact),
        "all": segmenter_figures(Seen.of(everywhere, network).labels, right),
    }
    facts = _add(folder / segmenter_training.CARD, accuracy)
    (folder / SEGMENTER_CARD).write_text(segmenter_card(facts), encoding="utf-8")
    others = {
        "real": render_reduced(again, settings.threads, scene=settings.scene, labels=False)[0],
        "untrained": generate(world_generator(trained=False), settings.pictures, settings.seed),
        settings.other: render_reduced(seeds, settings.threads, scene=settings.other, labels=False)[0],
    }
    made = Seen.of(generate(generator.eval(), settings.pictures, settings.seed), network)
    seen = {name: Seen.of(each, network) for name, each in others.items()}
    distances = {"pictures": settings.pictures, **distance_figures(real, made, seen)}
    facts = _add(folder / generator_training.CARD, distances | {"area": area_figures(real, made, exact)})
    (folder / GENERATOR_CARD).write_text(generator_card(facts), encoding="utf-8")


def _add(card: Path, figures: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(card.read_text())
    facts["quality"] = figures
    write_facts(card, facts)
    logger.info("%s: %s", card.name, {key: value for key, value in figures.items() if key != "area"})
    return facts


if __name__ == "__main__":
    run(measure, Settings, __doc__)
