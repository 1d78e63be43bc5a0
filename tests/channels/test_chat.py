"""One MT at a time to a chat, in a time that the test sets."""

import asyncio
from datetime import timedelta

import pytest

from gateway.channels import chat
from gateway.channels.chat import OneByOne

SECOND = timedelta(seconds=1)
NOW = timedelta(0)


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def chats(time: Time) -> OneByOne:
    return OneByOne(SECOND, clock=time)


def test_a_chat_rests_between_two_messages_and_others_do_not_wait_for_it(chats, time):
    assert [chats.admit("a"), chats.admit("a"), chats.admit("b")] == [NOW, SECOND, NOW]
    time.now += 0.25
    assert chats.admit("a") == timedelta(seconds=0.75)
    time.now += 0.75
    assert chats.admit("a") == NOW


async def test_a_chat_takes_nothing_while_a_message_is_on_its_way(chats, time):
    assert chats.admit("a") == NOW
    async with chats.turn("a"):
        time.now += 60
        assert chats.admit("a") == SECOND
    assert chats.admit("a") == NOW


async def test_two_that_were_admitted_go_one_after_the_other(chats):
    order = []

    async def hand_over(number: int) -> None:
        async with chats.turn("a"):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*map(hand_over, range(3)))
    assert order == [0, 0, 1, 1, 2, 2]


def test_a_chat_that_asked_for_a_longer_rest_has_it(chats, time):
    chats.rest("a", timedelta(seconds=30))
    time.now += 29
    assert chats.admit("a") == SECOND


def test_rested_chats_are_forgotten(chats, time):
    for number in range(chat.MOST_REMEMBERED + 5):
        time.now += 2
        assert chats.admit(str(number)) == NOW
    assert len(chats._free_at) < 10
