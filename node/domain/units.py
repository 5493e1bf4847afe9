"""Quantities of the market, each an integer with its own name.

Energy is whole Wh, a price whole sen per kWh (0.01 JPY/kWh) and money whole 1e-5 JPY. The three fit
so that price times energy is money exactly: nothing in the money path rounds.
"""

from typing import NewType

WattHours = NewType("WattHours", int)
"""Energy in Wh."""

Watts = NewType("Watts", int)
"""Power in W; positive = out to the grid."""

SenPerKwh = NewType("SenPerKwh", int)
"""Price in 0.01 JPY per kWh."""

Yen5 = NewType("Yen5", int)
"""Money in 0.00001 JPY; positive = received."""

NO_ENERGY = WattHours(0)
NO_MONEY = Yen5(0)
NO_POWER = Watts(0)

#: Money units in one yen.
YEN5_PER_YEN = 100_000

#: Price steps in one yen per kWh.
SEN_PER_YEN = 100


def cost(energy: WattHours, price: SenPerKwh) -> Yen5:
    """Return what `energy` costs at `price`. Exact: sen/kWh times Wh is 1e-5 JPY."""
    return Yen5(energy * price)


def whole_yen(money: Yen5) -> int:
    """Return the whole yen in `money`, rounded down: what can be withdrawn of it."""
    return money // YEN5_PER_YEN


def yen(amount: int) -> Yen5:
    """Return `amount` whole yen as money."""
    return Yen5(amount * YEN5_PER_YEN)


def wei(money: Yen5) -> str:
    """Return `money` on the field trial's screen scale of 1 yen per wei (C-10), to the last digit."""
    return f"{_decimal(money, YEN5_PER_YEN, 5)} wei"


def format_yen(money: Yen5) -> str:
    """Return `money` in yen with all five decimals, such as "-0.50000"."""
    return _decimal(money, YEN5_PER_YEN, 5)


def format_price(price: SenPerKwh) -> str:
    """Return `price` in JPY per kWh with both decimals, such as "20.10"."""
    return _decimal(price, SEN_PER_YEN, 2)


def format_kwh(energy: WattHours) -> str:
    """Return `energy` in kWh with all three decimals, such as "1.200"."""
    return _decimal(energy, 1000, 3)


def mean_power(energy: WattHours, seconds: int) -> Watts:
    """Return the constant power that carries `energy` in `seconds`, rounded towards zero.

    Towards zero, so that a device driven at it never carries more than was asked of it.
    """
    size = abs(energy) * 3600 // seconds
    return Watts(size if energy >= 0 else -size)


def _decimal(amount: int, scale: int, digits: int) -> str:
    whole, rest = divmod(abs(amount), scale)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{digits}d}"
