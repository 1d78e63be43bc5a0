"""The unit of work: one transaction and every book that is opened in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection, Engine, create_engine, text

from core.store.announcements import AnnouncementBook
from core.store.asking import AskingBook
from core.store.audit import AuditBook
from core.store.blocks import BlockBook
from core.store.calendars import CalendarBook
from core.store.call_backs import CallBackBook
from core.store.codes import CodeBook
from core.store.confirmations import ConfirmationView
from core.store.date_notices import DateNoticeBook
from core.store.dead_pins import DeadPinBook
from core.store.doses import DoseBook
from core.store.gates import GateBook
from core.store.held_changes import HeldChangeBook
from core.store.inbox import InboxBook
from core.store.invitations import InvitationBook
from core.store.live_calendars import LiveCalendarBook
from core.store.mails import MailBook
from core.store.mo_parts import MoPartBook
from core.store.moving import MovingBook
from core.store.open_pins import OpenPinBook
from core.store.operators import OperatorBook
from core.store.orders import OrderBook
from core.store.outbox import OutboxBook
from core.store.pause_notices import PauseNoticeBook
from core.store.pin1s import Pin1Book
from core.store.proven_phones import ProvenPhoneBook
from core.store.queues import QueueView
from core.store.rationing import RationBook
from core.store.rebooking import RebookingBook
from core.store.receipts import ReceiptBook
from core.store.recordings import RecordingBook
from core.store.register_checks import RegisterCheckBook
from core.store.registrations import RegistrationBook
from core.store.reservations import ReservationBook
from core.store.responses import ResponseBook
from core.store.routes import RouteBook
from core.store.rule_changes import RuleChangeBook
from core.store.sessions import SessionBook
from core.store.site_days import SiteDayBook
from core.store.site_history import SiteHistoryBook
from core.store.site_imports import SiteImportBook
from core.store.site_pauses import PauseBook
from core.store.sites import SiteBook
from core.store.stand_ins import StandInBook
from core.store.step_counts import StepCountBook
from core.store.stock import StockBook
from core.store.substitute_rounds import SubstituteRoundBook
from core.store.substitutes import SubstituteBook
from core.store.supply import SupplyBook
from core.store.threads import ThreadBook
from core.store.waves import WaveBook
from core.store.withdrawals import WithdrawalBook
from core.store.wrong_pins import WrongPinBook
from core.vault import Vault

OUTBOX_CHANNEL = "crs_outbox"  # NOTIFY: an MT waits to be sent
INBOX_CHANNEL = "crs_inbox"  # NOTIFY: an MO waits for its turn
_WAKE = text("SELECT pg_notify(:channel, '')")


class Work:
    """One transaction. Books are opened when first used; nothing is kept beyond the commit."""

    def __init__(self, db: Connection, vault: Vault) -> None:
        self.db = db
        self.vault = vault

    @cached_property
    def inbox(self) -> InboxBook:
        return InboxBook(self.db, self.vault)

    @cached_property
    def mo_parts(self) -> MoPartBook:
        return MoPartBook(self.db, self.vault)

    @cached_property
    def receipts(self) -> ReceiptBook:
        return ReceiptBook(self.db)

    @cached_property
    def outbox(self) -> OutboxBook:
        return OutboxBook(self.db, self.vault)

    @cached_property
    def asking(self) -> AskingBook:
        return AskingBook(self.db, self.vault)

    @cached_property
    def sessions(self) -> SessionBook:
        return SessionBook(self.db, self.vault)

    @cached_property
    def step_counts(self) -> StepCountBook:
        return StepCountBook(self.db)

    @cached_property
    def sites(self) -> SiteBook:
        return SiteBook(self.db)

    @cached_property
    def site_imports(self) -> SiteImportBook:
        return SiteImportBook(self.db)

    @cached_property
    def held_changes(self) -> HeldChangeBook:
        return HeldChangeBook(self.db)

    @cached_property
    def site_history(self) -> SiteHistoryBook:
        return SiteHistoryBook(self.db)

    @cached_property
    def pauses(self) -> PauseBook:
        return PauseBook(self.db)

    @cached_property
    def pause_notices(self) -> PauseNoticeBook:
        return PauseNoticeBook(self.db)

    @cached_property
    def calendars(self) -> CalendarBook:
        return CalendarBook(self.db)

    @cached_property
    def live_calendars(self) -> LiveCalendarBook:
        return LiveCalendarBook(self.db)

    @cached_property
    def stock(self) -> StockBook:
        return StockBook(self.db)

    @cached_property
    def announcements(self) -> AnnouncementBook:
        return AnnouncementBook(self.db)

    @cached_property
    def rationing(self) -> RationBook:
        return RationBook(self.db, self.vault)

    @cached_property
    def supply(self) -> SupplyBook:
        return SupplyBook(self.db)

    @cached_property
    def substitutes(self) -> SubstituteBook:
        return SubstituteBook(self.db)

    @cached_property
    def substitute_rounds(self) -> SubstituteRoundBook:
        return SubstituteRoundBook(self.db)

    @cached_property
    def registrations(self) -> RegistrationBook:
        return RegistrationBook(self.db, self.vault)

    @cached_property
    def invitations(self) -> InvitationBook:
        return InvitationBook(self.db, self.vault)

    @cached_property
    def rebooking(self) -> RebookingBook:
        return RebookingBook(self.db)

    @cached_property
    def site_days(self) -> SiteDayBook:
        return SiteDayBook(self.db)

    @cached_property
    def date_notices(self) -> DateNoticeBook:
        return DateNoticeBook(self.db)

    @cached_property
    def waves(self) -> WaveBook:
        return WaveBook(self.db)

    @cached_property
    def responses(self) -> ResponseBook:
        return ResponseBook(self.db)

    @cached_property
    def withdrawals(self) -> WithdrawalBook:
        return WithdrawalBook(self.db)

    @cached_property
    def gates(self) -> GateBook:
        return GateBook(self.db)

    @cached_property
    def reservations(self) -> ReservationBook:
        return ReservationBook(self.db)

    @cached_property
    def confirmations(self) -> ConfirmationView:
        return ConfirmationView(self.db, self.vault)

    @cached_property
    def mails(self) -> MailBook:
        return MailBook(self.db, self.vault)

    @cached_property
    def moving(self) -> MovingBook:
        return MovingBook(self.db)

    @cached_property
    def orders(self) -> OrderBook:
        return OrderBook(self.db, self.vault)

    @cached_property
    def operators(self) -> OperatorBook:
        return OperatorBook(self.db)

    @cached_property
    def queues(self) -> QueueView:
        return QueueView(self.db)

    @cached_property
    def routes(self) -> RouteBook:
        return RouteBook(self.db)

    @cached_property
    def doses(self) -> DoseBook:
        return DoseBook(self.db, self.vault)

    @cached_property
    def dead_pins(self) -> DeadPinBook:
        return DeadPinBook(self.db, self.vault)

    @cached_property
    def rule_changes(self) -> RuleChangeBook:
        return RuleChangeBook(self.db)

    @cached_property
    def wrong_pins(self) -> WrongPinBook:
        return WrongPinBook(self.db)

    @cached_property
    def open_pins(self) -> OpenPinBook:
        return OpenPinBook(self.db, self.vault)

    @cached_property
    def stand_ins(self) -> StandInBook:
        return StandInBook(self.db, self.vault)

    @cached_property
    def pin1s(self) -> Pin1Book:
        return Pin1Book(self.db, self.vault)

    @cached_property
    def proven_phones(self) -> ProvenPhoneBook:
        return ProvenPhoneBook(self.db)

    @cached_property
    def threads(self) -> ThreadBook:
        return ThreadBook(self.db, self.vault)

    @cached_property
    def codes(self) -> CodeBook:
        return CodeBook(self.db, self.vault)

    @cached_property
    def register_checks(self) -> RegisterCheckBook:
        return RegisterCheckBook(self.db, self.vault)

    @cached_property
    def blocks(self) -> BlockBook:
        return BlockBook(self.db)

    @cached_property
    def audit(self) -> AuditBook:
        return AuditBook(self.db)

    @cached_property
    def recordings(self) -> RecordingBook:
        return RecordingBook(self.db)

    @cached_property
    def call_backs(self) -> CallBackBook:
        return CallBackBook(self.db, self.vault)

    def wake(self, channel: str) -> None:
        """Tell other processes, once this commits, that there is work (`OUTBOX_CHANNEL`, `INBOX_CHANNEL`)."""
        self.db.execute(_WAKE, {"channel": channel})


class Store:
    """The database, seen as units of work."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault

    @classmethod
    def connect(cls, url: str, vault: Vault, *, connections: int = 8) -> "Store":
        """Open lazily; nothing is asked of the server before the first unit of work."""
        engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=connections,
            pool_pre_ping=True,
            hide_parameters=True,  # an error's text must not carry what a person wrote
        )
        return cls(engine, vault)

    @contextmanager
    def begin(self) -> Iterator[Work]:
        """A transaction: committed at the end of the block, rolled back by any exception."""
        with self.engine.begin() as db:
            yield Work(db, self.vault)

    def close(self) -> None:
        self.engine.dispose()
