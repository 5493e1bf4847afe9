"""What a hub is made of, and how routes get at it."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from node.domain.clock import Clock
from node.domain.slots import Product
from node.hub.errors import CredentialsMissingError
from node.hub.indexing import Indexing
from node.indexer.follower import Follower
from node.indexer.source import ChainSource
from node.metering.extraction import Extraction
from node.metering.intake import Intake, RecoverReading
from node.metering.passwords import Passwords
from node.metering.registration import RecoverPossession, Registrar
from node.store.database import Database

#: Seconds between two looks at a chain that has nothing new.
POLL_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HubDependencies:
    """Everything that a hub is handed.

    `recover_reading` and `recover_possession` say who signed a reading or a proof of possession.
    `start_block` is the block of the deployment; blocks before it hold nothing of ours.
    """

    database: Database
    chain: ChainSource
    clock: Clock
    product: Product
    initial_password: str = field(repr=False)
    recover_reading: RecoverReading
    recover_possession: RecoverPossession
    finality_depth: int
    start_block: int = 0
    poll_seconds: int = POLL_SECONDS


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes use."""

    database: Database
    clock: Clock
    product: Product
    registrar: Registrar
    intake: Intake
    extraction: Extraction
    indexing: Indexing

    @classmethod
    def of(cls, given: HubDependencies) -> "Services":
        """Put the parts of a hub together."""
        database, clock, passwords = given.database, given.clock, Passwords()
        follower = Follower(database, given.chain, given.finality_depth, given.start_block)
        return cls(
            database=database,
            clock=clock,
            product=given.product,
            registrar=Registrar(
                database, clock, passwords, given.initial_password, given.recover_possession
            ),
            intake=Intake(database, clock, given.product, passwords, given.recover_reading),
            extraction=Extraction(database, clock, passwords),
            indexing=Indexing(follower, clock, given.poll_seconds),
        )


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


_basic = HTTPBasic(auto_error=False, realm="yuimaru hub")


def _credentials(
    given: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
) -> HTTPBasicCredentials:
    if given is None:
        raise CredentialsMissingError
    return given


HubServices = Annotated[Services, Depends(_services)]
Credentials = Annotated[HTTPBasicCredentials, Depends(_credentials)]
