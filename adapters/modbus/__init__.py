"""SunSpec devices over Modbus TCP (C-05, C-34, F-33): `modbus+tcp://host:port/unit?role=meter`."""

from adapters.modbus.adapter import ModbusAdapter

__all__ = ["ModbusAdapter"]
