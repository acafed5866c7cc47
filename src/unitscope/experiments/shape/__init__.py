"""Texture against shape: whether the mask of a unit stays where it is when a picture is altered."""
