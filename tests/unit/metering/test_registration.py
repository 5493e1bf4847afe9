"""From a listed id and the common initial password to a password of the device's own."""

from collections.abc import Callable

import pytest

from node.domain.clock import VirtualClock
from node.metering.errors import (
    AlreadyRegisteredError,
    DeviceNotListedError,
    GatewayMismatchError,
    MeteringError,
    PointTakenError,
    PointUnknownError,
    PossessionInvalidError,
    RegistrationError,
    WrongPasswordError,
)
from node.metering.passwords import Passwords
from node.metering.registration import Registrar
from node.store.database import Database
from node.store.records import Event, Registration, SystemRole

Make = Callable[..., Registration]


def events(database: Database, peer: str) -> list[Event]:
    with database.read() as view:
        return [entry.event for entry in view.events.entries(peer=peer)]


def registered(database: Database) -> list[str]:
    with database.read() as view:
        return [device.device_id for device in view.devices.all() if device.registration]


@pytest.mark.spec("D-44", "D-45", "D-46", "D-47", "D-48", "G-18")
def test_a_listed_device_registers_and_gets_a_password_of_its_own(
    registrar: Registrar,
    database: Database,
    registration: Make,
    initial_password: str,
    passwords: Passwords,
) -> None:
    registrar.list_device("meter-1")
    password = registrar.register("meter-1", initial_password, registration())

    with database.read() as view:
        device = view.devices.find("meter-1")
    assert device is not None
    assert device.registration == registration()
    assert device.verifier is not None
    assert device.verifier.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password not in device.verifier
    assert passwords.proves(password, device.verifier)
    assert not passwords.proves(initial_password, device.verifier)


@pytest.mark.spec("D-54")
def test_no_two_devices_get_the_same_password(
    registrar: Registrar, registration: Make, initial_password: str
) -> None:
    for number in (1, 2):
        registrar.list_device(f"meter-{number}")
    issued = [
        registrar.register(f"meter-{number}", initial_password, registration(number))
        for number in (1, 2)
    ]
    assert issued[0] != issued[1]
    assert all(len(password) >= 40 for password in issued)


@pytest.mark.spec("D-26")
def test_each_step_of_a_registration_is_in_the_event_log(
    registrar: Registrar,
    database: Database,
    registration: Make,
    initial_password: str,
    clock: VirtualClock,
) -> None:
    registrar.list_device("meter-1")
    registrar.register("meter-1", initial_password, registration())
    clock.advance_to(clock.now() + 1)
    registrar.password_sent("meter-1")

    assert events(database, "meter-1") == [
        Event.DEVICE_LISTED,
        Event.REGISTRATION_REQUESTED,
        Event.DEVICE_REGISTERED,
        Event.PASSWORD_SENT,
    ]
    with database.read() as view:
        assert view.events.entries()[-1].at == clock.now()


@pytest.mark.spec("D-45", "D-55")
def test_a_wrong_initial_password_registers_nothing_and_is_not_repeated(
    registrar: Registrar, database: Database, registration: Make
) -> None:
    registrar.list_device("meter-1")
    with pytest.raises(WrongPasswordError) as caught:
        registrar.register("meter-1", "a guess", registration())

    assert "a guess" not in str(caught.value)
    assert registered(database) == []
    assert events(database, "meter-1")[1:] == [
        Event.REGISTRATION_REQUESTED,
        Event.REGISTRATION_REFUSED,
    ]


def test_an_id_that_was_not_listed_cannot_register(
    registrar: Registrar, database: Database, registration: Make, initial_password: str
) -> None:
    with pytest.raises(DeviceNotListedError, match="meter-9"):
        registrar.register("meter-9", initial_password, registration())
    assert registered(database) == []


def test_a_second_registration_is_refused_and_the_first_password_stays(
    registrar: Registrar,
    database: Database,
    registration: Make,
    initial_password: str,
    passwords: Passwords,
) -> None:
    registrar.list_device("meter-1")
    password = registrar.register("meter-1", initial_password, registration())

    with pytest.raises(AlreadyRegisteredError):
        registrar.register("meter-1", initial_password, registration(name="Somebody else"))

    with database.read() as view:
        device = view.devices.find("meter-1")
    assert device is not None
    assert device.registration == registration()
    assert device.verifier is not None
    assert passwords.proves(password, device.verifier)


def test_listing_an_id_again_changes_nothing(
    registrar: Registrar, database: Database, registration: Make, initial_password: str
) -> None:
    registrar.list_device("meter-1")
    registrar.register("meter-1", initial_password, registration())
    registrar.list_device("meter-1")
    assert registered(database) == ["meter-1"]
    assert events(database, "meter-1").count(Event.DEVICE_LISTED) == 1


def test_a_device_that_lost_its_password_is_freed_and_gets_another(
    registrar: Registrar, database: Database, registration: Make, initial_password: str
) -> None:
    registrar.list_device("meter-1")
    first = registrar.register("meter-1", initial_password, registration())
    registrar.free_device("meter-1")
    assert registered(database) == []
    assert registrar.register("meter-1", initial_password, registration()) != first
    assert Event.DEVICE_FREED in events(database, "meter-1")


def test_a_device_that_was_never_listed_cannot_be_freed(registrar: Registrar) -> None:
    with pytest.raises(DeviceNotListedError):
        registrar.free_device("meter-9")


def test_a_point_is_read_by_one_device(
    registrar: Registrar, registration: Make, initial_password: str
) -> None:
    for device_id in ("meter-1", "meter-2"):
        registrar.list_device(device_id)
    registrar.register("meter-1", initial_password, registration())
    with pytest.raises(PointTakenError, match="meter-1"):
        registrar.register("meter-2", initial_password, registration())


@pytest.mark.spec("G-29")
@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"point": 3}, PointUnknownError),
        ({"gateway": "0x" + "ee" * 20}, GatewayMismatchError),
        ({"possession": b"somebody else's"}, PossessionInvalidError),
    ],
)
def test_id_and_common_password_are_not_enough_to_take_a_place(
    registrar: Registrar,
    database: Database,
    registration: Make,
    initial_password: str,
    changed: dict[str, object],
    refusal: type[RegistrationError],
) -> None:
    registrar.list_device("meter-1")
    values = {field: getattr(registration(), field) for field in Registration.__slots__}
    with pytest.raises(refusal):
        registrar.register("meter-1", initial_password, Registration(**(values | changed)))
    assert registered(database) == []


@pytest.mark.spec("D-57")
def test_a_system_gets_a_password_of_its_own_and_a_new_one_when_added_again(
    registrar: Registrar, database: Database, passwords: Passwords
) -> None:
    first = registrar.add_system("oracle-1", SystemRole.ORACLE)
    second = registrar.add_system("oracle-1", SystemRole.ORACLE)

    with database.read() as view:
        [system] = view.systems.all()
    assert passwords.proves(second, system.verifier)
    assert not passwords.proves(first, system.verifier)
    assert events(database, "oracle-1") == [Event.SYSTEM_ADDED, Event.SYSTEM_ADDED]


def test_secrets_are_not_shown_by_the_registrar(
    registrar: Registrar, initial_password: str
) -> None:
    assert initial_password not in repr(registrar)


def test_every_refusal_has_a_code_of_its_own() -> None:
    def leaves(kind: type[MeteringError]) -> list[type[MeteringError]]:
        below = kind.__subclasses__()
        return [leaf for sub in below for leaf in leaves(sub)] if below else [kind]

    codes = [kind.code for kind in leaves(MeteringError)]
    assert len(set(codes)) == len(codes)
