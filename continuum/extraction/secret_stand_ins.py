"""Values that stand where a secret would: blanks to fill in, names of variables, words about passwords."""

from __future__ import annotations

import re
from typing import Final

_STAND_IN: Final = re.compile(
    r"""
      [*•xX.#?_\-]{3,}+                                   # blotted out, or left out
    | [\[(]?(?:redacted|hidden|masked|omitted|removed|snip|none|null|nil|undefined|true|false)[\])]?
    | <[^<>]*>?                                           # <YOUR_KEY>
    | \$\{.*|\$\(.*|(?-i:\$(?:[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*))|\#\{.*                 # ${TOKEN}, $(cat file), $TOKEN
    | \{.*                                                # {{ token }}, {password}
    | %(?:[sdr]|[({].*|[A-Za-z_]+%)                       # %s, %(password)s, %TOKEN%
    | \[[a-z ]*\]?
    | !vault.*|vault:.*|secretref.*|secret://.*|op://.*|env[.:(].*|enc\[.*|file://.*
    | (?:your|my|some|the|an?|enter|insert|example|sample|dummy|fake|test|placeholder|changeme|change|replace|todo)
      (?:[_\-.](?:[a-z]+|[A-Z]+|\d{1,2}))*+[_\-]?
    | [A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*+[(\[](?:["'].*|.*[)\]])?    # getpass(), config["password"]
    | [A-Za-z_]*[a-z_](?:\.[A-Za-z_]+){1,5}               # self.password
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_stand_in(value: str) -> bool:
    """Whether the value only shows where a secret goes, or reads it from elsewhere: `****`, `<KEY>`, `${TOKEN}`.

    >>> is_stand_in("${TOKEN}"), is_stand_in("YOUR_API_KEY_HERE"), is_stand_in("hunter2")
    (True, True, False)
    """
    return _STAND_IN.fullmatch(value) is not None


_ABOUT: Final = frozenset(
    """
    a an the my your our his her its their this that these those it he she we they you i not no yes never always
    already only just too very so also still now then than as at in on of off to from for with without by about
    is are was were be been being has have had do does did can could may might must shall should will would cannot
    what which who when where why how if or and but because since until while after before please see use using
    via per same different one two three four five six seven eight nine ten another some any all none each every
    here there below above inside behind somewhere elsewhere nowhere everywhere
    required optional mandatory missing empty blank null none nil unknown invalid valid wrong right correct
    incorrect weak strong short long longer shorter old new bad good better best great fine ok okay easy hard
    simple complex secure insecure safe unsafe secret private public random unique default temporary permanent
    hidden visible plain plaintext unset set reset gone lost stolen expired due stale fresh current previous next
    last first string str text bytes bool int integer number object any varchar char type password passwords
    passwd passphrase pwd pin passcode pass username user email login name field input value key token hash
    hashed salted sha1 sha256 sha512 sha-256 sha-1 md5 bcrypt scrypt argon2 argon2i argon2id pbkdf2 base64 utf-8
    utf8 ascii 1password lastpass bitwarden keepass keepassxc dashlane keychain vault okta auth0 oauth oauth2
    saml sso 2fa mfa otp totp fido2 webauthn passkey passkeys kerberos ldap ntlm oidc radius ssh tls ssl https
    policy policies manager managers generator strength length protected prompt protection rotation recovery
    hint hints sent left written kept known shown shared used unused tbd todo n/a pending up-to-date out-of-date
    at-least case-sensitive write-only read-only self-service at-risk important enough interesting annoying
    changeme impossible difficult ready fixed broken done yours mine ours theirs enough over under out up down
    back away forgotten again soon later today tomorrow yesterday once twice ever like really pretty quite rather
    totally completely absolutely probably maybe perhaps actually basically almost nearly obviously clearly
    """.split()
)
_ABOUT_ENDING: Final = re.compile(r"[a-z\-]{2,}(?:ed|ing|ly|able|ible|ful|less|ous|ive|ary|ory|ent|tion|ment|ity|ness)")


def is_word_about_passwords(value: str) -> bool:
    """Whether a plain word that says something of a password rather than being one: `required`, `expired`, `bcrypt`.

    >>> is_word_about_passwords("Expired"), is_word_about_passwords("swordfish")
    (True, False)
    """
    lowered = value.lower().removesuffix("'s").removesuffix("’s")
    return lowered in _ABOUT or _ABOUT_ENDING.fullmatch(lowered) is not None
