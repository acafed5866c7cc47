"""What a network answers without some units of a layer."""

from unitscope.ablation.units import BLOCK_BYTES, Ablation, predicted_classes

__all__ = ["BLOCK_BYTES", "Ablation", "predicted_classes"]
