"""tpaudit: customer-touchpoint audits from messy channel exports."""

__version__ = "0.1.0"
