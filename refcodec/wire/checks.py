"""The two checks (specification sections 2.3 and 4.3): CRC-8 for bare files, CRC-32C for sealed.

Both are table-driven from their reflected or plain polynomial; the parameters are those of
the catalogue entries CRC-8/AUTOSAR and CRC-32/ISCSI.
"""

from __future__ import annotations

from functools import cache


@cache
def _crc8_table() -> bytes:
    table = bytearray()
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc << 1) ^ (0x12F if crc & 0x80 else 0)
        table.append(crc)
    return bytes(table)


@cache
def _crc32c_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


def crc8(data: bytes) -> int:
    """CRC-8/AUTOSAR: polynomial 0x2F, initial value and final exclusive-or 0xFF."""
    table = _crc8_table()
    crc = 0xFF
    for byte in data:
        crc = table[crc ^ byte]
    return crc ^ 0xFF


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli, as in iSCSI): reflected, initial value and final xor 0xFFFFFFFF."""
    table = _crc32c_table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF
