"""What was promised stays promised: readings, orders, the password."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.agents.errors import (
    JournalError,
    JournalForeignError,
    RegisterFellError,
    SequenceReusedError,
)
from node.agents.forecast import Observed
from node.agents.gateway import Gateway
from node.agents.journal import Journal, ReadingState, SignedReading
from node.chain.signing import LocalSigner, SigningDomain, is_signed_by
from node.domain.devices import RegisterReading
from node.domain.orders import Side
from node.domain.policies import DraftOrder, Wish
from node.domain.readings import PointLimits, faults_of
from node.domain.slots import DeliverySlot, demonstration_product
from node.domain.units import NO_POWER, SenPerKwh, WattHours

IDENTITY = {"gateway": "0xa", "market": "7411/0xab"}
PRODUCT = demonstration_product(10)
SLOT = DeliverySlot(1_000_000)
KEY = LocalSigner(b"\x01" * 32)
DOMAIN = SigningDomain.of_meter_oracle(7411, "0x" + "ab" * 20)


OpenJournal = Callable[[Path], Journal]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.sqlite3"


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Journal]]:
    """Open journals, and close those that the test leaves open."""
    journals: list[Journal] = []

    def open_(path: Path) -> Journal:
        journals.append(Journal.open(path, IDENTITY))
        return journals[-1]

    yield open_
    for one in journals:
        one.close()


@pytest.fixture
def journal(opened: OpenJournal, path: Path) -> Journal:
    return opened(path)


def gateway(journal: Journal) -> Gateway:
    return Gateway(7, KEY, DOMAIN, journal, PRODUCT)


def registers(imported: int, exported: int) -> RegisterReading:
    return RegisterReading(WattHours(imported), WattHours(exported), NO_POWER)


def read(journal: Journal, slot: int = SLOT, exported: int = 80_900) -> SignedReading:
    return gateway(journal).read(
        DeliverySlot(slot), registers(50_000, 80_000), registers(50_120, exported)
    )


@pytest.mark.spec("C-36", "G-10")
def test_a_reading_holds_the_registers_of_both_ends_and_the_gateways_signature(
    journal: Journal,
) -> None:
    signed = read(journal)

    reading = signed.reading
    limits = PointLimits(WattHours(3000), WattHours(3000))
    assert (reading.import_wh, reading.export_wh) == (120, 900)
    assert (reading.import_start, reading.export_end) == (50_000, 80_900)
    assert reading.measured_at == PRODUCT.slot_end(SLOT)
    assert faults_of(reading, PRODUCT, limits, SLOT + 10) == ()
    assert is_signed_by(KEY.address, DOMAIN.reading_digest(reading), signed.signature)


@pytest.mark.spec("G-10", "G-27")
def test_a_slot_that_was_signed_keeps_its_reading_whatever_the_meter_says_later(
    opened: OpenJournal, path: Path
) -> None:
    before = opened(path)
    first = read(before)
    before.close()

    again = read(opened(path), exported=99_999)

    assert again == first


@pytest.mark.spec("G-10")
def test_sequences_rise_with_the_slots_also_without_the_journal(
    opened: OpenJournal, path: Path, tmp_path: Path
) -> None:
    journal = opened(path)
    sequences = [read(journal, slot).reading.sequence for slot in (SLOT, SLOT + 10, SLOT + 50)]

    lost = opened(tmp_path / "new.sqlite3")

    assert sequences == [100_000, 100_001, 100_005]
    assert read(lost, SLOT + 60).reading.sequence > sequences[-1]


@pytest.mark.spec("G-10")
def test_a_second_reading_of_a_slot_or_sequence_is_never_kept(journal: Journal) -> None:
    signed = read(journal)
    other = replace(signed, reading=replace(signed.reading, export_wh=WattHours(1)))
    same_sequence = replace(signed, reading=replace(signed.reading, slot=DeliverySlot(SLOT + 10)))

    for second in (other, same_sequence):
        with pytest.raises(SequenceReusedError):
            journal.keep(second)
    assert journal.keep(signed) == signed
    assert journal.counts()["waiting"] == 1


@pytest.mark.spec("C-36")
def test_of_a_register_that_fell_no_reading_is_made(journal: Journal) -> None:
    with pytest.raises(RegisterFellError, match=r"\(50000, 80000\) to \(50120, 79999\)"):
        read(journal, exported=79_999)

    assert journal.last_metered() is None


def test_readings_wait_until_something_became_of_them(journal: Journal) -> None:
    for number in range(4):
        read(journal, SLOT + 10 * number)
    journal.settle(SLOT, ReadingState.TAKEN)
    journal.settle(DeliverySlot(SLOT + 10), ReadingState.REFUSED, "no")
    journal.remark(DeliverySlot(SLOT + 20), "later")
    journal.give_up(DeliverySlot(SLOT + 40), "dropped")

    assert [one.reading.slot for one in journal.waiting(9)] == [SLOT + 20, SLOT + 30]
    assert journal.counts() == {"waiting": 2, "taken": 1, "refused": 1, "expired": 0, "gaps": 1}
    assert journal.last_metered() == SLOT + 40
    assert journal.notes(9) == [
        (SLOT + 40, "gap", "dropped"),
        (SLOT + 20, "waiting", "later"),
        (SLOT + 10, "refused", "no"),
    ]


@pytest.mark.spec("C-32")
def test_the_first_orders_drafted_for_a_slot_are_the_ones_that_hold(
    opened: OpenJournal, path: Path
) -> None:
    first = (
        DraftOrder(Side.SELL, SenPerKwh(1200), WattHours(700)),
        DraftOrder(Side.BUY, SenPerKwh(900), WattHours(300), Wish.RENEWABLE),
    )
    journal = opened(path)
    assert journal.drafts(SLOT) is None
    journal.draft(SLOT, first, now=1)
    journal.close()

    again = opened(path)

    assert again.draft(SLOT, first[:1], now=2) == first
    assert again.draft(DeliverySlot(SLOT + 10), (), now=2) == ()
    assert again.drafts(DeliverySlot(SLOT + 10)) == ()


def test_observations_and_the_password_outlive_a_restart(opened: OpenJournal, path: Path) -> None:
    journal = opened(path)
    journal.observe(SLOT, Observed(WattHours(5), WattHours(6)))
    journal.keep_password("secret")
    journal.close()

    again = opened(path)

    assert again.observed() == {SLOT: Observed(WattHours(5), WattHours(6))}
    assert again.password() == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_final_is_forgotten_but_for_the_last_reading(journal: Journal) -> None:
    for number in range(3):
        read(journal, SLOT + 10 * number)
        journal.observe(DeliverySlot(SLOT + 10 * number), Observed(WattHours(1), WattHours(1)))

    journal.forget_before(DeliverySlot(SLOT + 1000), DeliverySlot(SLOT + 10))

    assert journal.last_sequence() == 100_002
    assert journal.counts()["waiting"] == 1
    assert sorted(journal.observed()) == [SLOT + 10, SLOT + 20]


def test_a_damaged_or_foreign_journal_is_refused_by_name(path: Path, tmp_path: Path) -> None:
    Journal.open(path, IDENTITY).close()
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"neither a database nor empty" * 99)

    with pytest.raises(JournalForeignError, match="7411/0xab"):
        Journal.open(path, IDENTITY | {"market": "1/0xcd"})
    with pytest.raises(JournalError, match="no sound database"):
        Journal.open(damaged, IDENTITY)
