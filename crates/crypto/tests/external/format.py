"""Seals and opens cells, written after FORMAT.md alone: `format.py open|seal`. In: root keys by id, then a cell a line. Out: a line each."""
import base64, hmac, json, os, struct, sys, uuid
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PADDED, ROW_BOUND, TENANT_BOUND = 1, 2, 4 # flags
TYPES = ["bytes", "text", "int", "json", "uuid", "timestamp", "decimal", "bool", "date"]
lp = lambda some: struct.pack(">H", len(some)) + some
xor = lambda one, other: bytes(a ^ b for a, b in zip(one, other))

def encode(kind, value):
    if kind == "bytes": return bytes.fromhex(value)
    if kind == "uuid": return uuid.UUID(value).bytes
    if kind in ("int", "timestamp", "date"): return value.to_bytes(4 if kind == "date" else 8, "big", signed=True)
    return bytes([value]) if kind == "bool" else value.encode()

def decode(kind, text):
    if kind == "bytes": return text.hex()
    if kind == "uuid": return str(uuid.UUID(bytes=text))
    if kind in ("int", "timestamp", "date"): return int.from_bytes(text, "big", signed=True)
    return {b"\0": False, b"\1": True}[text] if kind == "bool" else text.decode()

def row_bytes(row):
    if isinstance(row, list): return bytes([0x10, len(row)]) + b"".join(lp(row_bytes(part)) for part in row)
    (kind, value), = row.items()
    return bytes([{"int": 1, "uuid": 2, "text": 3, "bytes": 4}[kind]]) + encode(kind, value)

def key_of(root, suite, cell):
    prk = hmac.digest(b"pgkeel.root.1", root, "sha256")
    info = (b"siv" if suite == 3 else b"seal") + bytes([0, suite]) + lp(cell["context"].encode())
    info += lp(cell["tenant"].encode()) if "tenant" in cell else b""
    return HKDFExpand(hashes.SHA256(), 64 if suite == 3 else 32, info).derive(prk)

def aad_of(header, cell):
    aad = b"pgkeel.aad.1" + header + lp(cell["context"].encode())
    aad += lp(row_bytes(cell["row"])) if header[2] & ROW_BOUND else b""
    return aad + (lp(cell["tenant"].encode()) if header[2] & TENANT_BOUND else b"")

def message_key(key, nonce):
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    l = int.from_bytes(aes.update(bytes(16)), "big")
    k1 = (l << 1 & (1 << 128) - 1 ^ (0x87 if l >> 127 else 0)).to_bytes(16, "big")
    return b"".join(aes.update(xor(bytes([0, i, 0x58, 0]) + nonce[:12], k1)) for i in (1, 2))

def commitment(key, nonce):
    def cmac(i): mac = CMAC(algorithms.AES(key)); mac.update(b"XCMT" + nonce + bytes([0, 1, 0, i])); return mac.finalize()
    return cmac(1) + cmac(2)

def open_cell(roots, cell):
    stored = cell["envelope"]
    data = base64.urlsafe_b64decode(stored[5:] + "=" * (-len(stored[5:]) % 4)) if stored.startswith("pgk1.") else bytes.fromhex(stored)
    header, body, suite, flags = data[:8], data[8:], data[1] & 15, data[2]
    assert data[0] == 0xC1 and data[1] >> 4 == 1 and suite in (1, 2, 3) and flags < 8 and not (suite == 3 and flags & ROW_BOUND)
    key, aad = key_of(bytes.fromhex(roots[header[4:].hex()]), suite, cell), aad_of(header, cell)
    if suite == 3:
        text = AESSIV(key).decrypt(body, [aad])
    else:
        nonce, body = body[:24], body[24:]
        if suite == 2:
            assert hmac.compare_digest(commitment(key, nonce), body[:32])
            body = body[32:]
        text = AESGCM(message_key(key, nonce)).decrypt(nonce[12:], body, aad)
    text = text[:text.rindex(b"\x80")] if flags & PADDED else text
    return {"type": TYPES[data[3]], "value": decode(TYPES[data[3]], text)}

def seal_cell(roots, cell):
    suite, text = cell["suite"], encode(cell["type"], cell["value"])
    flags = (PADDED if "bucket" in cell else 0) | (ROW_BOUND if "row" in cell else 0) | (TENANT_BOUND if "tenant" in cell else 0)
    header = bytes([0xC1, 0x10 | suite, flags, TYPES.index(cell["type"])]) + bytes.fromhex(cell["key"])
    text = text + b"\x80" + bytes(-(len(text) + 1) % cell["bucket"]) if flags & PADDED else text
    key, aad, nonce = key_of(bytes.fromhex(roots[cell["key"]]), suite, cell), aad_of(header, cell), os.urandom(24)
    if suite == 3: return (header + AESSIV(key).encrypt(text, [aad])).hex()
    sealed = AESGCM(message_key(key, nonce)).encrypt(nonce[12:], text, aad)
    return (header + nonce + (commitment(key, nonce) if suite == 2 else b"") + sealed).hex()

work, roots = {"open": open_cell, "seal": seal_cell}[sys.argv[1]], json.loads(sys.stdin.readline())
for line in sys.stdin: print(json.dumps(work(roots, json.loads(line))))
