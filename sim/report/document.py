"""The summary as one JSON document, and whether it may be shown at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def document(content: Any) -> str:
    """Write plain values as JSON.

    Parameters
    ----------
    content : Any
        Mappings with text keys, sequences, text, numbers, booleans, None.

    Returns
    -------
    str
        Indented, in the order of the mappings, with a newline at the end; the same text for the same content.

    Raises
    ------
    ValueError
        A number is infinite or none: JSON has neither. A figure that is infinite is None, with the reason beside it.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def require_audits(summary: Mapping[str, Any]) -> None:
    """Refuse a summary of which an audit failed.

    Parameters
    ----------
    summary : mapping
        As ``summary.json`` holds it.

    Raises
    ------
    AuditError
        With what failed in each deployment.
    """
    from sim.trace.audit import AuditError

    failed = {
        name: [f"{check['name']}: {check['detail']}" for check in deployment["audit"]["checks"] if not check["passed"]]
        for name, deployment in summary["deployments"].items()
        if not deployment["audit"]["passed"]
    }
    if failed:
        raise AuditError(failed)
