"""Opens Modbus devices from their URLs, one connection for all units behind one host and port."""

from dataclasses import dataclass
from typing import Final

from adapters.modbus.device import SunSpecDevice
from adapters.modbus.inverter import ModbusInverter
from adapters.modbus.link import Link
from adapters.modbus.meter import ModbusMeter
from adapters.url import DeviceUrl, DeviceUrlError

MODBUS_PORT: Final = 502
LARGEST_UNIT: Final = 247
DEFAULT_TIMEOUT_SECONDS: Final = 2.0
OPTIONS: Final = frozenset({"role", "timeout", "import_limit_w"})


@dataclass(slots=True)
class _SharedLink:
    link: Link
    users: int = 0


class ModbusAdapter:
    """The protocol's entry: makes devices that connect when they are first asked."""

    def __init__(self) -> None:
        self._links: dict[tuple[str, int], _SharedLink] = {}

    def meter(self, url: DeviceUrl) -> ModbusMeter:
        """Return the meter at `url`."""
        return ModbusMeter(self._device(url))

    def inverter(self, url: DeviceUrl) -> ModbusInverter:
        """Return the inverter at `url`."""
        limit = url.options.get("import_limit_w")
        limit_w = None if limit is None else _whole(url, "import_limit_w", limit)
        return ModbusInverter(self._device(url), limit_w)

    def _device(self, url: DeviceUrl) -> SunSpecDevice:
        unknown = sorted(set(url.options) - OPTIONS)
        if unknown:
            raise DeviceUrlError(
                url.text, f"unknown option {unknown[0]}, known are {', '.join(sorted(OPTIONS))}"
            )
        unit = _whole(url, "unit", url.path)
        if not 1 <= unit <= LARGEST_UNIT:
            raise DeviceUrlError(url.text, f"unit 1 to {LARGEST_UNIT} expected, was {unit}")
        timeout_seconds = _seconds(url)
        key = (url.host, url.port or MODBUS_PORT)
        shared = self._links.get(key)
        if shared is None:
            shared = self._links[key] = _SharedLink(Link(*key, timeout_seconds))
        shared.users += 1
        return SunSpecDevice(url.text, shared.link, unit, lambda: self._release(key))

    def _release(self, key: tuple[str, int]) -> None:
        shared = self._links[key]
        shared.users -= 1
        if shared.users == 0:
            del self._links[key]
            shared.link.close()


def _whole(url: DeviceUrl, name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise DeviceUrlError(url.text, f"{name}: whole number expected, was {text!r}")
    return int(text)


def _seconds(url: DeviceUrl) -> float:
    text = url.options.get("timeout")
    if text is None:
        return DEFAULT_TIMEOUT_SECONDS
    try:
        seconds = float(text)
    except ValueError as error:
        raise DeviceUrlError(url.text, f"timeout: seconds expected, was {text!r}") from error
    if not 0 < seconds < float("inf"):
        raise DeviceUrlError(url.text, f"timeout: more than 0 s expected, was {text!r}")
    return seconds
