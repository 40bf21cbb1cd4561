#!/usr/bin/env python3
"""Checks a file of token vectors (test/vectors/tokens-v1.json) without any code of Keyturn's.

Usage: python3 verify-tokens.py VECTORS.json

Written from docs/token-format.md alone, with Python's standard library. Read it as a second implementation.
"""
import base64
import hashlib
import hmac
import json
import re
import sys

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Refused(Exception):
    """The reason for which a token is refused."""


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf(material, info, length):
    """RFC 5869 with SHA-256 and an empty salt. One block is enough for 32 bytes."""
    extracted = hmac_sha256(bytes(32), material)
    return hmac_sha256(extracted, info.encode("ascii") + b"\x01")[:length]


def material_of(stored):
    """The key material of a secret as it is stored."""
    secret = stored[1:] if stored.startswith("\ufeff") else stored
    secret = secret.strip(" \t\r\n")
    if secret == "" or re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", secret):
        raise ValueError("not a secret")
    return secret.encode("utf-8")


def kid_of(material):
    return encode(hkdf(material, "keyturn/v1/kid", 6))


def purpose_key(material, use, purpose):
    return hkdf(material, "keyturn/v1/%s/%s" % (use, purpose), 32)


def same(a, b):
    return hmac.compare_digest(a.encode("utf-8", "surrogatepass"), b.encode("utf-8", "surrogatepass"))


def time_of(text):
    seconds = 0
    for character in text:
        seconds = seconds * 64 + BASE64URL.index(character)
    return seconds


def no_constant(name):
    raise ValueError("%s is not JSON" % name)


FORM = re.compile(
    r"(kt1\.([\w-]{8})\.([\w-]{6})([\w-]{6})\.([^.]*)(?:\.([^.]{22}))?)\.(.{43})", re.ASCII | re.DOTALL
)
UNBOUND = object()


def verify(token, purpose, ring, now, bind=UNBOUND):
    """What a good token carries. `now` is in milliseconds. Without `bind` the token must not be bound."""
    form = FORM.fullmatch(token)
    if form is None:
        raise Refused("malformed")
    signed, kid, issued, expires, payload, tag, mac = form.groups()
    material = ring["live"].get(kid)
    if material is None:
        raise Refused(ring["gone"].get(kid, "unknown_key"))
    if not signed.isascii():
        raise Refused("malformed")
    if not same(encode(hmac_sha256(purpose_key(material, "sign", purpose), signed.encode("ascii"))), mac):
        raise Refused("bad_signature")
    if now >= time_of(expires) * 1000:
        raise Refused("expired")
    if (time_of(issued) - 86400) * 1000 > now:
        raise Refused("not_yet_valid")
    try:
        text = decode(payload).decode("utf-8")
        json.loads(text, parse_constant=no_constant)
    except ValueError:
        raise Refused("malformed")
    if (tag is None) != (bind is UNBOUND):
        raise Refused("bind_mismatch")
    if tag is not None:
        if not bind:
            raise Refused("bind_mismatch")
        message = signed[:-23] + "." + encode(bind.encode("utf-8"))
        if not same(encode(hmac_sha256(purpose_key(material, "bind", purpose), message.encode("ascii")))[:22], tag):
            raise Refused("bind_mismatch")
    return {"json": text, "kid": kid, "issuedAt": time_of(issued), "expiresAt": time_of(expires)}


def outcome(vector, ring):
    try:
        return verify(vector["token"], vector["purpose"], ring, vector["now"], vector.get("bind", UNBOUND))
    except Refused as refusal:
        return {"reason": str(refusal)}


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    checked = 0
    wrong = []

    def check(name, found, wanted):
        nonlocal checked
        checked += 1
        if found != wanted:
            wrong.append("%s: found %r, wanted %r" % (name, found, wanted))

    materials = {}
    for secret in vectors["secrets"]:
        material = materials[secret["name"]] = material_of(secret["stored"])
        keys = {
            purpose: {use: purpose_key(material, use, purpose).hex() for use in wanted}
            for purpose, wanted in secret["keys"].items()
        }
        found = {"material": material.hex(), "kid": kid_of(material), "keys": keys}
        check("secret " + secret["name"], found, {name: secret[name] for name in found})
    for refused in vectors["refusedSecrets"]:
        try:
            found = material_of(refused["stored"]).hex()
        except ValueError:
            found = None
        check("refused secret " + refused["name"], found, None)

    ring = {
        "live": {kid_of(materials[name]): materials[name] for name in vectors["ring"]["live"]},
        "gone": {
            kid_of(materials[name]): state + "_key"
            for state in ("retired", "revoked")
            for name in vectors["ring"][state]
        },
    }
    for vector in vectors["tokens"]:
        wanted = {name: vector[name] for name in ("json", "kid", "issuedAt", "expiresAt")}
        check("token " + vector["name"], outcome(vector, ring), wanted)
    for vector in vectors["refused"]:
        check("refused " + vector["name"], outcome(vector, ring), {"reason": vector["reason"]})

    for line in wrong:
        print(line.encode("ascii", "backslashreplace").decode("ascii"), file=sys.stderr)
    if wrong or checked == 0:
        print("%d of %d vectors failed" % (len(wrong), checked), file=sys.stderr)
        return 1
    print("%d vectors verified" % checked)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
