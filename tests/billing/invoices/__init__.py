"""Invoices that vendors might write: worked by hand from their rates and rules, beside each the arithmetic.

They are tried as sheets of `sim rate`, so that what is counted, rounded, free and capped is tried with it.
"""

from __future__ import annotations

from . import aws, edge, google_azure, plans, sandboxes, servers

INVOICES = [*aws.INVOICES, *google_azure.INVOICES, *edge.INVOICES, *sandboxes.INVOICES, *servers.INVOICES,
            *plans.INVOICES]
