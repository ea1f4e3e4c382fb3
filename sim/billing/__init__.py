"""State intervals and events to quantities, quantities and a price book to a bill."""

from sim.billing.bill import bill, observe
from sim.billing.curve import accumulate, amounts
from sim.billing.invoice import Invoice, Line
from sim.billing.metering import Billed, CutOff, Observed, Steps, meter, meter_tokens
from sim.billing.month import Hours, Month, tile
from sim.billing.rating import Unpriced, Usage, Used, rate
from sim.billing.records import Requests
from sim.billing.spot import Kept, Sold

__all__ = [
    "Billed", "CutOff", "Hours", "Invoice", "Kept", "Line", "Month", "Observed", "Requests", "Sold", "Steps",
    "Unpriced", "Usage", "Used", "accumulate", "amounts", "bill", "meter", "meter_tokens", "observe", "rate", "tile",
]  # fmt: skip
