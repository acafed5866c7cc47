"""What a person names, as objects: networks, generators, pictures, latents, concepts, devices, and a run's again."""
