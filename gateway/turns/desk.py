"""The desk: performs every verb of the dialogues on the core, for one address in one turn."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from conversations.events import Act, Outcome
from conversations.verbs import BUSY
from core.messages import Address
from core.store.work import Work
from core.world import World
from gateway.turns.changing import Changing
from gateway.turns.entering import Entering
from gateway.turns.informing import Informing
from gateway.turns.lost_pins import LostPins
from gateway.turns.mailing import Mailing
from gateway.turns.notifying import Notifying
from gateway.turns.ordering import Orders, by_service
from gateway.turns.person import Person
from gateway.turns.proving import Post, Proving
from gateway.turns.registering import Registering
from gateway.turns.reserving import Reserving
from gateway.turns.standing import Standing
from gateway.turns.substituting import Substituting
from gateway.turns.whose import Whose


class Desk:
    """What an address may ask of the core; every outcome is as `conversations.verbs` declares it."""

    def __init__(self, work: Work, world: World, address: Address, post: Post, *, now: datetime) -> None:
        self._person = person = Person(work, address, now=now)
        registering = Registering(work, world, person, now=now)
        orders = Orders(work, world, person, now=now)
        entering = Entering(work, person, now=now)
        changing = Changing(work, world, person, now=now)
        reserving = Reserving(work, world, now=now)
        proving = Proving(work, person, post, now=now)
        notifying = Notifying(work, person)
        mailing = Mailing(work, world, person, now=now)
        informing = Informing(work, world, person, now=now)
        whose = Whose(work, person)
        substituting = Substituting(work, world, person, now=now)
        self.verbs: Mapping[str, Callable[[Mapping[str, Any]], Outcome]] = {
            "check_number": registering.check_number,
            "find_sites": registering.find_sites,
            "find_group": registering.find_group,
            "check_code": registering.check_code,
            "check_earlier": by_service(registering.check_earlier, orders.check_earlier),
            "register": by_service(registering.register, orders.register),
            "enter_pin": entering.enter_pin,
            "prove_digits": entering.prove_digits,
            "find_pairs": reserving.find_pairs,
            "hold_pair": reserving.hold_pair,
            "confirm": reserving.confirm,
            "let_go": reserving.let_go,
            "see_dates": changing.see_dates,
            "find_new_pairs": changing.find_new_pairs,
            "hold_new_pair": changing.hold_new_pair,
            "exchange": changing.exchange,
            "let_go_new": changing.let_go_new,
            "find_seconds": changing.find_seconds,
            "change_second": changing.change_second,
            "cancel_and_wait": changing.cancel_and_wait,
            "cancel_and_leave": changing.cancel_and_leave,
            "my_status": Standing(work, world, person, now=now).my_status,
            "find_offer": substituting.find_offer,
            "take_offer": substituting.take_offer,
            "decline_offer": substituting.decline_offer,
            "see_substitute": substituting.see_substitute,
            "join_substitutes": substituting.join_substitutes,
            "leave_substitutes": substituting.leave_substitutes,
            "read_information": informing.read_information,
            "local_information": informing.local_information,
            "find_service": orders.find_service,
            "find_mine": whose.find_mine,
            "find_dated": whose.find_dated,
            "suggest_phone": proving.suggest_phone,
            "send_pin1": proving.send_pin1,
            "check_pin1": proving.check_pin1,
            "where_messages_go": notifying.where_messages_go,
            "messages_here": notifying.messages_here,
            "messages_by_sms": notifying.messages_by_sms,
            "set_email": mailing.set_email,
            "remove_email": mailing.remove_email,
            "tell_pin_again": LostPins(work, world, person, now=now).tell_pin_again,
        }

    def has_phone(self) -> bool:
        """Whose phone it is, is proven."""
        return self._person.phone is not None

    def perform(self, act: Act) -> Outcome:
        """Perform a verb; what the desk has never heard of it cannot do now."""
        perform = self.verbs.get(act.verb)
        return perform(act.arguments) if perform else Outcome(BUSY)
