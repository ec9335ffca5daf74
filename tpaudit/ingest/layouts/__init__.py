"""Export layouts: presets as data, canonical tables, and how a header is told to be one of them."""
