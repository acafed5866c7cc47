"""Paint with the units of a generator: recipes, the pictures they make, and a local server with one page."""
