"""Reading what a person types: prices, amounts, instants. Exact or refused; nothing passes through a float."""

import re
from datetime import datetime

from node.cli.wallet_errors import AmountError, InstantError, PriceError
from node.domain.slots import JST
from node.domain.units import SEN_PER_YEN, SenPerKwh

#: The word for the nearest slot that takes orders.
NEXT = "next"

#: Latest instant that is taken: the last ones of the calendar (year 9999) have no end in it.
LATEST = 253_402_000_000

#: Largest payout that the ledger takes.
LARGEST_PAYOUT = 10**12

#: Highest order number that a slot can give out.
LARGEST_ORDER_NUMBER = (1 << 24) - 1

_YEN_PRICE = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")
_SEN_PRICE = re.compile(r"([0-9]{1,9}) ?sen")
_INSTANT = "Unix seconds, or Japanese local time as YYYY-MM-DD or YYYY-MM-DDTHH:MM"

_WHOLE = re.compile(r"[0-9]{1,20}")


def parse_price(given: str) -> SenPerKwh:
    """Return a price typed as JPY/kWh with at most two decimals, or as whole sen with the unit."""
    if in_sen := _SEN_PRICE.fullmatch(given):
        return SenPerKwh(int(in_sen[1]))
    in_yen = _YEN_PRICE.fullmatch(given)
    if in_yen is None:
        raise PriceError(given)
    return SenPerKwh(int(in_yen[1]) * SEN_PER_YEN + int((in_yen[2] or "").ljust(2, "0")))


def parse_whole(what: str, given: str, low: int, high: int, unit: str) -> int:
    """Return a whole number from `low` to `high`; `what` names the option or argument."""
    if _WHOLE.fullmatch(given) and low <= int(given) <= high:
        return int(given)
    raise AmountError(what, given, low, high, unit)


def parse_instant(option: str, given: str) -> int:
    """Return an instant typed as Unix seconds or as Japanese local time."""
    if _WHOLE.fullmatch(given) and int(given) <= LATEST:
        return int(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise InstantError(option, given, _INSTANT) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=JST)).timestamp())


def parse_span(since: str, until: str | None) -> range:
    """Return the instants from `--from` on and before `--to`; without `--to` there is no end."""
    start = parse_instant("--from", since)
    stop = LATEST if until is None else parse_instant("--to", until)
    if until is not None and stop <= start:
        raise InstantError("--to", until, f"an instant after --from {since}")
    return range(start, stop)
