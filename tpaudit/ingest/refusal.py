"""Why one file was not taken: never an error of the whole ingest."""

from __future__ import annotations


class Refusal(Exception):
    """A file that cannot be read: *reason* completes the sentence "the file …", *hint* names the remedy.

    *reason_zh* is the reason in Chinese where the catalogue of texts cannot know it.
    """

    def __init__(self, reason: str, hint: str, code: str = "refused_file", reason_zh: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.code = code
        self.reason_zh = reason_zh
