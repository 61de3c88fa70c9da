"""What looks like a secret and is none: broken checksums, wrong lengths, blanks to fill in, names, hashes, talk."""

from __future__ import annotations

import string
import uuid
from collections.abc import Callable
from random import Random
from typing import Final

from tests.extraction.secret_corpus import (
    ALNUM,
    HEX,
    LETTERS,
    SECRETS,
    URLSAFE,
    b64,
    b64url,
    drawn,
    make_card,
    make_iban,
    make_ssn,
    make_wif,
)

Maker = Callable[[Random], str]


def _wrong_last_digit(make: Maker, alphabet: str = string.digits) -> Maker:
    def spoilt(rng: Random) -> str:
        value = make(rng)
        return value[:-1] + rng.choice([char for char in alphabet if char != value[-1]])

    return spoilt


def _spoilt_inside(make: Maker) -> Maker:
    def spoilt(rng: Random) -> str:
        value = make(rng)
        at = rng.randrange(len(value) // 2, len(value) - 8)
        return value[:at] + rng.choice([char for char in ALNUM if char != value[at]]) + value[at + 1 :]

    return spoilt


def _cut_short(kind: str) -> Maker:
    return lambda rng: SECRETS[kind][0](rng)[:14]


def _blank(prefix: str) -> Maker:
    blanks = [
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "YOUR_KEY_HERE",
        "<your-token>",
        "...",
        "****************",
        "${KEY}",
    ]
    return lambda rng: f"{prefix}{rng.choice(blanks)}"


def _text(*templates: str, **makers: Maker) -> Maker:
    return lambda rng: rng.choice(templates).format(**{name: make(rng) for name, make in makers.items()})


def _number(least: int, most: int) -> Maker:
    return lambda rng: str(rng.randrange(least, most))


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _name(rng: Random) -> str:
    words = "billing service account gateway worker cluster region backup index handler reader config module".split()
    return rng.choice("-_.").join(rng.sample(words, rng.randrange(3, 6)))


def _isbn(rng: Random) -> str:
    body = "978" + drawn(rng, string.digits, 9)
    total = sum(int(char) * (1 + 2 * (place % 2)) for place, char in enumerate(body))
    return body + str(-total % 10)


def _phone(rng: Random) -> str:
    a, b, c = rng.randrange(200, 999), rng.randrange(200, 999), rng.randrange(1000, 9999)
    return rng.choice([f"+1 {a} {b} {c}", f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"+44 20 {c} {c}", f"{a}.{b}.{c}"])


ANYWHERE: Final[tuple[Maker, ...]] = (
    _text(
        "Fixed in commit {sha}.", "git checkout {sha}", "see {sha} for the diff", sha=lambda rng: drawn(rng, HEX, 40)
    ),
    _text("trace {id} failed", '{{"id": "{id}"}}', "https://example.com/items/{id}", id=_uuid),
    _text("sha256:{digest}", "The file hashes to {digest}.", digest=lambda rng: drawn(rng, HEX, 64)),
    _text("call me at {phone}", "Phone: {phone}", phone=_phone),
    _text(
        "version {a}.{b}.{c}-rc1 is out",
        "pip install thing=={a}.{b}.{c}",
        a=_number(0, 9),
        b=_number(0, 99),
        c=_number(0, 99),
    ),
    _text("ISBN {isbn}", "I read {isbn} last week", isbn=_isbn),
    _text("open /opt/{name}/main.py please", "import {name}", "the {name} restarts", name=_name),
    _text("integrity sha512-{digest}", digest=lambda rng: b64(rng.randbytes(64))),
    _text("img src data:image/png;base64,{data}", data=lambda rng: b64(rng.randbytes(90))),
    _text("At {n} I woke up", "id {n}", "since {n} ms", n=_number(1_600_000_000_000, 1_800_000_000_000)),
    _text(
        "https://example.com/watch?v={id}&t=20",
        "the sheet is at https://docs.example.com/d/{id}/edit",
        id=lambda rng: drawn(rng, URLSAFE, 44),
    ),
    _text("10.{a}.{b}.1 answers", "lat 48.{a}{b}, lon 11.{b}{a}", a=_number(0, 255), b=_number(0, 255)),
)
"""Strings that machines made and that open nothing."""

TALK: Final[tuple[str, ...]] = (
    "my password manager is 1Password",
    "the password is required",
    "Our password policy asks for 12 characters.",
    "password: ****",
    "password: <YOUR_PASSWORD>",
    "password=${DB_PASSWORD}",
    "PASSWORD=$PASSWORD",
    "I forgot my password again and had to reset it",
    "my password is too weak, I should change it",
    "the password was changed yesterday",
    "Password must be at least 8 characters long",
    "the password is 12 characters long",
    "the password is stored in the vault",
    'password = getpass("Password: ")',
    "password = os.environ['PW']",
    "def login(user: str, password: str) -> None:",
    "if password == stored: return True",
    '{"type": "password", "label": "Password"}',
    '{"password": null}',
    '{"error": "The password is invalid."}',
    "password: required",
    "My password for the bank is expired.",
    "the passwords are hashed with bcrypt",
    "the password is SHA256 hashed",
    "Is the password right?",
    "password reset link sent to bob@example.com",
    "PWD=/srv/app/current",
    "pwd: /usr/local/lib",
    "password123 is a terrible idea",
    "Do you use a password or a passkey?",
    "the password to the server is the same as before",
    "He changed the password to something longer.",
    "password: string;",
    "password: [redacted:password]",
    "password_hash = hash_password(password)",
    "passwd: unrecognized option",
    "the password is case-sensitive",
    "my password is in the drawer",
    "password = None",
    "password = self.password",
    "What is your password?",
    "password: see the wiki",
    "pwd; ls -la",
    "Password generator settings: length 20",
)

SPECIFIC: Final[dict[str, tuple[Maker, ...]]] = {
    "anthropic-key": (_cut_short("anthropic-key"), _blank("sk-" + "ant-"), _text("the sk-ant- prefix is theirs")),
    "aws-access-key-id": (
        _cut_short("aws-access-key-id"),
        _text("AKIA" + "IOSFODNN7" + "EXAMPLE is the one in the manual"),
        lambda rng: "the ASIA" + rng.choice(["NMARKETS", "-PACIFIC region", "TICA"]) + " fund",
        lambda rng: "akia" + drawn(rng, string.ascii_lowercase, 16),
        lambda rng: "XAKIA" + drawn(rng, string.ascii_uppercase, 16),
    ),
    "aws-secret-access-key": (
        _text("AWS_SECRET_ACCESS_KEY={b}", b=_blank("")),
        _text("commit {s} rotates the aws secret key", s=lambda rng: drawn(rng, HEX, 40)),
        _text("secret_key: /etc/{n}/aws.json", n=_name),
        _text("aws_secret_access_key = os.environ['{n}']", n=_name),
    ),
    "azure-account-key": (
        _text("AccountKey={b};EndpointSuffix=core.windows.net", b=_blank("")),
        _text("AccountName={n};BlobEndpoint=x", n=_name),
        _text("digest {d}", d=lambda rng: b64(rng.randbytes(32))),
    ),
    "basic-authorization": (
        _text("Authorization: Basic {b}", b=_blank("")),
        _text("Authorization: basic auth is fine", "Basic training starts today", "authorization: basic understanding"),
        _text("Authorization: Basic realm={n}", n=_name),
    ),
    "bearer-token": (
        _text("Authorization: Bearer {b}", b=_blank("")),
        _text("the bearer of this letter", "bearer authentication-is-required-here", "Bearer $ACCESS_TOKEN"),
        _text("bearer {n}", n=_name),
    ),
    "bitcoin-private-key": (
        _wrong_last_digit(make_wif, ALNUM),
        _spoilt_inside(make_wif),
        lambda rng: "bc1q" + drawn(rng, "023456789acdefghjklmnpqrstuvwxyz", 38),
        lambda rng: "1" + drawn(rng, "23456789ABCDEFGHJKLMNPQRSTUVWXYZ", 33),
        lambda rng: "Qm" + drawn(rng, "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 44),
    ),
    "continuum-key": (_cut_short("continuum-key"), _blank("ck_" + "live_"), lambda rng: f"ck_{drawn(rng, HEX, 40)}"),
    "databricks-token": (
        _cut_short("databricks-token"),
        lambda rng: "dapi" + drawn(rng, LETTERS[:26], 32),
        _text("the dapico tool"),
    ),
    "digitalocean-token": (
        _cut_short("digitalocean-token"),
        _blank("dop_" + "v1_"),
        lambda rng: "dop_v1_" + drawn(rng, LETTERS, 30),
    ),
    "discord-bot-token": (
        lambda rng: f"{drawn(rng, LETTERS, 24)}.{drawn(rng, LETTERS, 6)}.{drawn(rng, LETTERS, 27)}",
        lambda rng: f"M{drawn(rng, LETTERS, 23)}.module.{drawn(rng, LETTERS, 27)}",
        lambda rng: "NetworkConfigurationManager.client.asynchronousRequestHandlerFactory",
    ),
    "generic-secret": (
        _text("API_KEY={b}", "api_key: {b}", b=_blank("")),
        _text("max_tokens: {n}", "token_count={n}", "tokens: {n}", n=_number(100, 99_999)),
        _text("secret: projects/{n}/secrets/db", "token_file=/var/run/secrets/{n}/token", n=_name),
        _text("next_page_token={t}", t=lambda rng: drawn(rng, ALNUM, 32)),
        _text("cache_key: {s}", "sort_key={s}", "commit={s}", "etag: {s}", s=lambda rng: drawn(rng, HEX, 40)),
        _text("secret_name: {n}", "api_key_name = {n}", "token: {n}", "secret: {n}", n=_name),
        _text(
            "token = request.headers.get('X')",
            "api_key = config.settings.api_key_for_service",
            "const token = useAuthenticationToken()",
        ),
        _text(
            "the secret is consistency",
            "the secret is to keep the pan hot",
            "the key is patience",
            "my secret: more butter",
        ),
        _text("public_key: {k}", k=lambda rng: drawn(rng, ALNUM, 40)),
    ),
    "github-fine-grained-token": (
        _cut_short("github-fine-grained-token"),
        _blank("github_" + "pat_"),
        _text("github_pat_tokens_are_new"),
    ),
    "github-token": (
        _wrong_last_digit(SECRETS["github-token"][0], ALNUM),
        _spoilt_inside(SECRETS["github-token"][0]),
        lambda rng: "ghp_" + drawn(rng, ALNUM, 36),
        _blank("gh" + "p_"),
    ),
    "gitlab-token": (
        _cut_short("gitlab-token"),
        _blank("gl" + "pat-"),
        _text("the glpat- prefix", "glpat-token-for-ci-runner-example"),
    ),
    "google-api-key": (_cut_short("google-api-key"), _blank("AI" + "za"), lambda rng: "aiza" + drawn(rng, LETTERS, 35)),
    "google-oauth-secret": (
        _cut_short("google-oauth-secret"),
        _blank("GOC" + "SPX-"),
        _text("GOCSPX-secret goes here"),
    ),
    "google-oauth-token": (_cut_short("google-oauth-token"), _blank("ya" + "29."), _text("ya29.A is how they begin")),
    "groq-key": (_cut_short("groq-key"), _blank("gsk" + "_"), lambda rng: "gsk_" + _name(rng)),
    "hugging-face-token": (
        _cut_short("hugging-face-token"),
        _blank("h" + "f_"),
        lambda rng: "hf_" + _name(rng).replace("-", "_"),
        _text("from huggingface_hub import hf_hub_download_with_many_options"),
    ),
    "iban": (
        _wrong_last_digit(make_iban),
        _text("order {n}", n=lambda rng: "DE" + drawn(rng, string.digits, 20)),
        _text("ref GB{a} WEST", "flight LH{a}", "part US{a}X", a=_number(1000, 99_999)),
        _text("BATCH AB12 CDEF GHIJ KLMN OPQR ST"),
    ),
    "jwt": (
        lambda rng: f"{b64url(rng.randbytes(30))}.{b64url(rng.randbytes(40))}.{b64url(rng.randbytes(32))}",
        lambda rng: ".".join(
            b64url(part) for part in (b'{"x":%d}' % rng.randrange(10**9), rng.randbytes(30), b"x" * 32)
        ),
        lambda rng: "eyJ" + drawn(rng, ALNUM, 30),
        _text("eyJhbGciOi... is cut"),
    ),
    "linear-key": (_cut_short("linear-key"), _blank("lin_" + "api_")),
    "mailgun-key": (
        _cut_short("mailgun-key"),
        _blank("ke" + "y-"),
        lambda rng: "key-" + _name(rng).replace("_", "-"),
        lambda rng: "monkey-" + drawn(rng, HEX, 32),
    ),
    "npm-token": (
        _wrong_last_digit(SECRETS["npm-token"][0], ALNUM),
        lambda rng: "npm_" + drawn(rng, ALNUM, 36),
        _blank("npm" + "_"),
        _text("npm_config_registry_cache_folder"),
    ),
    "openai-key": (
        _cut_short("openai-key"),
        _blank("sk-"),
        _text(
            "pip install sk-learn", "the sk-loading-indicator-container class", "task-management-for-distributed-teams"
        ),
        lambda rng: f"disk-{drawn(rng, ALNUM, 40)}",
        lambda rng: f"sk-{_name(rng).replace('_', '-')}",
    ),
    "passphrase": (
        _text(
            "passphrase: must be at least eight words long",
            "the passphrase is stored in the vault now",
            "passphrase: $PASSPHRASE",
        ),
        _text(
            "enter the passphrase for your key",
            "the seed phrase is written on paper",
            "a passphrase is better than a password",
        ),
        _text("seed phrase: keep it safe and never share it", "passphrase: <at least four words>"),
    ),
    "password": tuple(_text(line.replace("{", "{{").replace("}", "}}")) for line in TALK),
    "payment-card": (
        _wrong_last_digit(make_card),
        _text("order {n}", "tracking {n}", n=lambda rng: "1" + drawn(rng, string.digits, 15)),
        _text("tweet {n}", n=_number(10**18, 10**19)),
        _text("4 {a} {b}", "{a}-{b}-{a}", a=_number(1000, 9999), b=_number(1000, 9999)),
        _text("0000 0000 0000 0000", "card ending in {a}", "**** **** **** {a}", a=_number(1000, 9999)),
        _text("3.{n}", "0.{n}", n=lambda rng: drawn(rng, string.digits, 16)),
    ),
    "pgp-private-key": (
        _text("a file with -----BEGIN PGP PRIVATE KEY BLOCK----- at its top", "-----BEGIN PGP PUBLIC KEY BLOCK-----"),
        lambda rng: (
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + b64(rng.randbytes(90)) + "\n-----END PGP PUBLIC KEY BLOCK-----"
        ),
        lambda rng: "-----BEGIN PGP SIGNATURE-----\n" + b64(rng.randbytes(90)),
    ),
    "pin": (
        _text(
            "pin the version to {a}.{b}",
            "the pin is {b} digits long",
            "pin: {b}",
            "pin {b} on the board",
            a=_number(1000, 9999),
            b=_number(1, 40),
        ),
        _text("pin code 5{n}", "PIN code: 5{n}", n=_number(10_000, 99_999)),
        _text("my spin was {n}", "pin-{n} is bent", "he pins {n} notes", "pinned {n} commits", n=_number(1000, 9999)),
        _text("the pin is {n} cm long", "the PIN is {n} times used", n=_number(1, 99)),
    ),
    "private-key": (
        _text("it starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----"),
        _text(
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----", "grep 'BEGIN OPENSSH PRIVATE KEY' ."
        ),
        lambda rng: "-----BEGIN CERTIFICATE-----\n" + b64(rng.randbytes(90)) + "\n-----END CERTIFICATE-----",
        lambda rng: "-----BEGIN PUBLIC KEY-----\n" + b64(rng.randbytes(90)) + "\n-----END PUBLIC KEY-----",
        lambda rng: "ssh-ed25519 " + b64(rng.randbytes(51)) + " bob@host",
    ),
    "pypi-token": (
        _cut_short("pypi-token"),
        lambda rng: "pypi-" + drawn(rng, URLSAFE, 90),
        lambda rng: "pypi-AgEI" + drawn(rng, ALNUM, 80),
    ),
    "sendgrid-key": (_cut_short("sendgrid-key"), _blank("S" + "G."), lambda rng: f"SG.{_name(rng)}.{_name(rng)}"),
    "shopify-token": (
        _cut_short("shopify-token"),
        _blank("shp" + "at_"),
        lambda rng: "shpat_" + drawn(rng, "ghijklmn", 32),
    ),
    "slack-token": (
        _cut_short("slack-token"),
        _blank("xo" + "xb-"),
        _text("xoxo, gossip girl", "xoxo-hugs-and-kisses-everyone"),
    ),
    "slack-webhook": (
        _text(
            "https://hooks.slack.com/docs", "hooks.slack.com is down", "https://hooks.slack.com/services/T000/B000/XXXX"
        ),
    ),
    "stripe-key": (
        _cut_short("stripe-key"),
        _blank("sk_" + "live_"),
        lambda rng: "pk_live_" + drawn(rng, ALNUM, 24),
        lambda rng: "task_test_" + drawn(rng, ALNUM, 24),
    ),
    "stripe-webhook-secret": (_cut_short("stripe-webhook-secret"), _blank("wh" + "sec_")),
    "telegram-bot-token": (
        lambda rng: f"{rng.randrange(10**9)}:AB{drawn(rng, URLSAFE, 33)}",
        _cut_short("telegram-bot-token"),
        _text("12:AA in the log", "at 1234567890:AA the run ended"),
    ),
    "twilio-key": (
        _cut_short("twilio-key"),
        lambda rng: "AC" + drawn(rng, HEX, 32),
        lambda rng: "SKU" + drawn(rng, HEX, 31),
        lambda rng: "sk" + drawn(rng, HEX, 32),
    ),
    "url-password": (
        _text(
            "https://example.com:8080/a@b", "ssh://git@example.com:22/x.git", "postgres://user:password@localhost/db"
        ),
        _text(
            "mysql://root:${{DB_PASS}}@db/x", "redis://:<password>@cache", "https://example.com:8443?mail=a@b.example"
        ),
        _text(
            "https://user:****@example.com", "see https://example.com/a:b@c", "http://example.com: mail me@example.com"
        ),
    ),
    "us-ssn": (
        lambda rng: (
            f"ref {rng.choice(['000', '666', '9' + drawn(rng, string.digits, 2)])}"
            f"-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"
        ),
        lambda rng: f"part {make_ssn(rng)}-A",
        lambda rng: f"zip {rng.randrange(10_000, 99_999)}-{rng.randrange(1000, 9999)}",
        lambda rng: f"call {rng.randrange(200, 999)}-{rng.randrange(200, 999)}-{rng.randrange(1000, 9999)}",
        lambda rng: f"{make_ssn(rng)[:-5]}-0000",
        _text("078-05-1120 was printed in wallets", "my ssn is private"),
    ),
    "vault-token": (_cut_short("vault-token"), _blank("hv" + "s."), _text("hvs.example.com is down")),
}


def lookalikes(kind: str, rng: Random, count: int) -> list[str]:
    """Three in four are the kind's own near misses, the rest is what machines write anywhere."""
    makers, first = SPECIFIC[kind], rng.randrange(len(SPECIFIC[kind]))
    own = [makers[(first + place) % len(makers)](rng) for place in range(count - count // 4)]
    return own + [rng.choice(ANYWHERE)(rng) for _ in range(count // 4)]
