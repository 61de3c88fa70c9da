"""A small OpenID Connect issuer of ours: discovery, keys that rotate, client credentials, and every kind of trouble."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from continuum.domain.records import Json

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Trouble = Literal["", "hang", "redirect", "huge", "drip", "refuse", "not json", "not an object", "empty"]
WAIT_SECONDS = 30.0


def new_key(algorithm: str) -> PrivateKey:
    """A private key for an algorithm."""
    if algorithm.startswith("RS"):
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    curves: Mapping[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    return ec.generate_private_key(curves[algorithm])


def public_jwk(key: PrivateKey, **fields: Json) -> dict[str, Json]:
    """The public half as a JWKS lists it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return {**RSAAlgorithm.to_jwk(public, as_dict=True), **fields}
    if isinstance(public, ec.EllipticCurvePublicKey):
        return {**ECAlgorithm.to_jwk(public, as_dict=True), **fields}
    return {**OKPAlgorithm.to_jwk(public, as_dict=True), **fields}


class Issuer:
    """Answers on a free port of loopback until it is stopped. Tokens live `lifetime_seconds` by the wall clock."""

    def __init__(self, *, audience: str = "continuum", lifetime_seconds: int = 300) -> None:
        self.audience = audience
        self.lifetime_seconds = lifetime_seconds
        self.trouble: Trouble = ""
        self.requests: list[str] = []
        """The paths that were asked for."""
        self.clients: dict[str, tuple[str, dict[str, Json]]] = {}
        """Programs by their id: the secret, and the claims that their tokens carry."""
        self.own_jwks_uri: str | None = None
        self.named_issuer: str | None = None
        self.listed: list[dict[str, Json]] = []
        self.kid = ""
        self.algorithm = ""
        self.key: PrivateKey = new_key("EdDSA")
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="issuer", daemon=True)
        self.rotate()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Issuer:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Be away: connections are refused from now on."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_SECONDS)

    def rotate(self, algorithm: str = "RS256", *, keeps_old: bool = False) -> None:
        """Sign with a new key from now on, and list it."""
        self.key, self.kid, self.algorithm = new_key(algorithm), secrets.token_hex(4), algorithm
        jwk = public_jwk(self.key, kid=self.kid, use="sig", alg=algorithm)
        self.listed = [*(self.listed if keeps_old else []), jwk]

    def claims(self, now_seconds: float | None = None, **claims: Json) -> dict[str, Json]:
        """The claims of a token of this moment; None takes one away."""
        now = int(time.time() if now_seconds is None else now_seconds)
        usual: dict[str, Json] = {
            "iss": self.url,
            "aud": self.audience,
            "sub": "ann",
            "tenant_id": "alice",
            "iat": now,
            "exp": now + self.lifetime_seconds,
        }
        return {name: value for name, value in {**usual, **claims}.items() if value is not None}

    def token(self, now_seconds: float | None = None, **claims: Json) -> str:
        """A token signed with the newest key."""
        return self.sign(self.claims(now_seconds, **claims))

    def sign(self, claims: dict[str, Json], headers: dict[str, Json] | None = None) -> str:
        """Any claims, signed with the newest key."""
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.kid, **(headers or {})})

    def register(self, client_id: str, **claims: Json) -> str:
        """Let a program get tokens by its own credentials; gives its secret."""
        secret = secrets.token_urlsafe(24)
        self.clients[client_id] = (secret, claims)
        return secret

    def _grant(self, form: Mapping[str, Sequence[str]], authorization: str) -> tuple[int, dict[str, Json]]:
        """RFC 6749 section 4.4: client credentials, by HTTP Basic or in the form."""
        client_id, secret = _client_of(form, authorization)
        known, claims = self.clients.get(client_id, ("", {}))
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        if not known or not secrets.compare_digest(known, secret):
            return 401, {"error": "invalid_client"}
        scope = form.get("scope", [""])[0]
        given = {**claims, "sub": client_id, "client_id": client_id, "scope": scope or None}
        return 200, {
            "access_token": self.token(**given),
            "token_type": "Bearer",
            "expires_in": self.lifetime_seconds,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """The tests look at `requests`."""

            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                if issuer.trouble:
                    self._make_trouble(issuer.trouble)
                elif self.path == "/.well-known/openid-configuration":
                    self._answer(200, issuer.discovery())
                elif self.path == "/keys":
                    self._answer(200, {"keys": list(issuer.listed)})
                else:
                    self._answer(404, {"error": "not found"})

            def do_POST(self) -> None:
                issuer.requests.append(self.path)
                body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), 65_536))
                if self.path != "/token":
                    self._answer(404, {"error": "not found"})
                    return
                self._answer(*issuer._grant(parse_qs(body.decode()), self.headers.get("Authorization", "")))

            def _make_trouble(self, trouble: Trouble) -> None:
                if trouble == "hang":
                    issuer.released.wait(WAIT_SECONDS)
                elif trouble == "redirect":
                    self._send(302, b"", Location="/keys")
                elif trouble == "refuse":
                    self._answer(503, {"error": "away"})
                elif trouble == "drip":
                    self._drip()
                else:
                    bodies = {"not json": b"<html>", "not an object": b"[]", "empty": b"{}"}
                    self._send(200, bodies.get(trouble, b" " * 10_000_000))

            def _drip(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                try:
                    while not issuer.released.wait(0.02):
                        self.wfile.write(b" ")
                except OSError:
                    return  # whoever asked has gone

            def _answer(self, status: int, body: dict[str, Json]) -> None:
                self._send(status, json.dumps(body).encode())

            def _send(self, status: int, body: bytes, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    return  # whoever asked had enough

        return Handler

    def discovery(self) -> dict[str, Json]:
        """The document at the well-known address."""
        return {
            "issuer": self.url if self.named_issuer is None else self.named_issuer,
            "jwks_uri": f"{self.url}/keys" if self.own_jwks_uri is None else self.own_jwks_uri,
            "token_endpoint": f"{self.url}/token",
            "grant_types_supported": ["client_credentials"],
        }


def _client_of(form: Mapping[str, Sequence[str]], authorization: str) -> tuple[str, str]:
    if authorization.startswith("Basic "):
        client_id, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        return client_id, secret
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


@contextmanager
def running_issuer(*, audience: str = "continuum", lifetime_seconds: int = 300) -> Iterator[Issuer]:
    """An issuer that answers until the block ends."""
    issuer = Issuer(audience=audience, lifetime_seconds=lifetime_seconds).start()
    try:
        yield issuer
    finally:
        issuer.stop()
