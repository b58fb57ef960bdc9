"""Writes a bronze file as pitlake does: gzip, with its provenance and a checksum in the header (docs/lake-format.md)."""

import hashlib
import json
import struct
import zlib


def provenance(interface, slice_, rows, fetched_at):
    """The provenance of an answer to one day or period."""
    lines = sorted(line for line in rows.split(b"\n") if line)
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    return {
        "program": "benches/compare",
        "vendor": "tushare",
        "interface": interface,
        "slice": slice_,
        "params": [[["trade_date", slice_.replace("-", "")]]],
        "pages": 1,
        "rows": len(lines),
        "first": slice_,
        "last": slice_,
        "fetched_at": fetched_at,
        "digest": digest,
        "sum": zlib.crc32(digest.encode() + rows),
    }


def encode(rows, said):
    """The bytes of a file."""
    text = json.dumps(said, separators=(",", ":")).encode()
    extra = b"AL" + struct.pack("<H", len(text)) + text + b"AC" + struct.pack("<H", 4)
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H", len(extra) + 4) + extra
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = squeeze.compress(rows) + squeeze.flush()
    end = struct.pack("<II", zlib.crc32(rows), len(rows))
    return head + struct.pack("<I", zlib.crc32(head)) + body + end


def write(folder, interface, rows, slice_, stamp, mark=""):
    """Writes an answer. `stamp` is when its fetch finished, as in `20230103T093000000Z`."""
    at = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]}.{stamp[15:18]}Z"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{interface}_{stamp}{mark}.jsonl.gz"
    file.write_bytes(encode(rows, provenance(interface, slice_, rows, at)))
