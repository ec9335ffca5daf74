"""Findings in the forms that build servers read: JUnit XML, SARIF, annotations of GitHub, a Markdown summary."""
