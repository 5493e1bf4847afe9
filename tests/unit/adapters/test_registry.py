"""From a URL to a device, and what is said about a URL that leads nowhere."""

import pytest

from adapters.registry import DeviceRegistry, UnknownSchemeError
from adapters.url import DeviceUrl, DeviceUrlError
from node.domain.devices import Inverter, Meter
from node.domain.errors import DeviceError


def test_a_url_gives_a_device_of_its_role_without_connecting() -> None:
    devices = DeviceRegistry()

    meter = devices.meter("modbus+tcp://127.0.0.1:1/2?role=meter")
    inverter = devices.inverter("modbus+tcp://127.0.0.1:1/1?role=inverter&import_limit_w=6000")

    assert isinstance(meter, Meter)
    assert isinstance(inverter, Inverter)


def test_a_url_is_taken_apart() -> None:
    url = DeviceUrl.parse("modbus+tcp://meter.example:5020/7?role=meter&timeout=0.5")

    assert (url.scheme, url.host, url.port, url.path) == ("modbus+tcp", "meter.example", 5020, "7")
    assert url.options == {"role": "meter", "timeout": "0.5"}


@pytest.mark.spec("B-18")
def test_a_host_may_be_an_ipv6_address() -> None:
    url = DeviceUrl.parse("modbus+tcp://[2001:db8::7]:5020/1")

    assert (url.host, url.port) == ("2001:db8::7", 5020)


def test_an_unknown_scheme_is_named_together_with_those_that_are_known() -> None:
    with pytest.raises(UnknownSchemeError) as refused:
        DeviceRegistry().meter("zigbee://kitchen/1")

    assert (refused.value.scheme, refused.value.known) == ("zigbee", ("modbus+tcp",))
    assert "zigbee" in str(refused.value)
    assert "modbus+tcp" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("meter", "not a device URL"),
        ("modbus+tcp://", "not a device URL"),
        ("modbus+tcp://host:notaport/1", "not a URL"),
        ("modbus+tcp://host:5020/1?role", "not a URL"),
        ("modbus+tcp://host:5020/1?role=meter&role=meter", "given twice"),
        ("modbus+tcp://host:5020/1?role=inverter", "a meter is wanted"),
        ("modbus+tcp://host:5020/1?colour=red", "unknown option colour"),
        ("modbus+tcp://host:5020", "whole number expected"),
        ("modbus+tcp://host:5020/one", "whole number expected"),
        ("modbus+tcp://host:5020/0", "unit 1 to 247"),
        ("modbus+tcp://host:5020/248", "unit 1 to 247"),
        ("modbus+tcp://host:5020/1?timeout=soon", "seconds expected"),
        ("modbus+tcp://host:5020/1?timeout=0", "more than 0 s"),
        ("modbus+tcp://host:5020/1?timeout=nan", "more than 0 s"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused_and_shown(url: str, problem: str) -> None:
    with pytest.raises(DeviceUrlError, match=problem) as refused:
        DeviceRegistry().meter(url)

    assert refused.value.device == url
    assert isinstance(refused.value, DeviceError)


def test_an_import_limit_has_to_be_a_whole_number() -> None:
    with pytest.raises(DeviceUrlError, match="import_limit_w: whole number"):
        DeviceRegistry().inverter("modbus+tcp://host:5020/1?import_limit_w=-5")
