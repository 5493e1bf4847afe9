"""From a device URL to a device: the one place that knows which protocols there are.

A new protocol is a package with a `meter` and an `inverter` factory and a line in `PROTOCOLS`.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from adapters.url import DeviceUrl, DeviceUrlError
from node.domain.devices import Inverter, Meter


class DeviceAdapter(Protocol):
    """What a protocol's package offers."""

    def meter(self, url: DeviceUrl) -> Meter:
        """Return the meter at `url`, without connecting yet."""
        ...

    def inverter(self, url: DeviceUrl) -> Inverter:
        """Return the inverter at `url`, without connecting yet."""
        ...


class UnknownSchemeError(DeviceUrlError):
    """No adapter speaks the URL's protocol."""

    def __init__(self, url: DeviceUrl) -> None:
        super().__init__(
            url.text, f"no adapter for {url.scheme}://, known are {', '.join(sorted(PROTOCOLS))}"
        )
        self.scheme = url.scheme
        self.known = tuple(sorted(PROTOCOLS))


def _modbus() -> DeviceAdapter:
    # Imported on demand: a home carries only the protocols that its devices speak.
    from adapters.modbus import ModbusAdapter

    return ModbusAdapter()


PROTOCOLS: Final[Mapping[str, Callable[[], DeviceAdapter]]] = {
    "modbus+tcp": _modbus,
}


class DeviceRegistry:
    """Opens devices by URL; those behind one endpoint share its connection."""

    def __init__(self) -> None:
        self._adapters: dict[str, DeviceAdapter] = {}

    def meter(self, text: str) -> Meter:
        """Return the meter at a URL; it connects when it is first read."""
        url = _parse(text, "meter")
        return self._adapter(url).meter(url)

    def inverter(self, text: str) -> Inverter:
        """Return the inverter at a URL; it connects when it is first used."""
        url = _parse(text, "inverter")
        return self._adapter(url).inverter(url)

    def _adapter(self, url: DeviceUrl) -> DeviceAdapter:
        if url.scheme not in PROTOCOLS:
            raise UnknownSchemeError(url)
        if url.scheme not in self._adapters:
            self._adapters[url.scheme] = PROTOCOLS[url.scheme]()
        return self._adapters[url.scheme]


def _parse(text: str, role: str) -> DeviceUrl:
    url = DeviceUrl.parse(text)
    named = url.options.get("role", role)
    if named != role:
        raise DeviceUrlError(text, f"a {role} is wanted here, the URL names role {named!r}")
    return url
