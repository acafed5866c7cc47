"""The network, generator and segmenter of a finished run again: the same weights and settings, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.experiments import fingerprints
from unitscope.experiments.classification.measure import UnitOfRun
from unitscope.experiments.dissection.places import drawn_proofs
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.label_answers import label_answers
from unitscope.experiments.samples import Content
from unitscope.layer.hooks import LayerGrid
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.weights import weights_hash
from unitscope.nouns.concepts import Concepts, ConceptsLike, as_concepts, read_concepts, recorded_concepts
from unitscope.nouns.generator import generator
from unitscope.nouns.network import Source, network, on_device, place_for
from unitscope.nouns.samples import generated
from unitscope.paths import AnyPath
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.fingerprint import Fingerprints, unlike
from unitscope.run.manifest import GeneratorRecord, NetworkRecord, SegmenterRecord, fitted
from unitscope.sources.latents import SeededLatents

RunLike = AnyPath | Dissection
"""A finished dissection, or its folder."""


def opened_run(run: RunLike) -> Dissection:
    """Return a finished dissection.

    Raises:
        UnitscopeError: the folder holds none.
    """
    return run if isinstance(run, Dissection) else open_run(run)


def reopen_network(run: Dissection, source: Source | None = None, *, device: str | None = None) -> Network:
    """Return the network that a run looked into, ready to run, with the preprocessing of the run.

    Args:
        run: a finished run; what it was dissected from is taken.
        source: the network, if the run does not say how to get it or it has moved since.
        device: where it is to run, unless it says so itself.

    Raises:
        UnitscopeError: the run does not name its network, it cannot be loaded, or its weights are not those of the
            run.
    """
    if run.generated:
        raise UnitscopeError(
            f"the run in {run.address} is of a generator, which reads no pictures; give the run of a network that does"
        )
    facts = run.network
    with _naming_run(run, source):
        found = network(
            _wanted(run, source),
            forward=_forward_of(run, source),
            preprocess=_preprocessing(run),
            weights=_weights_of(facts, source),
            reinitialize=_start_of(facts, source),
            device=place_for(source, device),
            precision=facts.precision,
        )
    found = on_device(found, device)
    _refuse_other_weights(run, found)
    _refuse_other_forward(run, found)
    if run.manifest.fingerprints:
        _refuse_other_answers(run, found, fingerprints.of_network(found, run.manifest.layers))
    return found


def reopen_generator(
    run: Dissection, source: Source | None = None, *, device: str | None = None
) -> Generator:
    """Return the generator that a run looked into, ready to run; see :func:`reopen_network`.

    Raises:
        UnitscopeError: the run is of no generator or does not name it, it cannot be loaded, or its weights or the size
            of its pictures are not those of the run.
    """
    facts, record = run.network, _generator_record(run)
    with _naming_run(run, source):
        found = generator(
            _wanted(run, source),
            weights=_weights_of(facts, source),
            latent_shape=record.latent_shape,
            range=record.range,
            reinitialize=_start_of(facts, source),
            device=place_for(source, device),
        )
    found = on_device(found, device)
    _refuse_other_weights(run, found)
    if found.size != record.size:
        raise UnitscopeError(
            f"{found.name} makes pictures of {found.size[0]}x{found.size[1]} pixels and made "
            f"{record.size[0]}x{record.size[1]} in {run.address}; dissect again"
        )
    if run.manifest.fingerprints:
        now = fingerprints.of_generator(found, run.manifest.layers, _latents_of(run))
        _refuse_other_answers(run, found, now)
    return found


def reopen_generated(
    run: Dissection,
    concepts: ConceptsLike | None = None,
    source: Source | None = None,
    *,
    device: str | None = None,
) -> GeneratedSamples:
    """Return the pictures that a run looked into: its generator, its latents and what labels them.

    Args:
        run: a finished run of a generator.
        concepts: other segmenters than those of the run.
        source: the generator, if the run does not say how to get it or it has moved since.
        device: where generator and segmenters are to run.

    Raises:
        UnitscopeError: see :func:`reopen_generator`; or the segmenter is another than that of the run, or one that is
            given labels the same picture differently.
    """
    made = reopen_generator(run, source, device=device)
    said = as_concepts(concepts)
    own = said == Concepts()
    if own:
        said = recorded_concepts(run.manifest.segmenter or SegmenterRecord())
    samples = generated(made, _latents_of(run), said, run.grid)
    if own:
        _refuse_other_segmenter(run, samples)
    else:
        label_answers(samples.labeller, samples.picture, 1)
    return samples


def named_again(
    run: Dissection,
    source: str | None = None,
    weights: AnyPath | None = None,
    forward: str | None = None,
) -> Network | Generator | None:
    """Return the network of a run by another name, with a file of weights or called otherwise; None if nothing is said.

    Raises:
        UnitscopeError: the run does not name its network, or it cannot be loaded.
    """
    if source is None and weights is None and forward is None:
        return None
    wanted = _wanted(run, source)
    assert isinstance(wanted, str)
    with _naming_run(run, source):
        if not run.generated:
            file = _weights_of(run.network, source) if weights is None else weights
            return network(wanted, weights=file, preprocess=_preprocessing(run), forward=forward)
        if forward is not None:
            raise UnitscopeError(
                f"--forward is about networks that read pictures, and the run in {run.address} is of a generator"
            )
        record = _generator_record(run)
        return generator(wanted, weights=weights, latent_shape=record.latent_shape, range=record.range)


def concepts_again(
    run: Dissection,
    labels: Sequence[AnyPath] = (),
    segmenters: Sequence[str] = (),
    preprocess: Sequence[str] = (),
) -> Concepts | None:
    """Return the segmenters of a generator's run with what is said of them in lists; None where nothing is said.

    Raises:
        UnitscopeError: see :func:`unitscope.nouns.concepts.read_concepts`.
    """
    if not (labels or segmenters or preprocess):
        return None
    own = SegmenterRecord() if segmenters else run.manifest.segmenter or SegmenterRecord()
    return read_concepts((), labels or own.labels, segmenters or own.specs, preprocess or own.preprocess)


def _preprocessing(run: Dissection) -> Preprocessing:
    return fitted(run.path, run.network.preprocessing or {}, Preprocessing)


def _latents_of(run: Dissection) -> SeededLatents:
    latents = run.said("config", Content).latents
    assert isinstance(latents, SeededLatents)
    return latents


def _generator_record(run: Dissection) -> GeneratorRecord:
    record = run.network.generator
    if record is None:
        raise UnitscopeError(
            f"the run in {run.address} is of a network that reads pictures, not of a generator; dissect a generator "
            "with --latents"
        )
    return record


def _wanted(run: Dissection, source: Source | None) -> Source:
    """Return the network that is given, or what the run says of it."""
    wanted = source if source is not None else run.network.spec
    if not wanted:
        raise UnitscopeError(
            f"the run in {run.address} does not say where its network {run.network.name!r} came from: it was given as "
            "a module; give it again, as --model"
        )
    return wanted


@contextmanager
def _naming_run(run: Dissection, source: object) -> Iterator[None]:
    """Say where the name came from when the network of a run cannot be loaded."""
    try:
        yield
    except UnitscopeError as error:
        if source is not None or not run.network.spec:
            raise
        raise UnitscopeError(f"{error} (the run in {run.address} names it; --model gives another)") from error


def _weights_of(facts: NetworkRecord, source: object) -> Path | None:
    """Return the file of weights that the run was made with, unless another network is given instead."""
    file = facts.weights if source is None else None
    if file is None:
        return None
    if not Path(file).is_file():
        raise UnitscopeError(
            f"the run was made with the weights {file!r}, which are gone; give them with --weights FILE"
        )
    return Path(file)


def _start_of(facts: NetworkRecord, source: object) -> int | None:
    """Return the seed of the run's random weights, unless the network that is given has started from it."""
    started = source.reinitialized if isinstance(source, Network | Generator) else None
    return None if started == facts.reinitialized else facts.reinitialized


def _forward_of(run: Dissection, source: object) -> str | None:
    """Return the function that the run called its network with, unless the network that is given brings one."""
    facts = run.network
    if facts.forward is None or (isinstance(source, Network) and source.forward is not None):
        return None
    if not facts.forward_hash:
        raise UnitscopeError(
            f"the run in {run.address} called its network with the function {facts.forward}, given in Python; give the "
            "network again, made with that function as --forward"
        )
    return facts.forward


def _refuse_other_forward(run: Dissection, found: Network) -> None:
    facts, now = run.network, found.called
    if now is None or (facts.forward is not None and (not now.hash or now.hash == facts.forward_hash)):
        return
    if facts.forward is None:
        raise UnitscopeError(
            f"the run in {run.address} called its network with pictures alone, not with --forward {now.name}; leave it "
            "out, or dissect again"
        )
    if facts.forward_hash:
        raise UnitscopeError(
            f"the file of {now.name} is another than the one that the network of {run.address} was called with; "
            "restore it, or dissect again"
        )


def _refuse_other_weights(run: Dissection, found: Network | Generator) -> None:
    before, now = run.network.weights_hash, weights_hash(found.module)
    if now != before:
        raise UnitscopeError(
            f"{found.name or 'the network'} has other weights than those that {run.address} was dissected with "
            f"(hash {now[:8]}... now, {before[:8]}... there); give those weights with --model or --weights, or "
            "dissect again"
        )


def _refuse_other_answers(run: Dissection, found: Network | Generator, now: Fingerprints) -> None:
    other = unlike(run.manifest.fingerprints, now)
    if other:
        raise UnitscopeError(
            f"{found.name or 'the network'} has the weights that {run.address} was dissected with and answers "
            f"otherwise ({other}): its code, or settings of it that are no weights, are other ones; restore them, or "
            "dissect again"
        )


def _refuse_other_segmenter(run: Dissection, samples: GeneratedSamples) -> None:
    labeller, before = samples.labeller, run.manifest.fingerprints
    other = labeller.content_hash != run.said("config", Content).labels.hash
    if not other and before:
        now = fingerprints.of_segmenters(labeller, samples.size)
        other = bool(unlike(before, {fingerprints.SEGMENTERS: now}))
    if other:
        raise UnitscopeError(
            f"segmenter {labeller.name} is another than the one that {run.address} was labelled with; give "
            "that one with --segmenter, or dissect again"
        )


def layer_of(run: Dissection, name: str | None = None) -> LayerGrid:
    """Return how a run reads one of its layers.

    Args:
        run: a finished run.
        name: a layer, or an alias of one; the last of the run when None.

    Raises:
        UnitscopeError: the run did not look into that layer.
    """
    plan, wanted = ReadingPlan.of(run), name or run.last_layer
    path = run.network.layer_path(wanted)
    if path not in plan.by_layer:
        titles = [run.network.layer_title(layer) for layer in plan.by_layer]
        known = dict.fromkeys([*plan.by_layer, *titles])
        hint = did_you_mean(wanted, known) or f" it has {', '.join(plan.by_layer)}"
        raise UnitscopeError(f"layer {wanted!r} is not in {run.address};{hint}")
    return plan.by_layer[path].layer


def placed(run: Dissection, layer: str, generator: Generator) -> tuple[LayerGrid, tuple[str, ...]]:
    """Return how a run reads a layer of its generator, and what to know of where its cells lie, a line each.

    A run that did not ask the layer, as those of before, has it asked now.

    Args:
        run: a finished run.
        layer: a layer, or an alias of one.
        generator: that of the run.

    Raises:
        UnitscopeError: the run did not look into that layer, or its cells do not draw where it reads them.
    """
    grid, plan = layer_of(run, layer), ReadingPlan.of(run)
    if grid.name not in plan.proofs:
        plan = replace(plan, proofs=drawn_proofs([grid], generator, _latents_of(run), plan.batch_size))
    against = plan.proofs[grid.name].against(grid)
    if against and not run.settings.trust_places:
        raise UnitscopeError(
            f"layer {grid.name!r} of {run.address} was read at other places than its own: {against}; dissect another "
            "layer, or this one all the same with --trust-places"
        )
    return grid, tuple(filter(None, [plan.misplaced(grid.name)]))


def unit_of(run: Dissection, layer: str, unit: int) -> UnitOfRun:
    """Return a unit of a run.

    Raises:
        UnitscopeError: the run did not look into that layer, or the layer has no such unit.
    """
    grid = layer_of(run, layer)
    if not 0 <= unit < grid.units:
        raise UnitscopeError(
            f"unit {unit} is not in layer {grid.name!r}, which has {grid.units} units; "
            f"give a number from 0 to {grid.units - 1}"
        )
    return UnitOfRun(run, grid, int(unit))
