import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st

from conversations.media.gsm import decode_gsm7, encode_gsm7, fold, is_gsm7, segments, split

ALPHABET = decode_gsm7(bytes(code for code in range(0x80) if code != 0x1B)) + "\f^{}\\[~]|€"

gsm_text = st.text(st.sampled_from(ALPHABET), max_size=700)
any_text = st.text(max_size=300)
long_text = st.one_of(
    gsm_text,
    st.text(st.sampled_from("aá^€😀"), max_size=500),
    st.text(st.sampled_from("a€"), max_size=500),
    any_text,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("", 1, id="nothing still costs a part"),
        pytest.param("a" * 160, 1, id="160 septets"),
        pytest.param("a" * 161, 2, id="161 septets"),
        pytest.param("a" * 306, 2, id="two full joined parts"),
        pytest.param("a" * 307, 3, id="one more than two joined parts"),
        pytest.param("€" * 80, 1, id="eighty euros are 160 septets"),
        pytest.param("€" * 81, 2, id="eighty-one euros"),
        pytest.param("€" * 153, 3, id="153 euros: 76 to a part, one septet idle"),
        pytest.param("a" * 152 + "€" + "a" * 152, 3, id="an escape is not parted from its character"),
        pytest.param("a" * 158 + "€", 1, id="the euro is the last that fits"),
        pytest.param("a" * 159 + "€", 2, id="the euro does not fit"),
        pytest.param("á" * 70, 1, id="70 UCS-2 units"),
        pytest.param("á" * 71, 2, id="71 UCS-2 units"),
        pytest.param("á" * 134, 2, id="two full joined UCS-2 parts"),
        pytest.param("á" * 135, 3, id="one more than two joined UCS-2 parts"),
        pytest.param("😀" * 35, 1, id="35 emoji"),
        pytest.param("😀" * 36, 2, id="36 emoji"),
        pytest.param("😀" * 67, 3, id="67 emoji: 33 to a part, one unit idle"),
        pytest.param("á" * 66 + "😀" + "á" * 66, 3, id="a surrogate pair is not parted"),
        pytest.param("é" * 160, 1, id="é is in the alphabet"),
        pytest.param("ř" + "a" * 70, 2, id="one ř and 71 characters cost two parts"),
    ],
)
def test_segments(text: str, parts: int) -> None:
    assert segments(text) == parts
    assert len(split(text)) == parts


@given(long_text)
def test_joining_the_parts_gives_the_text_and_segments_counts_them(text: str) -> None:
    parts = split(text)
    assert "".join(parts) == text
    assert len(parts) == segments(text)


@given(long_text)
def test_every_part_fits(text: str) -> None:
    parts = split(text)
    if is_gsm7(text):
        limit = 160 if len(parts) == 1 else 153
        assert all(len(encode_gsm7(part)) <= limit for part in parts)
    else:
        limit = 70 if len(parts) == 1 else 67
        assert all(len(part.encode("utf-16-be", "surrogatepass")) // 2 <= limit for part in parts)


@given(long_text)
@example("")
def test_parts_are_those_of_smsutil(text: str) -> None:
    # smsutil takes a bare escape, and a newline after any text, for GSM-7.
    if "\x1b" in text or text.endswith("\n"):
        return
    if text and smsutil.is_valid_gsm(text) != is_gsm7(text):
        pytest.fail("alphabets differ")
    assert split(text) == ([part.content for part in smsutil.split(text).parts] if text else [""])


@given(gsm_text)
def test_what_is_encoded_is_read_back(text: str) -> None:
    assert is_gsm7(text)
    assert decode_gsm7(encode_gsm7(text)) == text
    assert encode_gsm7(text) == text.encode("gsm0338")


@given(st.binary(max_size=200))
def test_any_octets_can_be_read(octets: bytes) -> None:
    assert len(decode_gsm7(octets)) <= len(octets)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param(b"\x00\x02\x11", "@$_", id="codes are not ASCII"),
        pytest.param(b"\x1b\x65", "€", id="euro"),
        pytest.param(b"\x1b\x41", "A", id="an unknown escape shows the default character"),
        pytest.param(b"A\x1b", "A ", id="an escape at the end"),
        pytest.param(b"\x1b\x1bA", " A", id="an escape to another table"),
        pytest.param(b"A\xe1", "A\ufffd", id="not a septet"),
    ],
)
def test_decode_gsm7(octets: bytes, text: str) -> None:
    assert decode_gsm7(octets) == text


@pytest.mark.parametrize("text", ["ř", "abc`", "\x1b", "\0", "😀", "\t"])
def test_what_gsm_has_not_is_refused(text: str) -> None:
    assert not is_gsm7(text)
    with pytest.raises(ValueError, match="not in GSM"):
        encode_gsm7(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param(
            "Příliš žluťoučký kůň úpěl ďábelské ódy", "Prilis zlutoucky kun upel dabelske ody", id="cs"
        ),
        pytest.param("ĚŠČŘŽÝÁÍÉÚŮŤĎŇÓ", "ESCRZYAIEUUTDNO", id="cs capitals"),
        pytest.param("ľĺŕôĽŔ", "llroLR", id="sk"),
        pytest.param("Zażółć gęślą jaźń, Łódź", "Zazolc gesla jazn, Lodz", id="pl"),
        pytest.param("Müller, Größe, Äpfel", "Müller, Größe, Äpfel", id="de is in the alphabet"),
        pytest.param("őűŐŰ", "ouOU", id="hu"),
        pytest.param("Đặng Thị Hiền", "Dang Thi Hien", id="vi"),
        pytest.param("café", "cafe", id="é is folded with the rest"),
        pytest.param("„ano“ ‚ne‘ “yes” »ja« it’s", '"ano" \'ne\' "yes" "ja" it\'s', id="quotes"),
        pytest.param("8–12 — a−b …", "8-12 - a-b ...", id="dashes, ellipsis"),
        pytest.param("586\u00a001 1\u202f000\tx", "586 01 1 000 x", id="spaces"),
        pytest.param("a\u200bb\ufeff\u00ad", "ab", id="what nobody sees"),
        pytest.param("r\u030cidic\u030c u\u0308", "ridic ü", id="combining accents"),
        pytest.param("Привет 😀 ř", "Привет 😀 r", id="what cannot be folded stays"),
        pytest.param("½ ² ﬁ ＡＢ", "1/2 2 fi AB", id="compatibility forms"),
        pytest.param("a`b", "a'b", id="the one ASCII mark that GSM has not"),
        pytest.param("[€]^{}~|\\", "[€]^{}~|\\", id="the extension stays"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.one_of(any_text, st.text(st.characters(max_codepoint=0x24F))))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(gsm_text)
def test_folding_keeps_gsm7(text: str) -> None:
    assert is_gsm7(fold(text))
