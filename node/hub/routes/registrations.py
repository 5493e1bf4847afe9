"""Devices register (D-43 to D-56)."""

from fastapi import APIRouter, BackgroundTasks

from node.hub.dependencies import HubServices
from node.hub.problems import describe
from node.hub.schemas import RegistrationAnswer, RegistrationRequest
from node.store.records import Registration

router = APIRouter(prefix="/registrations", tags=["devices"])


@router.post("", status_code=201, responses=describe(400, 401, 403, 409, 413, 422, 503))
def register(
    request: RegistrationRequest, services: HubServices, after_sending: BackgroundTasks
) -> RegistrationAnswer:
    """Register a listed device with the common initial password; answers with a password of its own, once."""
    said = Registration(
        kind=request.kind,
        name=request.name,
        maker=request.maker,
        location=request.location,
        point=request.metering_point,
        gateway=request.gateway.lower(),
        possession=bytes.fromhex(request.possession[2:]),
    )
    password = services.registrar.register(request.device_id, request.initial_password, said)
    after_sending.add_task(services.registrar.password_sent, request.device_id)
    return RegistrationAnswer(device_id=request.device_id, password=password)
