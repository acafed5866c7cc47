"""Pairs of pictures from what a person names: a folder of altered copies, or an alteration."""

from __future__ import annotations

from typing import cast

import torch

from unitscope.concepts.labellers import PixelGrid
from unitscope.concepts.silhouettes import Silhouettes
from unitscope.errors import UnitscopeError
from unitscope.experiments.label_answers import label_answers
from unitscope.models.factories import find_function, names_a_factory
from unitscope.models.network import Network
from unitscope.nouns.concepts import ConceptsLike, as_concepts
from unitscope.nouns.styles import STYLIZE, stylizing
from unitscope.paths import AnyPath, as_path
from unitscope.sources.alterations import alteration
from unitscope.sources.altered import Alteration, AlteredPictures
from unitscope.sources.base import DrawnSource, PictureSource, in_range16
from unitscope.sources.deep import FULL
from unitscope.sources.files import combined_hash
from unitscope.sources.framing import Framing
from unitscope.sources.pairs import AlteredFolder, Frame, FramedPictures, PicturePairs

AlterLike = str | Alteration
"""The name of an alteration, or a function of a picture and random numbers."""


def frame_of(network: Network) -> Frame:
    """Return what a network sees of pictures."""
    said = network.preprocessing
    return Frame(Framing(said.framing, said.share, said.interpolation), said.size)


def named_pairs(
    originals: PictureSource,
    network: Network,
    *,
    altered: AnyPath | None = None,
    alter: AlterLike | None = None,
    concepts: ConceptsLike | None = None,
    adain: AnyPath | None = None,
    seed: int = 0,
) -> tuple[PicturePairs, str]:
    """Return pictures with their altered copies, framed for a network, and what was done to them in words.

    Args:
        originals: the pictures.
        network: on its device.
        altered: a folder of altered copies.
        alter: an alteration, in place of that.
        concepts: what says where objects are, for silhouettes.
        adain: a folder of the networks that ``stylize:FOLDER`` needs.
        seed: of the alteration.

    Raises:
        UnitscopeError: neither is given or both are, or the alteration cannot be made of these pictures.
    """
    if (altered is None) == (alter is None):
        raise UnitscopeError(
            "give either --altered DIR, a folder of altered copies, or --alter SPEC, what is to be done"
        )
    if concepts is not None and alter != "silhouette":
        raise UnitscopeError(
            "masks and labels are only asked for silhouettes; give --alter silhouette, or leave them out"
        )
    stylized = isinstance(alter, str) and alter.startswith(STYLIZE)
    if adain is not None and not stylized:
        raise UnitscopeError(
            "the networks of AdaIN are only asked for styles; give --alter stylize:FOLDER, or no --adain"
        )
    frame, range16 = frame_of(network), network.preprocessing.range16
    originals = in_range16(originals, range16)
    if altered is not None:
        folder = as_path(altered)
        return PicturePairs(
            originals, AlteredFolder(originals.sample_ids, folder, range16 or FULL), frame
        ), f"copies in {folder.name}"
    assert alter is not None
    seen = FramedPictures(originals, frame)
    if alter == "silhouette":
        where = PixelGrid(frame.framing, frame.size, frame.size)
        labeller = as_concepts(concepts).labeller(originals, where, torch.device(network.device or "cpu"))
        label_answers(labeller, originals.read, len(originals))
        return PicturePairs(seen, Silhouettes(originals, labeller, seed)), "silhouette"
    if alter == "retexture":
        return PicturePairs(seen, FramedPictures(_retextured(originals, seed), frame)), "retexture"
    if stylized:
        style, version = stylizing(str(alter), adain, frame, network.device)
        styled = AlteredPictures(seen, style, name=STYLIZE + style.styles.name, version=version, seed=seed)
        return PicturePairs(seen, styled), styled.alteration_name
    copies = _altered(seen, alter, seed)
    return PicturePairs(seen, copies), copies.alteration_name


def _altered(seen: PictureSource, alter: AlterLike, seed: int) -> AlteredPictures:
    """Return copies that a function makes, which has shown that it makes the same ones again."""
    if isinstance(alter, str) and not _in_a_file(alter):
        copies = AlteredPictures(seen, alteration(alter), name=alter, seed=seed)
        copies.check()
        return copies
    function, name, version = _function(alter)
    made = AlteredPictures(seen, function, name=name, version=version, seed=seed).check()
    # What a function calls may change, and the function stay as it is.
    return AlteredPictures(seen, function, name=name, version=combined_hash(version, made), seed=seed)


def _retextured(originals: PictureSource, seed: int) -> PictureSource:
    if not isinstance(originals, DrawnSource):
        raise UnitscopeError(
            f"alteration 'retexture' draws scenes again in other materials, and the pictures of {originals.name!r} "
            "were not drawn here; give --images world:COUNT, or another alteration"
        )
    return originals.retextured(seed)


def _in_a_file(alter: str) -> bool:
    return names_a_factory(alter) and alter.partition(":")[0] not in ("shuffle", "blur", "phase")


def _function(alter: AlterLike) -> tuple[Alteration, str, str]:
    """Return the alteration of a person, with its name and a hash of the file that it is in."""
    if not isinstance(alter, str):
        return alter, getattr(alter, "__name__", type(alter).__name__), ""
    found, version = find_function(alter, "alteration", "picture, generator")
    return cast(Alteration, found), alter, version
