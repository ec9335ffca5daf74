"""Statistics on small aggregates: intervals, resampling by blocks, rank bands, grades of evidence.

Pure numpy and scipy: nothing here reads data, and nothing here knows what a touchpoint is.
"""
