"""What happened in a run: tables with documented columns, spans, waits, and the audit of it all."""
