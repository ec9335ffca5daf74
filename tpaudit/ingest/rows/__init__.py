"""From rows of text to canonical rows: mapping, normalising, persons, tables, issues."""
