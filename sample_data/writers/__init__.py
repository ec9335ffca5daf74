"""One module per family of export formats; each turns a chunk of the world into rows of its files."""
