"""Made-up secrets and their look-alikes, in the places where such things stand.

Every value is put together at run time, from a seed: no file holds anything that looks like a live key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from continuum.extraction.secret_checksums import BASE58, IBAN_LENGTHS, base62_crc

PER_KIND: Final = 20
LETTERS: Final = string.ascii_letters
ALNUM: Final = string.ascii_letters + string.digits
URLSAFE: Final = ALNUM + "-_"
HEX: Final = "0123456789abcdef"
CARDS: Final = tuple(
    (prefix, int(length))
    for prefix, length in (
        pair.split(":")
        for pair in (
            "4:16 51:16 55:16 2221:16 2720:16 34:15 37:15 6011:16 65:16 36:14 3528:16 6200:16 2202:16 5018:16"
        ).split()
    )
)
"""Prefix and length of cards, by issuer."""
Maker = Callable[[Random], str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and the secret that stands in it once; an empty secret means that nothing may be taken out."""

    kind: str
    text: str
    secret: str = ""

    @property
    def redacted(self) -> str:
        return self.text.replace(self.secret, f"[redacted:{self.kind}]") if self.secret else self.text


def drawn(rng: Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def from_shape(*parts: str | tuple[str, int]) -> Maker:
    """A maker of literal parts and (alphabet, length) parts."""
    return lambda rng: "".join(part if isinstance(part, str) else drawn(rng, *part) for part in parts)


def with_crc(prefixes: str) -> Maker:
    def make(rng: Random) -> str:
        body = drawn(rng, ALNUM, 30)
        return f"{rng.choice(prefixes.split())}_{body}{base62_crc(body)}"

    return make


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def make_jwt(rng: Random) -> str:
    header = json.dumps({"alg": rng.choice(["HS256", "RS256", "ES384"]), "typ": "JWT"}, separators=(",", ":"))
    claims = json.dumps({"sub": drawn(rng, HEX, 12), "iat": rng.randrange(10**9, 2 * 10**9)})
    return f"{b64url(header.encode())}.{b64url(claims.encode())}.{b64url(rng.randbytes(32))}"


def make_pypi(rng: Random) -> str:
    return "pypi-" + b64url(b"\x02\x01\x08pypi.org\x00\x02" + rng.randbytes(rng.randrange(60, 120)))


def luhn_digit(body: str) -> str:
    return next(digit for digit in string.digits if _luhn_sum(body + digit) % 10 == 0)


def _luhn_sum(digits: str) -> int:
    doubled = (int(char) * (1 + place % 2) for place, char in enumerate(reversed(digits)))
    return sum(sum(divmod(number, 10)) for number in doubled)


def make_card(rng: Random) -> str:
    prefix, length = rng.choice(CARDS)
    body = prefix + drawn(rng, string.digits, length - 1 - len(prefix))
    number = body + luhn_digit(body)
    gap = rng.choice(["", " ", "-"])
    if length == 16:
        return gap.join(number[at : at + 4] for at in range(0, 16, 4))
    return gap.join([number[:4], number[4:10], number[10:]])


def make_iban(rng: Random) -> str:
    country = rng.choice(["DE", "FR", "GB", "NL", "ES", "IT", "AT", "CH", "PL", "NO", "BE", "PT", "SE", "MT"])
    body = drawn(rng, string.digits, IBAN_LENGTHS[country] - 4)
    if country in ("GB", "NL", "MT"):
        body = drawn(rng, string.ascii_uppercase, 4) + body[4:]
    rest = int("".join(str(int(char, 36)) for char in body + country + "00")) % 97
    account = f"{country}{98 - rest:02}{body}"
    return account if rng.random() < 0.5 else " ".join(account[at : at + 4] for at in range(0, len(account), 4))


def make_ssn(rng: Random) -> str:
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{rng.randrange(1, 100):02}-{rng.randrange(1, 10_000):04}"


def make_wif(rng: Random) -> str:
    raw = b"\x80" + rng.randbytes(32) + rng.choice([b"", b"\x01"])
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


def make_discord(rng: Random) -> str:
    account = str(rng.randrange(10**17, 10**18)).encode()
    return f"{b64url(account)}.{drawn(rng, URLSAFE, 6)}.{drawn(rng, ALNUM, 27)}"


def make_block(rng: Random, label: str) -> str:
    lines = [b64(rng.randbytes(48)) for _ in range(rng.randrange(3, 9))] + [b64(rng.randbytes(20))]
    dashes = "-" * 5
    head, tail = f"{dashes}BEGIN {label}{dashes}", f"{dashes}END {label}{dashes}"
    return rng.choice(["\n", "\\n"]).join([head, *lines, *([tail] if rng.random() < 0.8 else [])])


def make_pem(rng: Random) -> str:
    return make_block(rng, rng.choice(["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "]) + "PRIVATE KEY")


def make_password(rng: Random) -> str:
    word = rng.choice("sunrise Kestrel maple Orbit tiger dolphin Walnut cobalt river hockey".split())
    return rng.choice(
        [
            f"{word}{rng.randrange(10, 9999)}",
            f"{word.capitalize()}!{rng.randrange(10, 99)}x",
            f"{word}_{drawn(rng, ALNUM, 4)}7",
            drawn(rng, ALNUM + "@#%^*+", rng.randrange(9, 20)) + "4k",
            f"{word[:2]}{rng.randrange(10)}{word[2:]}{rng.choice('@#$%&')}Q",
        ]
    )


def make_basic(rng: Random) -> str:
    return b64(f"{drawn(rng, string.ascii_lowercase, 6)}:{make_password(rng)}".encode())


def make_phrase(rng: Random) -> str:
    words = "correct horse battery staple window marble cactus violin thunder meadow pepper lantern copper".split()
    return " ".join(rng.sample(words, rng.randrange(4, 9)))


ANY_PLACE: Final = (
    "my key is {} and it works",
    "I pasted {} into the chat by accident.",
    "Use {}, please.",
    '{{"id": 7, "value": "{}", "ok": true}}',
    "export SERVICE_KEY={}",
    "API_TOKEN='{}'",
    "service:\n  token: {}\n  region: eu",
    "https://api.example.com/v1/items?key={}&page=2",
    "curl -H 'X-Api-Key: {}' https://api.example.com",
    "({})",
    "{}",
    "`{}`",
    "old: {}\nnew: tomorrow",
    "Ключ: {}.",
)
PROSE: Final = (
    "charge {} please",
    "It is {}.",
    '{{"number": "{}"}}',
    "pay with {}, expires 12/29",
    "number: {}\n",
    "{}",
)
SSN: Final = ("My SSN is {}.", "ssn: {}", '{{"ssn": "{}"}}', "social security number {}, born 1980", "SSN={}", "{}")
BLOCK: Final = ("{}", "here is my key:\n{}\n", 'KEY="{}"', "```\n{}\n```", '{{"key": "{}"}}')
PASSWORD: Final = (
    "my password is {}",
    "My password is {}.",
    "the password for the router is {}, write it down",
    "Password: {}",
    "user: bob\npassword: {}\nport: 22",
    "DB_PASSWORD={}",
    'password = "{}"',
    '{{"user": "bob", "password": "{}"}}',
    "export PGPASSWORD='{}'",
    "pwd={};Server=db1",
    "mysql --password={} -u root",
    "I changed my wifi password to {}",
    "the login is bob and the password was {} until May",
    "passwd: {}",
    "<password>{}</password>",
    "passphrase: {}",
    "https://example.com/login?user=bob&password={}&next=1",
    "My new netflix password is '{}'",
    "Mein Passwort ist {}",
    "curl -u bob:{} https://example.com",
)
PIN: Final = (
    "my PIN is {}",
    "The pin for my card is {}.",
    "PIN: {}",
    "pin={}",
    "PIN number {}",
    'pin: "{}"',
    "my debit PIN was {}, I changed it",
)
PHRASE: Final = ("passphrase: {}", "my passphrase is: {}", "seed phrase: {}", 'recovery phrase: "{}"', "mnemonic: {}\n")
URL: Final = (
    "postgres://bob:{}@db.example.com:5432/app",
    "DATABASE_URL=mysql://root:{}@127.0.0.1/shop",
    "redis://:{}@cache:6379/0",
    "git clone https://bob:{}@git.example.com/x.git",
    "connect to amqp://guest:{}@mq, then wait",
)
GENERIC: Final = (
    "API_KEY={}",
    "api_key: {}",
    '{{"client_secret": "{}"}}',
    "export SECRET_TOKEN='{}'",
    "my api key is {}",
    "secretKey = '{}'",
    "auth-token: {}",
    "the access token is {}.",
    "https://example.com/hook?token={}",
    "SECRET_KEY_BASE={}",
)
AWS: Final = (
    "AWS_SECRET_ACCESS_KEY={}",
    "aws_secret_access_key = {}",
    '{{"SecretAccessKey": "{}"}}',
    "my aws secret access key is {}",
    "secret key: {}",
    'secret_access_key: "{}"',
)
AZURE: Final = (
    "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={};EndpointSuffix=core.windows.net",
    "Endpoint=sb://bus.example.net/;SharedAccessKeyName=root;SharedAccessKey={}",
    'conn = "AccountName=a;AccountKey={}"',
)
BASIC: Final = (
    "Authorization: Basic {}",
    "curl -H 'Authorization: Basic {}' https://example.com",
    '{{"Authorization": "Basic {}"}}',
    "authorization: basic {}",
)
BEARER: Final = (
    "Authorization: Bearer {}",
    "curl -H 'Authorization: Bearer {}' https://example.com",
    '{{"Authorization": "Bearer {}"}}',
    "send bearer {} with it",
)

SECRETS: Final[dict[str, tuple[Maker, tuple[str, ...]]]] = {
    "anthropic-key": (from_shape("sk-" + "ant-", "api03-", (URLSAFE, 93), "AA"), ANY_PLACE),
    "aws-access-key-id": (from_shape("AK" + "IA", (string.ascii_uppercase + "234567", 16)), ANY_PLACE),
    "aws-secret-access-key": (from_shape((ALNUM + "+/", 40)), AWS),
    "azure-account-key": (lambda rng: b64(rng.randbytes(rng.choice([32, 64]))), AZURE),
    "basic-authorization": (make_basic, BASIC),
    "bearer-token": (from_shape((URLSAFE + ".", 20), (ALNUM, 20)), BEARER),
    "bitcoin-private-key": (make_wif, ANY_PLACE),
    "continuum-key": (from_shape("ck_", "live_", (HEX, 12), "_", (ALNUM, 43)), ANY_PLACE),
    "databricks-token": (from_shape("da" + "pi", (HEX, 32)), ANY_PLACE),
    "digitalocean-token": (from_shape("dop_" + "v1_", (HEX, 64)), ANY_PLACE),
    "discord-bot-token": (make_discord, ANY_PLACE),
    "generic-secret": (
        lambda rng: drawn(rng, rng.choice([ALNUM, HEX, URLSAFE[:62]]), rng.choice([32, 36, 24, 48])),
        GENERIC,
    ),
    "github-fine-grained-token": (from_shape("github_" + "pat_", (ALNUM, 22), "_", (ALNUM, 59)), ANY_PLACE),
    "github-token": (with_crc("ghp gho ghs ghu ghr"), ANY_PLACE),
    "gitlab-token": (from_shape("gl" + "pat-", (URLSAFE, 18), (ALNUM, 2)), ANY_PLACE),
    "google-api-key": (from_shape("AI" + "za", (URLSAFE, 35)), ANY_PLACE),
    "google-oauth-secret": (from_shape("GOC" + "SPX-", (URLSAFE, 28)), ANY_PLACE),
    "google-oauth-token": (from_shape("ya" + "29.", (URLSAFE, 120), (ALNUM, 2)), ANY_PLACE),
    "groq-key": (from_shape("gsk" + "_", (ALNUM, 52)), ANY_PLACE),
    "hugging-face-token": (from_shape("h" + "f_", (LETTERS, 34)), ANY_PLACE),
    "iban": (make_iban, PROSE),
    "jwt": (make_jwt, ANY_PLACE),
    "linear-key": (from_shape("lin_" + "api_", (ALNUM, 40)), ANY_PLACE),
    "mailgun-key": (from_shape("ke" + "y-", (HEX, 32)), ANY_PLACE),
    "npm-token": (with_crc("npm"), ANY_PLACE),
    "openai-key": (
        lambda rng: "sk-" + rng.choice([drawn(rng, ALNUM, 48), "proj-" + drawn(rng, URLSAFE, 120) + "A"]),
        ANY_PLACE,
    ),
    "passphrase": (make_phrase, PHRASE),
    "password": (make_password, PASSWORD),
    "payment-card": (make_card, PROSE),
    "pgp-private-key": (lambda rng: make_block(rng, "PGP PRIVATE KEY BLOCK"), BLOCK),
    "pin": (from_shape((string.digits, 4)), PIN),
    "private-key": (make_pem, BLOCK),
    "pypi-token": (make_pypi, ANY_PLACE),
    "sendgrid-key": (from_shape("S" + "G.", (URLSAFE, 22), ".", (URLSAFE, 43)), ANY_PLACE),
    "shopify-token": (from_shape("shp" + "at_", (HEX, 32)), ANY_PLACE),
    "slack-token": (
        from_shape("xo" + "xb-", (string.digits, 12), "-", (string.digits, 12), "-", (ALNUM, 24)),
        ANY_PLACE,
    ),
    "slack-webhook": (
        from_shape(
            "https://hooks." + "slack.com/services/T", ("ABCDEF0123", 9), "/B", ("ABCDEF0123", 9), "/", (ALNUM, 24)
        ),
        ("post to {} daily", "url: {}\n", '{{"url": "{}"}}', "HOOK={}", "{}"),
    ),
    "stripe-key": (lambda rng: rng.choice(["s", "r"]) + "k_" + "live_" + drawn(rng, ALNUM, 24), ANY_PLACE),
    "stripe-webhook-secret": (from_shape("wh" + "sec_", (ALNUM, 32)), ANY_PLACE),
    "telegram-bot-token": (
        from_shape(("123456789", 10), ":A" + "A", (URLSAFE, 33)),
        (*ANY_PLACE, "https://api.telegram.org/bot{}/getMe"),
    ),
    "twilio-key": (from_shape("S" + "K", (HEX, 32)), ANY_PLACE),
    "url-password": (lambda rng: drawn(rng, ALNUM + "!$%*", 10) + "k9", URL),
    "us-ssn": (make_ssn, SSN),
    "vault-token": (from_shape("hv" + "s.", (URLSAFE, 90), "k2"), ANY_PLACE),
}
"""How to make a secret of each kind, and the texts that such a secret stands in."""


def secrets_of(kind: str, rng: Random, count: int) -> list[Sample]:
    """So many secrets of the kind, each in another place as long as there are some."""
    make, places = SECRETS[kind]
    first = rng.randrange(len(places))
    made = [(make(rng), places[(first + place) % len(places)]) for place in range(count)]
    return [Sample(kind, place.format(secret), secret) for secret, place in made]
