"""What is kept as an address may be shown."""

from __future__ import annotations

import pytest

from continuum.domain.addresses import checked_address, shown_address

SECRET = "hunter2"


@pytest.mark.parametrize("address", ["http://127.0.0.1:11434", "https://api.example.org/v1/", "http://[::1]:80/a/b"])
def test_scheme_host_port_and_path_are_an_address(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        f"http://u:{SECRET}@host",
        f"http://{SECRET}@host/v1",
        f"u:{SECRET}@host",
        f"http://u:{SECRET}@[host",
        f"http://u:{SECRET}",
        f"http://[{SECRET}/",
        f"http://u:{SECRET}\u2100@host",
        f"http:\\\\u:{SECRET}@host",
        f"https://host/v1?key={SECRET}",
        f"https://host/v1#{SECRET}",
        f"ftp://{SECRET}",
    ],
)
def test_what_could_hold_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match="is ") as caught:
        checked_address(address)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None or SECRET not in str(caught.value.__context__)


def test_of_an_address_its_server_is_shown() -> None:
    assert shown_address("https://api.example.org:8443/v1/x") == "https://api.example.org:8443"
