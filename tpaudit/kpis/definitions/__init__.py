"""The KPIs: one package per family, one module per KPI, named after it.

Adding a KPI means adding a module here and a case file in the tests.
"""
