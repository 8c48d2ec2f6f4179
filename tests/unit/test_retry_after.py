"""How long a server asks to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from brain.retry_after import seconds_to_rest


def test_a_rest_is_said_in_seconds_or_as_a_date():
    assert seconds_to_rest("7") == 7
    assert seconds_to_rest(" 0 ") == 0
    assert seconds_to_rest("9" * 400) == 999_999_999
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    assert 57 < (seconds_to_rest(in_a_minute) or 0) <= 60
    assert seconds_to_rest("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds_to_rest("Wed, 21 Oct 2015 07:28:00 -0000") == 0
    for nonsense in ("", "soon", "-1", "1.5", "Wed, 99 Oct 2015"):
        assert seconds_to_rest(nonsense) is None
