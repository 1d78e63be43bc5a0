"""Delivery reports as mail servers send them, and files that are none."""

import pytest

from core.bounces import Undelivered, read_report
from core.open_data import UnreadableFile

# The form of Postfix (RFC 3464), shortened.
REPORT = """\
From: MAILER-DAEMON@mail.example.cz (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: rezervace@example.cz
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

Vaši zprávu nešlo doručit.

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.cz
X-Postfix-Queue-ID: 4DNmXk2
Arrival-Date: Fri, 22 Jan 2021 10:00:00 +0100 (CET)

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{original}
Action: {action}
Status: {status}
Remote-MTA: dns; mx1.seznam.cz
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B--
"""


def report(
    address: str = "jana@seznam.cz", *, original: str = "", action: str = "failed", status: str = "5.1.1"
) -> bytes:
    text = REPORT.format(address=address, original=original or address, action=action, status=status)
    return text.encode()


def test_a_report_names_the_address_that_nobody_has():
    assert read_report(report()) == [Undelivered("jana@seznam.cz", "5.1.1", is_unknown=True)]
    assert "jana" not in repr(read_report(report()))


def test_the_address_we_wrote_to_counts_and_not_where_it_was_forwarded():
    (found,) = read_report(report("jana.novakova@firma.cz", original="jana@seznam.cz"))
    assert found.address == "jana@seznam.cz"


@pytest.mark.parametrize(
    ("status", "is_unknown"),
    [("5.1.1", True), ("5.1.10", True), ("5.2.1", True), ("5.0.0", True), ("5.2.2", False), ("5.7.1", False)],
)
def test_only_what_is_about_the_address_speaks_against_it(status, is_unknown):
    (found,) = read_report(report(status=status))
    assert found.is_unknown is is_unknown


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_delay_or_a_success_is_no_failure(action):
    assert read_report(report(action=action, status="4.4.1")) == []


@pytest.mark.parametrize(
    ("file", "told"),
    [
        pytest.param(b"", "no delivery report", id="empty"),
        pytest.param(b"Subject: Hello\n\nHow are you?", "no delivery report", id="some other mail"),
        pytest.param(b"\xff\xfe\x00binary\x00", "no delivery report", id="no mail at all"),
        pytest.param(report()[: len(report()) // 2], "no delivery report", id="half of one"),
        pytest.param(report("nobody"), "names no address", id="no address in it"),
    ],
)
def test_what_is_no_report_is_said(file, told):
    with pytest.raises(UnreadableFile, match=told):
        read_report(file)
