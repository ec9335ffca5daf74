"""The audit folder: settings, lake, marts, runs, the lock, and what was done before."""

from __future__ import annotations

from tpaudit.audit.config import Config, Setting, load_config
from tpaudit.audit.folder import Audit, find_audit_folder
from tpaudit.audit.lock import hold_lock
from tpaudit.audit.state import StageRecord, State

__all__ = [
    "Audit",
    "Config",
    "Setting",
    "StageRecord",
    "State",
    "find_audit_folder",
    "hold_lock",
    "load_config",
]
