"""A layer of a network: its name, its activation, where its cells lie on the picture, and edits of it."""
