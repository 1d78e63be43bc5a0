"""Documents as values: whatever is said, and whatever may be pressed, they can be read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.voicexml import documents
from gateway.voicexml.documents import Frame, Keys, Sentence
from tests.voicexml.platform import VXML, parse

SAID = st.lists(
    st.builds(Sentence, st.text(), st.just("cs"), st.none() | st.just("/voicexml/cs/1.wav")), max_size=3
)
GOODBYE = [Sentence("Na shledanou.", "cs")]


def frame(said: list[Sentence]) -> Frame:
    return Frame("sealed", "cs", "/voicexml", "tel:1221", operator=said, unreachable=said)


def written(said: list[Sentence]) -> list[bytes]:
    """One document of each kind."""
    one, number, seconds = Keys(("1", "2")), Keys(most=10), timedelta(seconds=3)
    return [
        documents.start(frame(said)),
        documents.greet(frame(said), said, one),
        documents.question(frame(said), said, number, unheard=said, gave_up=said),
        documents.question(frame(said), said, one, unheard=said, gave_up=said, may_interrupt=False),
        documents.offer(frame(said), said, one, goodbye=said),
        documents.record(frame(said), said, longest=seconds, silence=seconds, unheard=said, gave_up=said),
        documents.to_operator(frame(said), said),
        documents.goodbye(frame(said), said),
        documents.gone(),
    ]


@given(SAID)
def test_any_words_make_documents_that_can_be_read(said: list[Sentence]) -> None:
    for each in written(said):
        document = parse(each)
        assert document.tag == f"{VXML}vxml"
        names = [name for form in document.iter() if (name := form.get("id"))]
        assert len(names) == len(set(names))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_words_come_through_as_they_are(text: str) -> None:
    document = parse(documents.goodbye(frame(GOODBYE), [Sentence(text, "cs")]))
    (sentence,) = document.findall(f"{VXML}form[@id='turn']/{VXML}block/{VXML}prompt/{VXML}s")
    assert (sentence.text or "") == text


def test_what_no_document_may_hold_is_left_out() -> None:
    document = parse(documents.goodbye(frame(GOODBYE), [Sentence("Jan\x01 Novák\x00", "cs")]))
    assert "Jan Novák" in "".join(document.itertext())


def test_a_recorded_sentence_is_played_and_spoken_where_it_cannot_be() -> None:
    said = [Sentence("Okamžik, prosím.", "cs", "/voicexml/cs/12ab.wav")]
    (audio,) = parse(documents.goodbye(frame(GOODBYE), said)).findall(f"{VXML}form//{VXML}audio")
    assert (audio.get("src"), audio.text) == ("/voicexml/cs/12ab.wav", "Okamžik, prosím.")


@pytest.mark.parametrize("keys", [Keys(("1", "8", "0")), Keys(most=8)])
def test_every_grammar_takes_a_star(keys: Keys) -> None:
    document = parse(documents.question(frame(GOODBYE), GOODBYE, keys, unheard=GOODBYE, gave_up=GOODBYE))
    items = {item.text for item in document.iter(f"{VXML}item")}
    assert {"*", "* *", *keys.single} <= items
