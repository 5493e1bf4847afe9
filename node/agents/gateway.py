"""The gateway makes a reading of two register values and signs it, once per slot (C-36, G-10)."""

from dataclasses import dataclass

from node.agents.errors import RegisterFellError
from node.agents.journal import Journal, SignedReading
from node.chain.signing import Signer, SigningDomain
from node.domain.devices import RegisterReading
from node.domain.readings import Reading
from node.domain.slots import DeliverySlot, Product
from node.domain.units import WattHours

#: Version of a reading that corrects no other.
ORIGINAL = 1


@dataclass(frozen=True, slots=True)
class Gateway:
    """Signs for one metering point. What it signed is in the journal before anybody sees it."""

    point: int
    signer: Signer
    domain: SigningDomain
    journal: Journal
    product: Product

    def read(
        self, slot: DeliverySlot, opening: RegisterReading, closing: RegisterReading
    ) -> SignedReading:
        """Return the signed reading of a slot between the registers at its two ends.

        A slot that was signed before keeps its reading, whatever the meter says now.
        """
        kept = self.journal.reading(slot)
        if kept is not None:
            return kept
        before = (opening.import_wh, opening.export_wh)
        after = (closing.import_wh, closing.export_wh)
        if after[0] < before[0] or after[1] < before[1]:
            raise RegisterFellError(slot, before, after)
        reading = Reading(
            point=self.point,
            slot=slot,
            import_wh=WattHours(closing.import_wh - opening.import_wh),
            export_wh=WattHours(closing.export_wh - opening.export_wh),
            import_start=opening.import_wh,
            import_end=closing.import_wh,
            export_start=opening.export_wh,
            export_end=closing.export_wh,
            measured_at=self.product.slot_end(slot),
            sequence=self._next_sequence(slot),
            version=ORIGINAL,
        )
        signature = self.signer.sign(self.domain.reading_digest(reading))
        return self.journal.keep(SignedReading(reading, signature))

    def _next_sequence(self, slot: DeliverySlot) -> int:
        """Return a sequence above all earlier ones, also for a home that has lost its journal.

        There is one reading per slot, so the number of the slot is never below what was used
        before.
        """
        return max(self.journal.last_sequence() + 1, slot // self.product.slot_seconds)
