"""What the units of a layer do for each class: each removed alone, then sets of them (Bau et al. 2020, fig. 2)."""
