"""One module for each question: a finished run folder becomes the page about it."""
