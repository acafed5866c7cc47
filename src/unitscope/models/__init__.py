"""Networks to look into: where they come from, what input they want, and what their weights are."""
