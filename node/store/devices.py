"""Devices and upper systems: who may send and who may ask."""

from dataclasses import asdict, fields

from sqlalchemy import Connection, Row, insert, select, update

from node.store.records import Device, Registration, System, SystemRole
from node.store.tables import devices, systems


class Devices:
    """The devices whose ids were listed, registered or not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, device_id: str) -> Device | None:
        """Return a device, None for an id that was never listed."""
        query = select(devices).where(devices.c.device_id == device_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _device(row)

    def at_point(self, point: int) -> Device | None:
        """Return the device that is registered for a metering point."""
        row = self._connection.execute(
            select(devices).where(devices.c.point == point)
        ).one_or_none()
        return None if row is None else _device(row)

    def all(self) -> list[Device]:
        """Return every listed device by id."""
        rows = self._connection.execute(select(devices).order_by(devices.c.device_id))
        return [_device(row) for row in rows]

    def add(self, device: Device) -> None:
        """List a new id."""
        self._connection.execute(
            insert(devices).values(device_id=device.device_id, listed_at=device.listed_at)
        )

    def register(self, device_id: str, registration: Registration, verifier: str, at: int) -> None:
        """Keep what a device said of itself and the verifier of its password."""
        self._connection.execute(
            update(devices)
            .where(devices.c.device_id == device_id)
            .values(**asdict(registration), verifier=verifier, registered_at=at)
        )

    def unregister(self, device_id: str) -> None:
        """Forget a registration, so that a device that lost its password can register again."""
        cleared = dict.fromkeys(field.name for field in fields(Registration))
        self._connection.execute(
            update(devices)
            .where(devices.c.device_id == device_id)
            .values(**cleared, verifier=None, registered_at=None)
        )


class Systems:
    """The upper systems and oracles that may ask for readings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, name: str) -> System | None:
        """Return a system, None for a name that was never added."""
        row = self._connection.execute(select(systems).where(systems.c.name == name)).one_or_none()
        return None if row is None else _system(row)

    def all(self) -> list[System]:
        """Return every system by name."""
        return [_system(row) for row in self._connection.execute(select(systems).order_by("name"))]

    def put(self, system: System) -> None:
        """Add a system, or replace its role and verifier."""
        values = {"role": system.role, "verifier": system.verifier, "added_at": system.added_at}
        changed = self._connection.execute(
            update(systems).where(systems.c.name == system.name).values(values)
        )
        if not changed.rowcount:
            self._connection.execute(insert(systems).values(name=system.name, **values))


def _device(row: Row[tuple[object, ...]]) -> Device:
    registered = row.registered_at is not None
    said = {field.name: getattr(row, field.name) for field in fields(Registration)}
    return Device(
        device_id=row.device_id,
        listed_at=row.listed_at,
        registered_at=row.registered_at,
        verifier=row.verifier,
        registration=Registration(**said) if registered else None,
    )


def _system(row: Row[tuple[object, ...]]) -> System:
    return System(row.name, SystemRole(row.role), row.added_at, row.verifier)
