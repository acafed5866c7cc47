"""What a person names becomes an object, here and nowhere else: networks, generators, pictures, latents, concepts."""
