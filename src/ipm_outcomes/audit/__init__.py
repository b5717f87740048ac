"""An audit of recorded totals: what they say of the items, and the items of them."""

from ipm_outcomes.audit._audit import Audit, audit

__all__ = ["Audit", "audit"]
