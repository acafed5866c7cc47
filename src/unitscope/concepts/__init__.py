"""What a picture shows: the vocabulary of concepts and the label maps that say where each one is."""
