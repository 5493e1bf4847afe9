"""The devices of one home, looked at together."""

from dataclasses import dataclass, field
from types import TracebackType

from node.agents.errors import AgentError
from node.agents.forecast import Observed, demand_of, mean_energy
from node.chain.errors import ChainError
from node.domain.devices import Inverter, InverterState, Meter
from node.domain.errors import DeviceError

#: How exactly a set-point is met, and from where on a battery counts as full.
_TOLERANCE_W = 20
_FULL_PERMILLE = 990


@dataclass(frozen=True, slots=True)
class Look:
    """The powers of a home at one instant in W; `state` is None without an inverter."""

    state: InverterState | None
    pv_w: int
    battery_w: int
    net_export_w: int

    @property
    def is_limited(self) -> bool:
        """Whether PV is held back: the set-point is met and the battery takes all that it can."""
        state = self.state
        if state is None or state.setpoint_w is None:
            return False
        tolerance = max(_TOLERANCE_W, abs(state.setpoint_w) // 50)
        is_met = abs(self.net_export_w - state.setpoint_w) <= tolerance
        is_full = state.soc_permille >= _FULL_PERMILLE
        charges_most = -self.battery_w >= state.max_charge_w - tolerance
        takes_no_more = state.capacity_wh == 0 or is_full or charges_most
        return is_met and self.battery_w <= 0 and takes_no_more

    def lasting(self, seconds: int) -> Observed:
        """Return what a slot would bring if it went on like this."""
        demand_w = demand_of(self.pv_w, self.battery_w, self.net_export_w)
        return Observed(mean_energy([self.pv_w], seconds), mean_energy([demand_w], seconds))


@dataclass(frozen=True, slots=True)
class Site:
    """A meter, and an inverter where there is one."""

    meter: Meter
    inverter: Inverter | None = None

    async def look(self) -> Look:
        """Read all powers now; raises `DeviceError`."""
        net_export_w = (await self.meter.registers()).power_w
        if self.inverter is None:
            # Without an inverter to tell, what goes out must be generated here.
            return Look(None, max(0, net_export_w), 0, net_export_w)
        state = await self.inverter.state()
        return Look(state, state.pv_power_w, state.battery_power_w, net_export_w)

    async def close(self) -> None:
        """Let go of the devices."""
        await self.meter.close()
        if self.inverter is not None:
            await self.inverter.close()


@dataclass(slots=True)
class Notes:
    """What does not work at the moment, by what was tried; the home shows it and goes on."""

    problems: dict[str, str] = field(default_factory=dict)

    def trying(self, what: str) -> "Attempt":
        """Try something that depends on devices, hub or chain.

        What fails is noted, and the caller tries again.
        """
        return Attempt(self, what)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A stretch of code whose failure is noted under a name, and its success as well."""

    notes: Notes
    what: str

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Note what happened; anything that is not the fault of devices, hub or chain goes on."""
        if error is None:
            self.notes.problems.pop(self.what, None)
            return False
        if not isinstance(error, (AgentError, ChainError, DeviceError)):
            return False
        self.notes.problems[self.what] = f"{type(error).__name__}: {error}"
        return True
