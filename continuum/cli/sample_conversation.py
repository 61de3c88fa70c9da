"""A short conversation to try recall on: two friends and an assistant, over three months, with a change of mind."""

from __future__ import annotations

from continuum.domain.records import Message

NOW = "2026-06-20T18:00:00Z"

_SAID: tuple[tuple[str, str, str, str], ...] = (
    ("kickoff", "2026-04-02T09:00:00Z", "Ines", "I'm starting a small booking app for my pottery studio in Porto."),
    ("kickoff", "2026-04-02T09:01:00Z", "", "Lovely. Which language would you like to build it in?"),
    ("kickoff", "2026-04-02T09:02:00Z", "Ines", "Python. I prefer FastAPI for web projects, it stays out of my way."),
    ("kickoff", "2026-04-02T09:03:00Z", "", "Then I will set up FastAPI with SQLite, so there is nothing to install."),
    ("kickoff", "2026-04-02T09:04:00Z", "Ines", "Good. My brother Tomas handles payments, he knows Stripe well."),
    ("allergy", "2026-04-20T19:30:00Z", "Ines", "Please remember that I'm allergic to hazelnuts, even traces."),
    ("allergy", "2026-04-20T19:31:00Z", "", "I will keep hazelnuts out of every recipe I suggest."),
    ("database", "2026-05-11T14:00:00Z", "Ines", "Two customers booked the same kiln slot at once, and it broke."),
    (
        "database",
        "2026-05-11T14:01:00Z",
        "",
        "SQLite serialises writers, but the check and the insert ran in two steps.",
    ),
    (
        "database",
        "2026-05-11T14:05:00Z",
        "Ines",
        "We decided to move the database from SQLite to PostgreSQL before summer.",
    ),
    (
        "database",
        "2026-05-11T14:06:00Z",
        "",
        "My plan is to wrap booking into one transaction with a unique kiln slot.",
    ),
    (
        "holiday",
        "2026-06-14T08:15:00Z",
        "Ines",
        "Tomas and I are visiting our aunt in Galway in the last week of July.",
    ),
    ("holiday", "2026-06-14T08:16:00Z", "", "Enjoy Galway! Shall I freeze deployments that week?"),
    ("holiday", "2026-06-14T08:17:00Z", "Ines", "Yes, let's go with a freeze from the 24th, and Minka stays with Ana."),
)

QUESTIONS = (
    "What web framework should I use for the admin page?",
    "Who can help with the payment integration?",
    "Can you suggest a cake for the studio party?",
    "Which database are we on, and why did we change it?",
    "What did we decide last month?",
)


def exchanges() -> list[dict[str, object]]:
    """The conversation as `learn_many` takes it: one message an exchange, in the order it was said."""
    return [
        {
            "messages": [Message("user" if who else "assistant", text, who or None, at)],
            "session_id": session,
        }
        for session, at, who, text in _SAID
    ]
