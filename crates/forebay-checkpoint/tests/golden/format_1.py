"""Writes format_1.checkpoints from docs/CHECKPOINT_FORMAT.md alone, not with the library."""

import struct
import sys

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc(data, seed=0):
    state = seed ^ 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ TABLE[(state ^ byte) & 0xFF]
    return state ^ 0xFFFFFFFF


def header(generation, floor, salt, base):
    magic = bytes.fromhex("89464243 4B0D0A1A")
    fields = struct.pack("<HHIQQ16sQI", 1, 1, 1, generation, floor, salt, base, 0)
    return magic + fields + struct.pack("<I", crc(magic + fields))


def record(kind, number, flags=0, epoch=0, log=0, sequence=0, key=b"", text=None):
    flags |= (1 if key else 0) | (2 if text is not None else 0)
    text = (text or "").encode()
    fixed = struct.pack("<BBHIQQQ", kind, flags, len(text), number, epoch, log, sequence)
    return fixed + key + text


def block(seed, prev, nonce, pending, records):
    records += bytes(-len(records) % 8)
    rest = struct.pack("<IIIQ", len(records), prev, nonce, pending) + records
    checksum = crc(rest, seed)
    return checksum, struct.pack("<I", checksum) + rest


VALUE, ABSENT, LABEL, MOVED = 1, 2, 3, 4
LAST = 2**64 - 1
head = header(1, 0, b"salt for a test!", 64)
seed = crc(head[:60])
first, one = block(
    seed, seed, 1, 0,
    record(VALUE, 0, log=9, key=bytes([0]) * 32)
    + record(VALUE, 1, log=9, sequence=LAST, key=bytes([1]) * 32, text="x")
    + record(LABEL, 1, text="orders, by \u00e9v\u00e9nement"),
)
_, two = block(
    seed, first, 0x01020304, 0,
    record(ABSENT, 0, epoch=1)
    + record(VALUE, 2, flags=4, epoch=2, log=9, sequence=5, key=bytes([2]) * 32, text="")
    + record(LABEL, 2)
    + record(MOVED, 0, sequence=2),
)
sys.stdout.buffer.write(head + one + two + bytes(64))
