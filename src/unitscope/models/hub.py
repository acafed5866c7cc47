"""The model libraries of others: importing them, and letting them load weights quietly and safely."""

from __future__ import annotations

import importlib
import logging
import os
import socket
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import torch

from unitscope.errors import UnitscopeError, as_typed, one_line

TIMEOUT = 5.0
"""Seconds that a hub may take to accept a connection."""
QUIET_LOGGERS = ("huggingface_hub", "transformers", "timm")
SEED = 0
"""Where the weights of an untrained network start."""


Foreign = Any
"""Something of an optional library, whose types are not known here."""


def import_library(name: str) -> ModuleType:
    """Import an optional package, or a module of it.

    Raises:
        UnitscopeError: it is not installed, or does not go with the rest.
    """
    package = name.partition(".")[0]
    try:
        with quiet():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] != package:
            raise UnitscopeError(f"the package {package} cannot be imported: {one_line(error)}") from error
        raise UnitscopeError(
            f"this needs the package {package}, which is not installed; pip install 'unitscope[networks]'"
        ) from error
    except Exception as error:
        raise UnitscopeError(
            f"the package {package} cannot be imported: {one_line(error)}; "
            "pip install 'unitscope[networks]' gets versions that go together"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the notices of the libraries off the terminal, and their bars where there is none.

    What matters becomes an error of ours.
    """
    loggers = [logging.getLogger(name) for name in QUIET_LOGGERS]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings(), nullcontext() if sys.stderr.isatty() else _without_bars():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)


@contextmanager
def _without_bars() -> Iterator[None]:
    """Switch the progress bars of transformers off, if it has been imported."""
    switch: Foreign = sys.modules.get("transformers.utils.logging")
    if switch is None or not switch.is_progress_bar_enabled():
        yield
        return
    switch.disable_progress_bar()
    try:
        yield
    finally:
        switch.enable_progress_bar()


@contextmanager
def without_unpickling() -> Iterator[None]:
    """Make every ``torch.load`` in the block read tensors only, whatever a library asks for."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def from_seed(seed: int = SEED) -> Iterator[None]:
    """Draw random weights from a seed; the random state is as before afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def hugging_face() -> Iterator[None]:
    """Use the Hugging Face hub; where it cannot be reached, only its cache, without minutes of retries."""
    try:
        constants: Foreign = importlib.import_module("huggingface_hub.constants")
    except ImportError:
        yield
        return
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = not hub_reachable()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def reachable(address: str) -> bool:
    """Return whether a server accepts a connection; with a proxy in between, that is for the proxy to say."""
    parts = urlsplit(address)
    if urllib.request.getproxies().get(parts.scheme):
        return True
    with suppress(OSError):
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
        socket.create_connection((parts.hostname or "", port), timeout=TIMEOUT).close()
        return True
    return False


def hub_reachable() -> bool:
    """Return whether the Hugging Face hub, or the mirror that stands for it, can be reached."""
    try:
        constants: Foreign = importlib.import_module("huggingface_hub.constants")
    except ImportError:
        return False
    return not constants.HF_HUB_OFFLINE and reachable(constants.ENDPOINT)


def no_weights(spec: str, untrained: str, error: BaseException | None, *, online: bool) -> UnitscopeError:
    """Return the error for weights that could not be had."""
    reason = (
        "they are not in the cache and no network can be reached" if not online else "they cannot be loaded"
    )
    if online and error is not None:
        reason = one_line(error)
    return UnitscopeError(
        f"no weights for {spec!r}: {reason}; give a local file with --weights FILE, "
        f"or take random weights with {as_typed(untrained)}"
    )
