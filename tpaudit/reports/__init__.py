"""Renderers of finished results: terminal, HTML, plain tables. They read results only, never print or measure."""
