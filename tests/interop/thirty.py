"""A lake of thirty years and all tables, without a vendor: each slice is an answer with a header and no rows,
written like a fetch would, except for the calendar."""

import datetime
import gzip
import hashlib
import json
import struct
import tomllib
import zlib
from pathlib import Path

import kit

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
FIRST, LAST = datetime.date(1996, 1, 1), datetime.date(2025, 12, 31)
NOW = "2025-12-31T22:00:00+08:00"
STAMP, AT = "20251231T130000000Z", "2025-12-31T13:00:00Z"
# Days and periods missing in the lake, here and there.
HOLES = {"1998-12-31", "2004-06-30", "2011-03-31", "2020-12-31", "2024-02-29"}


def body(interface, slice_, lines=b"", **more):
    """The bytes of a bronze file: rows, and their origin in the header."""
    vendor, name = interface.split("/")
    rows = lines.count(b"\n")
    digest = hashlib.sha256(b"".join(sorted(lines.splitlines(keepends=True)))).hexdigest()
    provenance = {"program": "pitlake 0", "vendor": vendor, "interface": name, "slice": slice_,
                  "params": [[["trade_date", slice_]]], "pages": 1, "rows": rows, **more, "fetched_at": AT, "digest": digest,
                  "found": {"keys": rows}}
    text = json.dumps(provenance).encode()
    sum_ = struct.pack("<2sH", b"AC", 4)
    extra = struct.pack("<2sH", b"AL", len(text)) + text + sum_
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H", len(extra) + 4) + extra
    packed = gzip.compress(lines, mtime=0)[10:]
    return head + struct.pack("<I", zlib.crc32(head)) + packed


def days():
    day = FIRST
    while day <= LAST:
        yield day
        day += datetime.timedelta(days=1)


def open_or_closed(day):
    """A line of the calendar: open on weekdays."""
    back = {0: 3, 6: 2}.get(day.weekday(), 1)
    before = day - datetime.timedelta(days=back)
    row = {"exchange": "SSE", "cal_date": f"{day:%Y%m%d}", "is_open": str(int(day.weekday() < 5)), "pretrade_date": f"{before:%Y%m%d}"}
    return json.dumps(row).encode() + b"\n"


def slices(axis):
    """The folder, the slice and the suffix of the name of each answer along an axis."""
    for day in days():
        text = day.isoformat()
        last = (day + datetime.timedelta(days=1)).day == 1
        if axis == "session" and day.weekday() < 5 or axis == "day":
            yield f"date={text}", text, ""
        elif axis == "period" and last and day.month % 3 == 0:
            yield f"end_date={text}", text, ""
        elif axis == "month" and day.day == 1:
            yield f"date={text}", text[:7], "-span"
    if axis == "snapshot":
        yield f"date={LAST}", "snapshot", ""


def thirty_years(binary, folder):
    """The lake, with silver built."""
    lake = folder / "thirty"
    tables = json.loads(kit.must("tables", [binary, "tables", "--format", "json"], folder))
    done = set()
    for table in tables:
        source = table["sources"][0]
        contract = tomllib.loads((SCHEMAS / source["vendor"] / f"{source['interface']}.toml").read_text(encoding="utf-8"))
        kind, axis = contract["type"], contract.get("ask", {}).get("by")
        place = lake / "bronze" / source["vendor"] / kind
        if place in done:
            continue
        done.add(place)
        interface = f"{source['vendor']}/{source['interface']}"
        for inner, slice_, end in slices(axis):
            if slice_ in HOLES and len(table["table"]) % 2:
                continue
            lines, more = b"", {}
            if table["table"] == "trade_cal":
                lines = b"".join(map(open_or_closed, days()))
            if end:
                more = {"months": [slice_]}
            (place / inner).mkdir(parents=True)
            (place / inner / f"{source['interface']}_{STAMP}{end}.jsonl.gz").write_bytes(body(interface, slice_, lines, **more))
    # Some tables mention a key that no row has. A build reports that, and builds the others.
    kit.must("normalize", [binary, "normalize", "--lake", str(lake), "--now", NOW], folder, (0, 3, 4))
    return lake
