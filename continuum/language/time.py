"""The times that an English text names, as windows of event time.

Explicit dates (``8 May 2023``, ``2023-05-08``, ``March 3rd``, ``summer 2023``) and relative ones (``yesterday``,
``two weeks ago``, ``last March``, ``in the last 3 days``). A date without a year is the latest
one that is not after now.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from continuum.domain.clock import Micros, from_micros, to_micros

WINDOWS_MAX = 16
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEASONS = {"spring": (3, 3), "summer": (6, 3), "autumn": (9, 3), "fall": (9, 3), "winter": (12, 3)}
_SMALL_NUMBERS = {
    word: value
    for value, words in enumerate(
        (
            "",
            "a an one",
            "two couple",
            "three few",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        )
    )
    for word in words.split()
}
_UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}

_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<{0}>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<{0}>(?:19|20)\d\d)"
_COUNT = (
    r"(?P<{0}>\d{{1,3}}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:a )?couple(?: of)?|(?:a )?few)"
)
_UNIT = r"(?P<{0}>day|week|month|year)s?"
_WEEKDAY = r"(?P<{0}>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)day"
_SEASON = r"(?P<{0}>spring|summer|autumn|fall|winter)"

_PATTERN = re.compile(
    r"(?<![\w.])(?:"
    rf"(?P<iso>{_YEAR.format('iso_y')}[-/](?P<iso_m>[01]?\d)(?:[-/](?P<iso_d>[0-3]?\d))?(?![\d-]))"
    r"|(?P<slash>(?P<sl_a>[0-3]?\d)/(?P<sl_b>[0-3]?\d)/(?P<sl_y>(?:19|20)\d\d))"
    rf"|(?P<day_month>{_DAY.format('dm_d')} (?:of )?{_MONTH.format('dm_m')}(?:,? {_YEAR.format('dm_y')})?)"
    rf"|(?P<month_day>{_MONTH.format('md_m')} (?:the )?{_DAY.format('md_d')}(?!\d|:\d)(?:,? {_YEAR.format('md_y')})?)"
    rf"|(?P<month>(?:(?P<mo_w>in|of|last|this|during|early|late|mid)[ -])?{_MONTH.format('mo_m')}"
    rf"(?:,? (?:of )?{_YEAR.format('mo_y')}|(?! ?\d)))"
    rf"|(?P<season>(?:(?P<se_w>last|this|in|during|in the|that)\s)?{_SEASON.format('se_s')}"
    rf"(?: (?:of )?{_YEAR.format('se_y')})?)"
    rf"|(?P<ago>{_COUNT.format('ag_n')} {_UNIT.format('ag_u')} ago)"
    rf"|(?P<span>(?:the )?(?:last|past) {_COUNT.format('sp_n')} {_UNIT.format('sp_u')})"
    rf"|(?P<named_day>(?:(?P<nd_w>last|this|on|this past) )?{_WEEKDAY.format('nd_d')}\b)"
    r"|(?P<unit>(?P<un_w>last|this|past|previous) (?P<un_u>week|weekend|month|year|night)\b)"
    r"|(?P<near>(?:the )?day before yesterday|yesterday|today|tonight|this (?:morning|afternoon|evening))"
    rf"|(?P<year>(?:in|of|since|during|year|before|after|until) {_YEAR.format('yr_y')}(?![\d-]))"
    r")(?!\w)",
    re.IGNORECASE,
)
# Whatever the pattern finds holds one of these; looking for them first spares most texts the long way.
_HINT = re.compile(
    r"\d|\b(?:ago|last|past|previous|this|in|of|that|during|since|after|before|until|prior|early|late|mid|ton)"
    r"|day|jan|feb|apr|jun|jul|aug|sep|oct|nov|dec"
)
_OPEN_ENDED = re.compile(r"\b(since|after|before|until|prior to)(?: the)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """[start, end) in microseconds UTC, named by the characters `span`; `confidence` in (0, 1] falls with the width."""

    start: Micros
    end: Micros
    confidence: float
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Range:
    start: datetime
    end: datetime
    confidence: float


def time_windows(text: str, now: Micros) -> tuple[TimeWindow, ...]:
    """The windows named, in the order of the text, at most `WINDOWS_MAX`. Never raises; linear in the text.

    >>> from datetime import datetime
    >>> from continuum.domain.clock import iso, to_micros
    >>> [iso(w.start) for w in time_windows("What happened two days ago?", to_micros(datetime(2024, 5, 8, 9)))]
    ['2024-05-06T00:00:00Z']
    """
    return tuple(_found(text, from_micros(now)))


def _found(text: str, now: datetime) -> Iterator[TimeWindow]:
    if _HINT.search(text.lower()) is None:
        return
    count = 0
    for match in _PATTERN.finditer(text):
        assert match.lastgroup is not None  # each alternative is a named group, closed last
        try:
            found = _READERS[match.lastgroup](match, now)
            found = found and _opened(found, match, text, now)
        except (ValueError, OverflowError):  # 31 February, a year past the calendar: no date
            continue
        if found is not None and found.start < found.end:
            yield TimeWindow(to_micros(found.start), to_micros(found.end), found.confidence, match.span())
            count += 1
            if count == WINDOWS_MAX:
                return


def _opened(found: _Range, match: re.Match[str], text: str, now: datetime) -> _Range:
    """Widen by what stands before: since and after reach to now, before and until begin with the calendar."""
    start = match.start()
    word = _OPEN_ENDED.search(text[max(0, start - 14) : start])
    leading = word[1] if word else match[0].split(None, 1)[0]
    leading = leading.lower()
    if leading == "since":
        return _Range(found.start, max(now, found.end), found.confidence * 0.5)
    if leading == "after":
        return _Range(found.end, max(now, found.end + timedelta(days=1)), found.confidence * 0.5)
    if leading in ("before", "until", "prior to"):
        return _Range(datetime(1970, 1, 1, tzinfo=UTC), found.start, found.confidence * 0.5)
    return found


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _days(start: datetime, count: int, confidence: float) -> _Range:
    return _Range(start, start + timedelta(days=count), confidence)


def _month_number(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def _count_of(text: str) -> int:
    words = text.lower().removesuffix(" of").split()
    last = words[-1]
    return int(last) if last.isdigit() else _SMALL_NUMBERS[last]


def _day_of(year: str | None, month: int, day: int, now: datetime) -> _Range:
    if year is not None:
        return _days(datetime(int(year), month, day, tzinfo=UTC), 1, 1.0)
    start = datetime(now.year, month, day, tzinfo=UTC)
    return _days(start if start <= now else start.replace(year=now.year - 1), 1, 1.0)


def _month_of(year: int, month: int, confidence: float = 0.8) -> _Range:
    return _days(datetime(year, month, 1, tzinfo=UTC), monthrange(year, month)[1], confidence)


def _iso(match: re.Match[str], now: datetime) -> _Range:
    if match["iso_d"] is None:
        return _month_of(int(match["iso_y"]), int(match["iso_m"]))
    return _day_of(match["iso_y"], int(match["iso_m"]), int(match["iso_d"]), now)


def _slash(match: re.Match[str], now: datetime) -> _Range:
    first, second = int(match["sl_a"]), int(match["sl_b"])
    month, day = (second, first) if first > 12 else (first, second)
    return _day_of(match["sl_y"], month, day, now)


def _day_month(match: re.Match[str], now: datetime) -> _Range:
    return _day_of(match["dm_y"], _month_number(match["dm_m"]), int(match["dm_d"]), now)


def _month_day(match: re.Match[str], now: datetime) -> _Range:
    return _day_of(match["md_y"], _month_number(match["md_m"]), int(match["md_d"]), now)


def _month(match: re.Match[str], now: datetime) -> _Range | None:
    """``May`` and ``March`` are words too: without a year or a preposition they count only in capitals."""
    name, year = match["mo_m"], match["mo_y"]
    opened = _OPEN_ENDED.search(match.string, max(0, match.start() - 14), match.start())
    if year is None and match["mo_w"] is None and not opened and (name.lower()[:3] in ("may", "mar") or name.islower()):
        return None
    month = _month_number(name)
    past = (now.year, now.month - 1) if (match["mo_w"] or "").lower() == "last" else (now.year, now.month)
    found = _month_of(int(year) if year else (past[0] if month <= past[1] else past[0] - 1), month)
    third = timedelta(days=10)
    part = (match["mo_w"] or "").lower()
    if part == "early":
        return _Range(found.start, found.start + third, 0.9)
    if part == "mid":
        return _Range(found.start + third, found.start + 2 * third, 0.9)
    return _Range(found.start + 2 * third, found.end, 0.9) if part == "late" else found


def _season(match: re.Match[str], now: datetime) -> _Range | None:
    """Northern seasons by whole months. ``fall`` and ``spring`` are words too, so a bare one says nothing."""
    year, word = match["se_y"], (match["se_w"] or "").lower()
    if year is None and not word:
        return None
    first, months = _SEASONS[match["se_s"].lower()]
    start = datetime(int(year) if year else now.year, first, 1, tzinfo=UTC)
    if year is None and start > now:
        start = start.replace(year=start.year - 1)
    end = start + timedelta(days=31 * months - 1)
    if year is None and word == "last" and end > now:
        start, end = start.replace(year=start.year - 1), end.replace(year=end.year - 1)
    return _Range(start, end, 0.6)


def _ago(match: re.Match[str], now: datetime) -> _Range:
    count, unit = _count_of(match["ag_n"]), match["ag_u"].lower()
    middle = _midnight(now) - timedelta(days=count * _UNIT_DAYS[unit])
    slack = {"day": 0, "week": 3, "month": 15, "year": 183}[unit]
    return _Range(middle - timedelta(days=slack), middle + timedelta(days=slack + 1), 0.5 if unit == "year" else 0.9)


def _span(match: re.Match[str], now: datetime) -> _Range:
    days = _count_of(match["sp_n"]) * _UNIT_DAYS[match["sp_u"].lower()]
    return _Range(_midnight(now) - timedelta(days=days), _midnight(now) + timedelta(days=1), 0.8 if days < 100 else 0.4)


def _named_day(match: re.Match[str], now: datetime) -> _Range | None:
    if match["nd_w"] is None:
        return None
    behind = (now.weekday() - _DAYS.index(match["nd_d"][:3].lower())) % 7
    if behind == 0 and match["nd_w"].lower() == "last":
        behind = 7
    return _days(_midnight(now) - timedelta(days=behind), 1, 0.9)


def _unit(match: re.Match[str], now: datetime) -> _Range:
    today, word, unit = _midnight(now), match["un_w"].lower(), match["un_u"].lower()
    monday = today - timedelta(days=today.weekday())
    this = word == "this"
    if unit == "night":
        return _days(today - timedelta(days=0 if this else 1), 1 if this else 2, 0.9)
    if unit == "week":
        return _days(monday if this else monday - timedelta(days=7), 7, 0.9)
    if unit == "weekend":
        saturday = monday + timedelta(days=5)
        return _days(saturday if saturday <= today or this else saturday - timedelta(days=7), 3, 0.9)
    if unit == "month":
        first = today.replace(day=1)
        before = first - timedelta(days=1)
        return _month_of(first.year, first.month) if this else _month_of(before.year, before.month)
    return _year_of(today.year if this else today.year - 1)


def _near(match: re.Match[str], now: datetime) -> _Range:
    words = match["near"].lower()
    behind = 2 if "before" in words else 1 if words == "yesterday" else 0
    return _days(_midnight(now) - timedelta(days=behind), 1, 1.0)


def _year(match: re.Match[str], now: datetime) -> _Range:
    return _year_of(int(match["yr_y"]))


def _year_of(year: int) -> _Range:
    return _Range(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), 0.4)


_READERS: dict[str, Callable[[re.Match[str], datetime], _Range | None]] = {
    "iso": _iso,
    "slash": _slash,
    "day_month": _day_month,
    "month_day": _month_day,
    "month": _month,
    "season": _season,
    "ago": _ago,
    "span": _span,
    "named_day": _named_day,
    "unit": _unit,
    "near": _near,
    "year": _year,
}
