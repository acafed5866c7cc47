"""Options about what is given: networks, pictures, latents, and what labels them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from unitscope.cli.options import LABELS, NETWORK, OUTPUT, PICTURES
from unitscope.cli.results import JsonOptions
from unitscope.experiments.settings import MEASURED, SPEED, about, setting
from unitscope.models.precision import Precision

SEGMENTER = (
    "What labels pixels: upp (objects, parts and materials, of the paper), colors (names of colours), csail:FOLDER, "
    "package.module:function, file.py:function or file.pt2; may be given again"
)
MIRROR = "Another server for files that are downloaded, or a folder that holds them; also UNITSCOPE_MIRROR."
DEVICE = "cpu, cuda, cuda:1, mps; a GPU when there is one."

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="A name that 'unitscope models' lists, as world-vgg; of a library, as torchvision:resnet50; your own, as "
        "my_models.py:net or package.module:function; or a generator's file.",
    ),
]


@dataclass(frozen=True)
class DownloadOptions:
    """What is fetched."""

    fetch: tuple[str, ...] = setting(
        (), "Fetch a published network; may be given again.", option="download", metavar="NAME", panel=NETWORK
    )
    mirror: str | None = setting(None, MIRROR, metavar="URL", panel=NETWORK)


@dataclass(frozen=True)
class PreprocessOptions:
    """What a network that reads pictures sees of them."""

    preprocess: str | None = setting(
        None,
        "Replace parts of the model's preprocessing, as size=192,channels=bgr; likewise range=0:255, "
        "mean=104:117:123, scale=255 and framing=crop; channels=gray for a network of one channel.",
        metavar="SETTINGS",
        panel=NETWORK,
    )


@dataclass(frozen=True)
class ForwardOptions:
    """How a network that takes something else than pictures is given a batch of them."""

    forward: str | None = setting(
        None,
        "How a model that takes several inputs, keywords or a dictionary is given pictures: file.py:function, called "
        "with the model and a batch.",
        metavar="FUNCTION",
        panel=NETWORK,
    )


@dataclass(frozen=True)
class ShapeOptions:
    """What one latent looks like."""

    latent_shape: str | None = setting(
        None,
        "Shape of one latent, as 128 or 100x1x1, where the generator does not say it.",
        metavar="SHAPE",
        panel=PICTURES,
    )


@dataclass(frozen=True)
class LoadingOptions:
    """Where weights come from and where networks run."""

    weights: Path | None = setting(
        None,
        "A file of weights for the model: safetensors, or torch.save of a state dict; nothing in it is run.",
        metavar="FILE",
        panel=NETWORK,
    )
    mirror: str | None = setting(None, MIRROR, metavar="URL", panel=NETWORK)
    device: str | None = setting(None, DEVICE, metavar="DEVICE", panel=SPEED)


@dataclass(frozen=True)
class NetworkOptions(LoadingOptions, ForwardOptions, PreprocessOptions):
    """What belongs to the network of a dissection."""

    reinitialize: int | None = setting(
        None,
        "Give the model new random weights from this seed first, as a control.",
        metavar="SEED",
        panel=NETWORK,
        bounds=(0, None),
    )
    precision: Precision = setting(
        "fp32",
        "How exactly a network that reads pictures multiplies: fp32, tf32 on NVIDIA GPUs, or numbers of 16 bits.",
        panel=NETWORK,
    )


@dataclass(frozen=True)
class SameNetworkOptions(LoadingOptions, ForwardOptions):
    """How the network of a run is found again."""

    model: str | None = setting(
        None,
        "The network or generator, if the run does not say how to get it or it has moved.",
        metavar="MODEL",
        panel=NETWORK,
    )


@dataclass(frozen=True)
class LatentOptions(ShapeOptions):
    """What a generator makes pictures from."""

    latents: int | None = setting(
        None, "For a generator: how many latents of --seed its pictures are made from.", panel=PICTURES
    )
    truncation: float | None = setting(
        None, "Cut off the normal distribution of latents at -T and T.", metavar="T", panel=PICTURES
    )
    classes: tuple[int, ...] = setting(
        (),
        "A class of a class-conditional generator, by number; may be given again, they are taken in "
        "turn; all by default.",
        option="class",
        panel=PICTURES,
    )
    range: str | None = setting(
        None,
        "Values of black and white in generated pictures, as -1:1 or 0:255; by default declared by the "
        "generator or found "
        "in its first pictures.",
        metavar="LOW:HIGH",
        panel=PICTURES,
    )


@dataclass(frozen=True)
class PictureOptions:
    """What a network that reads pictures is dissected on."""

    images: tuple[str, ...] = setting(
        (),
        "A folder of pictures, or world:200 for so many drawn scenes, world:200:test for others (train, val, test); "
        "may be given again, the pictures are read together.",
        metavar="PICTURES",
        panel=PICTURES,
    )


@dataclass(frozen=True)
class SegmenterOptions:
    """What labels generated pictures."""

    segmenter: tuple[str, ...] = setting(
        (),
        f"{SEGMENTER}; by default that of a generator or run.",
        metavar="SEGMENTER",
        panel=LABELS,
    )
    labels: tuple[Path, ...] = setting(
        (),
        "A label file for each segmenter that does not name its outputs itself.",
        metavar="FILE",
        panel=LABELS,
    )
    segmenter_preprocess: tuple[str, ...] = setting(
        (),
        "A segmenter's preprocessing, as size=512,mean=0,scale=1; one for each in turn.",
        metavar="SETTINGS",
        panel=LABELS,
    )


@dataclass(frozen=True)
class MaskOptions:
    """How masks are read."""

    labels_preset: str | None = setting(
        None,
        "Read masks as those of ade20k, voc, cityscapes, cityscapes-trainids or coco: suffix, 0 and 255 at once.",
        metavar="NAME",
        panel=LABELS,
    )
    ignore: tuple[str, ...] = setting(
        (),
        "A number in masks, or a range as 200-254, whose pixels count nowhere; may be given again.",
        metavar="NUMBER",
        panel=LABELS,
    )
    zero_is_a_class: bool = setting(False, "Number 0 in masks is a class, not nothing.", panel=LABELS)
    mask_suffix: str | None = setting(
        None,
        "What masks have after the names of their pictures, as _mask; or OLD=NEW: an ending of the pictures and the "
        "one in its place.",
        metavar="SUFFIX",
        panel=LABELS,
    )


@dataclass(frozen=True)
class ConceptOptions(MaskOptions, SegmenterOptions):
    """What says where concepts are."""

    labels: tuple[Path, ...] = setting(
        (),
        "Label files: one for each plane of masks, then one for each segmenter that does not name its "
        "outputs itself: "
        "lines 'number name' or 'number name category', one name a line, .csv or .json.",
        metavar="FILE",
        panel=LABELS,
    )
    masks: tuple[Path, ...] = setting(
        (),
        "A folder of label masks: for picture a/x.jpg the mask is a/x.png, one value per pixel, 0 for "
        "nothing. For several "
        "picture folders or planes: for each label file, one mask folder for each picture folder.",
        metavar="FOLDER",
        panel=LABELS,
    )
    unlabelled: Literal["background", "ignore"] = setting(
        "background",
        "Pixels without any label: background, which counts against concepts that are not there, or counted nowhere.",
        panel=LABELS,
    )


@dataclass(frozen=True)
class LayerOptions:
    """Which layers are dissected, and on which grid."""

    layer: tuple[str, ...] = setting(
        (),
        "A layer to dissect; may be given again; by default the model's own choice.",
        metavar="LAYER",
        panel=MEASURED,
    )
    grid_of: tuple[str, ...] = setting(
        (),
        "Rows and columns of a layer whose cells cannot be followed, as blocks.3=14x14; may be given again.",
        metavar="GRID",
        panel=MEASURED,
    )
    grid: str | None = setting(
        None,
        "Pixel grid, as 56 or 48x64, rows x columns; a quarter of the input size by default; for a "
        "generator 64, no more "
        "than its pictures have pixels and no less than a quarter of them.",
        metavar="GRID",
        panel=MEASURED,
    )


@dataclass(frozen=True, kw_only=True)
class DrawingOptions(SegmenterOptions, JsonOptions):
    """How a picture is labelled and drawn."""

    segmenter: tuple[str, ...] = field(
        metadata=about(f"{SEGMENTER}; none is taken by default.", metavar="SEGMENTER", panel=LABELS)
    )
    concept: tuple[str, ...] = setting(
        (), "Show only this concept; may be given again.", metavar="CONCEPT", panel=LABELS
    )
    mirror: str | None = setting(None, MIRROR, metavar="URL", panel=NETWORK)
    device: str | None = setting(None, DEVICE, metavar="DEVICE", panel=SPEED)
    out: Path = field(
        metadata=about("The picture to write: .png, .jpg, .pdf or .svg.", metavar="FILE", panel=OUTPUT)
    )
