"""Options that belong together, and that several commands share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from unitscope.cli.options import LABELS, NETWORK, OUTPUT, PICTURES
from unitscope.errors import UnitscopeError
from unitscope.experiments.settings import MEASURED, SPEED, about, setting
from unitscope.models.precision import Precision

SEGMENTER = (
    "What labels pixels: upp (objects, parts and materials, of the paper), colors (names of colours), csail:FOLDER, "
    "package.module:function, file.py:function or file.pt2; may be given again"
)
MIRROR = "Another server for files that are downloaded, or a folder that holds them; also UNITSCOPE_MIRROR."
DEVICE = "cpu, cuda, cuda:1, mps; a GPU when there is one."
CLASSES = "A folder with one folder for each class, or drawn scenes, as world:600:train"

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="A name that 'unitscope models' lists, as world-vgg; of a library, as torchvision:resnet50; your own, as "
        "my_models.py:net or package.module:function; or a generator's file.",
    ),
]
RunPath = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", show_default=False, help="The folder that 'unitscope dissect --out' wrote."
    ),
]


@dataclass(frozen=True)
class JsonOptions:
    """How a quick command prints."""

    as_json: bool = setting(False, "Print JSON for programs.", option="json", panel=OUTPUT)


@dataclass(frozen=True)
class ShownOptions(JsonOptions):
    """How a command that takes time shows itself."""

    quiet: bool = setting(False, "No progress.", panel=OUTPUT)


@dataclass(frozen=True)
class TableOptions:
    """How a table is printed or written."""

    style: Literal["table", "csv", "json", "parquet"] = setting(
        "table", "How to print.", option="format", panel=OUTPUT
    )
    out: Path | None = setting(None, "A file to write instead of printing.", metavar="FILE", panel=OUTPUT)

    def __post_init__(self) -> None:
        """Refuse a form that does not go where it is to go.

        Raises:
            UnitscopeError: Parquet without a file, or a table with one.
        """
        if self.style == "parquet" and self.out is None:
            raise UnitscopeError("parquet is not for a terminal; give --out FILE.parquet")
        if self.style == "table" and self.out is not None:
            raise UnitscopeError("a table is for reading here; give --format csv, json or parquet with --out")


@dataclass(frozen=True)
class ComparisonOptions(TableOptions):
    """How a comparison is printed, and where its page goes."""

    page: Path | None = setting(
        None,
        "Where to write the page and its figures; below the first RUN by default.",
        metavar="FOLDER",
        panel=OUTPUT,
    )


@dataclass(frozen=True, kw_only=True)
class RunOptions(ShownOptions):
    """Where a dissection goes."""

    out: Path = field(
        metadata=about(
            "The run folder; the same command on it goes on where it stopped.", metavar="FOLDER", panel=OUTPUT
        )
    )
    drop_cache: bool = setting(False, "Delete the kept activations when the run is complete.", panel=SPEED)


@dataclass(frozen=True)
class OutputOptions(ShownOptions):
    """Where the answer to a question about a run goes."""

    out: Path | None = setting(
        None, "The folder to write; one below RUN by default.", metavar="FOLDER", panel=OUTPUT
    )


@dataclass(frozen=True)
class UnitOptions(JsonOptions):
    """How a unit is shown."""

    strip: Path | None = setting(
        None,
        "A picture to write: its strongest pictures side by side, .png or .jpg.",
        metavar="FILE",
        panel=OUTPUT,
    )

    def __post_init__(self) -> None:
        """Refuse a file that is no picture.

        Raises:
            UnitscopeError: it ends otherwise.
        """
        if self.strip is not None and self.strip.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise UnitscopeError(f"--strip is {str(self.strip)!r}; it must end in .png or .jpg")


@dataclass(frozen=True)
class ReportOptions(ShownOptions):
    """Where a report goes."""

    out: Path | None = setting(
        None,
        "Where to write it; RUN/report by default; required for several runs.",
        metavar="FOLDER",
        panel=OUTPUT,
    )
    single_file: bool = setting(
        False,
        "One HTML file to mail, RUN/report.html by default: the dissection alone, without the details that would make "
        "it too large.",
        panel=OUTPUT,
    )
    browser: bool = setting(False, "Open it in the browser of this machine.", option="open", panel=OUTPUT)


@dataclass(frozen=True)
class ExportOptions(JsonOptions):
    """How a run travels, and where to."""

    to: Literal["hub", "parquet", "csv", "zip"] = setting(
        "zip",
        "One file (zip), a folder of tables and pictures (parquet), a folder for the Hugging Face Hub (hub) or tables "
        "for spreadsheets (csv).",
        panel=OUTPUT,
    )
    no_pictures: bool = setting(
        False, "Leave out every picture, and questions whose pages show pictures.", panel=OUTPUT
    )
    out: Path | None = setting(
        None,
        "What to write, new; RUN.zip, or RUN and how, beside the run by default.",
        metavar="PATH",
        panel=OUTPUT,
    )


@dataclass(frozen=True, kw_only=True)
class ImportOptions(JsonOptions):
    """Where an imported run goes."""

    out: Path = field(metadata=about("The run folder, new.", metavar="FOLDER", panel=OUTPUT))


@dataclass(frozen=True)
class DemoOptions:
    """How large the demonstration is, and where it goes."""

    pictures: int = setting(
        400, "How many scenes to draw; a quarter as many are generated.", panel=PICTURES, bounds=(4, None)
    )
    out: Path = setting(
        Path("demo-run"), "The folder for the runs and the report.", metavar="FOLDER", panel=OUTPUT
    )


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
        "Replace parts of the model's preprocessing, as size=192,channels=bgr,range=0:255; likewise "
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
        "Points without any label: background, which counts against concepts that are not there, or counted nowhere.",
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
class SelectionOptions:
    """Which units of a run are listed."""

    layer: tuple[str, ...] = setting(
        (), "Only this layer; may be given again.", metavar="LAYER", panel=MEASURED
    )
    concept: tuple[str, ...] = setting(
        (), "Only units labelled so; may be given again.", metavar="CONCEPT", panel=MEASURED
    )
    category: tuple[str, ...] = setting(
        (), "Only labels of this category; may be given again.", metavar="CATEGORY", panel=MEASURED
    )
    min_iou: float = setting(0.0, "Least IoU.", panel=MEASURED)
    rule: Literal["paper", "calibrated"] | None = setting(
        None,
        "Only detectors: paper, by IoU alone, or calibrated, above chance and random weights; needs a --control.",
        panel=MEASURED,
    )
    sort: str = setting(
        "iou",
        "A column, by its name or its heading, such as iou, layer, unit, concept or threshold; measures "
        "go from high to low.",
        metavar="COLUMN",
        panel=MEASURED,
    )
    quantile: float | None = setting(
        None,
        "Label all units again at this quantile, up to --keep of the run, from the activations kept in RUN.",
        panel=MEASURED,
    )
    limit: int | None = setting(None, "At most so many rows.", panel=OUTPUT, bounds=(1, None))


@dataclass(frozen=True)
class StabilityOptions:
    """What is changed to see which labels stay."""

    quantile: tuple[float, ...] = setting(
        (),
        "Another fraction of pixels above the thresholds; may be given again; half and twice that of RUN by default.",
        panel=MEASURED,
    )
    pictures: tuple[int, ...] = setting(
        (),
        "Label on two random sets of so many pictures; may be given again; 10, 20, 50, 100 ... by default.",
        panel=MEASURED,
        bounds=(1, None),
    )
    other: tuple[Path, ...] = setting(
        (),
        "Another run of the same network on the same pictures, with another grid, segmenter or other masks; may be "
        "given again.",
        metavar="RUN",
        panel=MEASURED,
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
    class_map: Path | None = setting(
        None,
        "A file with lines 'folder,class': which class of the network, or number of its output from 0, a "
        "class folder stands "
        "for.",
        metavar="FILE",
        panel=PICTURES,
    )


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
    class_map: Path | None = setting(
        None,
        "A file with lines 'folder,class': which class of the network, or number of its output from 0, a "
        "class folder stands for.",
        metavar="FILE",
        panel=PICTURES,
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
