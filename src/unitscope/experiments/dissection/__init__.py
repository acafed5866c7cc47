"""Network dissection: label every unit with the concept it matches best (Bau et al. 2020, eq. 1)."""
