"""Adversarial attacks by the units they move, and whether these units are the cause."""
