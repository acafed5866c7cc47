"""The device that networks run on."""

from __future__ import annotations

import torch

from unitscope.errors import UnitscopeError


def choose_device(name: str | None) -> torch.device:
    """Return the device asked for; without one, a GPU when there is one.

    Raises:
        UnitscopeError: torch knows no such device or it is not there.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.ones(1, device=device).cpu()
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise UnitscopeError(f"device {name!r} cannot be used: {reason}; cpu always can") from error
    return device
