"""Secrets in the shapes that a log must never show, and where each of them would be told from the rest of a text."""

from __future__ import annotations

PLAIN = "a1B2c3D4"
KEYS = {
    "our own key": ("ck_live_abc123_" + "Zq7Hw9Lm" * 6, "Zq7Hw9Lm"),
    "a plain one of ours": ("ck_test_abc123_your-secret-example-123456", "your-secret-example"),
    "a token": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    "a token of odd content": ("eyJub3RoaW5n.abcDEF.tailtail", "tailtail"),
    "a database": ("postgresql://app:hunter2secret@db.internal:5432/memory", "hunter2secret"),
    "a redis": ("redis://:hunter3secret@cache:6379/0", "hunter3secret"),
    "a vendor's": ("sk-ant-api03-" + "Kx9wPq2v" * 8, "Kx9wPq2v"),
    "a header": ("Authorization: Bearer opaque-hunter4secret", "hunter4secret"),
    "another header": ("X-API-Key: hunter5secret", "hunter5secret"),
    "a cookie": ("Cookie: session=hunter6secret", "hunter6secret"),
    "a bearer": ("bearer hunter7secret", "hunter7secret"),
}
"""By what it is: the text it is found in, and the part that nobody may read."""
CONFIGURED = "the operator's own, without any shape"
