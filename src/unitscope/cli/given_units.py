"""What questions about the units of a run are asked of: groups of options, as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from unitscope.cli.given import MaskOptions
from unitscope.cli.options import LABELS, PICTURES
from unitscope.experiments.settings import MEASURED, about, setting

CLASS_MAP = (
    "A file with lines 'folder,class': which class of the network, or number of its output from 0, a class folder "
    "stands for."
)
CLASSES = "A folder with one folder for each class, or drawn scenes, as world:600:train"


@dataclass(frozen=True, kw_only=True)
class AlterationOptions(MaskOptions):
    """Which pictures are altered, and how."""

    images: tuple[str, ...] = field(
        metadata=about(
            "The originals: a folder of pictures, or drawn scenes, as world:200; may be given again.",
            metavar="PICTURES",
            panel=PICTURES,
        )
    )
    altered: Path | None = setting(
        None, "A folder of altered copies, called as the originals.", metavar="DIR", panel=PICTURES
    )
    alter: str | None = setting(
        None,
        "What is done to the originals instead: shuffle:K, gray, blur:S, phase:S, silhouette, retexture (of the "
        "embedded world), stylize:FOLDER (of styles) or file.py:function.",
        metavar="SPEC",
        panel=PICTURES,
    )
    adain: Path | None = setting(
        None,
        "For stylize:FOLDER: a folder with the published networks vgg_normalised and decoder, files of tensors.",
        metavar="DIR",
        panel=PICTURES,
    )
    masks: tuple[Path, ...] = setting(
        (),
        "For silhouettes of pictures that bring no labels: a folder of label masks; may be given again.",
        metavar="FOLDER",
        panel=LABELS,
    )
    labels: tuple[Path, ...] = setting(
        (), "The label file of the masks; may be given again.", metavar="FILE", panel=LABELS
    )
    layer: tuple[str, ...] = setting(
        (), "A layer of the run; may be given again; all by default.", metavar="LAYER", panel=MEASURED
    )


@dataclass(frozen=True)
class LayerOption:
    """Which layer of a run is asked about."""

    layer: str | None = setting(
        None, "A layer of the run; its last by default.", metavar="LAYER", panel=MEASURED
    )


@dataclass(frozen=True)
class ClassOptions:
    """Which unit is scored, and on what."""

    layer: str = field(metadata=about("A layer of the run.", metavar="LAYER", panel=MEASURED))
    unit: int = field(metadata=about("A unit of that layer.", panel=MEASURED, bounds=(0, None)))
    positive: tuple[str, ...] = setting(
        (), "A class of --images or a folder; may be given again.", metavar="CLASS", panel=PICTURES
    )
    negative: tuple[str, ...] = setting(
        (),
        "The same, and may be given again; every other class of --images without it.",
        metavar="CLASS",
        panel=PICTURES,
    )
    images: tuple[str, ...] = setting(
        (),
        "A folder with one folder for each class, or drawn scenes, as world:200:test, whose classes are their kinds. "
        "With --concept, any folder; may then be given again.",
        metavar="PICTURES",
        panel=PICTURES,
    )
    concept: str | None = setting(
        None,
        "NAME or NAME|CATEGORY, in place of --positive and --negative: positive are the pictures that "
        "show it.",
        metavar="CONCEPT",
        panel=PICTURES,
    )
    latents: int | None = setting(
        None,
        "For the run of a generator: so many latents of --seed; those of the run by default.",
        panel=PICTURES,
    )


@dataclass(frozen=True)
class ClassFolderOptions:
    """Pictures in class folders: to rank units on, and to measure on."""

    train: str = field(metadata=about(f"{CLASSES}: to rank units on.", metavar="PICTURES", panel=PICTURES))
    val: str = field(metadata=about(f"{CLASSES}: to measure on.", metavar="PICTURES", panel=PICTURES))
    class_map: Path | None = setting(None, CLASS_MAP, metavar="FILE", panel=PICTURES)


@dataclass(frozen=True)
class AttackedOptions:
    """Pictures that are attacked, and what is known beside them."""

    images: str = field(
        metadata=about(
            "Pictures to attack: a folder, in class folders or not, or world:COUNT:SPLIT.",
            metavar="PICTURES",
            panel=PICTURES,
        )
    )
    altered: Path | None = setting(
        None,
        "A folder of copies that were attacked elsewhere for one target, named as the pictures; nothing is attacked.",
        metavar="FOLDER",
        panel=PICTURES,
    )
    importance: Path | None = setting(
        None,
        "A finished importance of the layer; the one in RUN by default, or measured on the pictures.",
        metavar="FOLDER",
    )
    class_map: Path | None = setting(None, CLASS_MAP, metavar="FILE", panel=PICTURES)
