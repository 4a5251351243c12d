#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the values of vectors_test.cc, computed without our code or libsodium.

BLAKE2b comes from hashlib, Argon2id from the reference library (Debian libargon2-1), Ed25519 from the openssl command.
XChaCha20-Poly1305 (RFC 8439, draft-irtf-cfrg-xchacha), X25519 (RFC 7748) and XSalsa20-Poly1305 (Bernstein) are below.
"""
import ctypes
import hashlib
import pathlib
import subprocess
import tempfile
from struct import pack, unpack

CONSTANTS = unpack("<4I", b"expand 32-byte k")


def counting(first, size=32):
    return bytes(first + i for i in range(size))


def blake2b(size, *parts, key=b""):
    return hashlib.blake2b(b"".join(parts), digest_size=size, key=key).digest()


def argon2id(password, salt, size, memory_kib, passes):
    out = ctypes.create_string_buffer(size)
    size_t = ctypes.c_size_t
    failed = ctypes.CDLL("libargon2.so.1").argon2id_hash_raw(
        ctypes.c_uint32(passes), ctypes.c_uint32(memory_kib), ctypes.c_uint32(1),
        password, size_t(len(password)), salt, size_t(len(salt)), out, size_t(size))
    assert failed == 0
    return out.raw


def rotate(x, n):
    return (x << n | x >> (32 - n)) & 0xFFFFFFFF


def add(a, b):
    return [(x + y) & 0xFFFFFFFF for x, y in zip(a, b)]


def chacha_rounds(state):
    s = list(state)
    for a, b, c, d in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                       (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)] * 10:
        for x, y, z, n in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], n)
    return s


def salsa_rounds(state):
    s = list(state)
    for a, b, c, d in [(0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
                       (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14)] * 10:
        for x, y, z, n in [(b, a, d, 7), (c, b, a, 9), (d, c, b, 13), (a, d, c, 18)]:
            s[x] ^= rotate((s[y] + s[z]) & 0xFFFFFFFF, n)
    return s


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    tag = 0
    for i in range(0, len(message), 16):
        tag = (tag + int.from_bytes(message[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((tag + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def xchacha_seal(key, nonce, aad, plain):
    s = chacha_rounds(CONSTANTS + unpack("<8I", key) + unpack("<4I", nonce[:16]))
    words = tuple(s[0:4] + s[12:16])

    def block(counter):
        start = CONSTANTS + words + (counter, 0) + unpack("<2I", nonce[16:])
        return pack("<16I", *add(chacha_rounds(start), start))

    sealed = xor(plain, b"".join(block(1 + i) for i in range(len(plain) // 64 + 1)))
    fill = [bytes(-len(part) % 16) for part in (aad, sealed)]
    return sealed + poly1305(block(0)[:32], aad + fill[0] + sealed + fill[1] + pack("<QQ", len(aad), len(sealed)))


def x25519(scalar, u):
    p = 2**255 - 19
    k = int.from_bytes(scalar, "little") & ~7 & (2**255 - 1) | 2**254
    x1 = int.from_bytes(u, "little") % 2**255
    x2, z2, x3, z3 = 1, 0, x1, 1
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        e = a * a - b * b
        x3, z3 = (d * a + c * b)**2 % p, x1 * (d * a - c * b)**2 % p
        x2, z2 = a * a * b * b % p, e * (a * a + 121665 * e) % p
        if bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def salsa_start(key, block):
    k, i, c = unpack("<8I", key), unpack("<4I", block), CONSTANTS
    return (c[0], *k[:4], c[1], *i, c[2], *k[4:], c[3])


def box_seal(public_key, one_time_secret, plain):
    """A libsodium sealed box of at most 32 bytes, with a one-time key of our choice."""
    def hsalsa(key, block):
        s = salsa_rounds(salsa_start(key, block))
        return pack("<8I", *(s[i] for i in (0, 5, 10, 15, 6, 7, 8, 9)))

    one_time = x25519(one_time_secret, pack("<32B", 9, *bytes(31)))
    nonce = blake2b(24, one_time, public_key)
    key = hsalsa(hsalsa(x25519(one_time_secret, public_key), bytes(16)), nonce[:16])
    start = salsa_start(key, nonce[16:] + bytes(8))
    stream = pack("<16I", *add(salsa_rounds(start), start))
    sealed = xor(plain, stream[32:])
    return one_time + poly1305(stream[:32], sealed) + sealed


def ed25519_sign(seed, message):
    """Public key and signature."""
    with tempfile.TemporaryDirectory() as directory:
        key, text = pathlib.Path(directory, "key"), pathlib.Path(directory, "text")
        key.write_bytes(bytes.fromhex("302e020100300506032b657004220420") + seed)  # PKCS #8
        text.write_bytes(message)
        openssl = lambda *arguments: subprocess.check_output(["openssl", *arguments])
        public_key = openssl("pkey", "-in", key, "-inform", "DER", "-pubout", "-outform", "DER")[-32:]
        return public_key, openssl("pkeyutl", "-sign", "-rawin", "-in", text, "-inkey", key, "-keyform", "DER")


def seal_with(key, nonce, purpose, plain):
    return b"\1" + nonce + xchacha_seal(key, nonce, b"\1" + purpose, plain)


def crockford(data):
    digits = -(-len(data) * 8 // 5)
    value = int.from_bytes(data, "big") << digits * 5 - len(data) * 8
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value >> 5 * i & 31] for i in reversed(range(digits)))


def row():
    number_key = argon2id(b"9990000018", counting(0, 16), 32, 8192, 1)
    index = blake2b(8, number_key, key=counting(0x20))
    epoch = pack(">I", 3)
    row_key = blake2b(32, epoch, key=blake2b(32, number_key, key=counting(0x40)))
    aad = b"\1" + b"E10000017" + index + pack(">Q", 42) + epoch
    flag = b"a flag".ljust(32, b"\0")
    nonce = blake2b(12, pack(">I", len(aad)), aad, flag, key=row_key)
    return number_key, index, b"\1" + epoch + nonce + xchacha_seal(row_key, nonce + bytes(12), aad, flag)


def pin_record():
    salt = counting(0x10, 16)
    both = argon2id(b"271828", salt, 64, 64, 2)
    wrapped = seal_with(both[32:], counting(0xB0, 24), b"cpis.v1.pin", counting(0x80))
    return b"\1" + pack(">II", 64, 2) + salt + blake2b(32, both[:32]) + wrapped


def key_store():
    salt = counting(0x30, 16)
    key = argon2id(b"correct horse", salt, 32, 64, 2)
    sealed = seal_with(key, counting(0xC0, 24), b"cpis.v1.key-store", b"a device secret")
    return b"\1" + pack(">II", 64, 2) + salt + sealed


def key_ring():
    def partition(code, epoch, first):
        return pack(">I", len(code)) + code + pack(">I", epoch) + counting(first)

    return (b"\1" + pack(">II", 8192, 1) + counting(0, 16) + counting(0x20) + counting(0xC0) + counting(0xE0)
            + pack(">I", 2) + partition(b"E08000003", 3, 0x80) + partition(b"E10000017", 3, 0x40))


def earlier(key, epochs):
    for _ in range(epochs):
        key = blake2b(32, b"cpis.v1.epoch", key=key)
    return key


def check_against_the_draft():
    """draft-irtf-cfrg-xchacha-03, A.3.1."""
    plain = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
             b"sunscreen would be it.")
    sealed = xchacha_seal(counting(0x80), counting(0x40, 24), bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), plain)
    assert sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"


def main():
    check_against_the_draft()
    number_key, index, sealed_row = row()
    signed = b"cpis.v1.sig" + pack(">I", 12) + b"cpis.v1.test" + b"\1" + b"a message"
    signing_public_key, signature = ed25519_sign(counting(0x60), signed)
    box_public_key = x25519(counting(0xA0), pack("<32B", 9, *bytes(31)))
    for name, value in {
            "HashOfAbc": blake2b(32, b"abc"),
            "KeyedHashOfAbc": blake2b(8, b"abc", key=counting(0)),
            "NumberKey": number_key,
            "RowIndex": index,
            "EnglandHash": blake2b(8, number_key, key=counting(0xC0)),
            "SealedRow": sealed_row,
            "SigningPublicKey": signing_public_key,
            "SignedMessage": b"a message\1" + signature,
            "SealedText": seal_with(counting(0x80), counting(0xA0, 24), b"cpis.v1.test", b"a text"),
            "BoxPublicKey": box_public_key,
            "Box": b"\1" + box_seal(box_public_key, counting(0x50), b"a text"),
            "PinRecord": pin_record(),
            "KeyStore": key_store(),
            "KeyRing": key_ring(),
            "EarlierEpochKey": earlier(counting(0x80), 2),
    }.items():
        print(name, value.hex())
    print("Crockford", crockford(bytes.fromhex("00ff10a5c3")), crockford(counting(0, 16)))


if __name__ == "__main__":
    main()
