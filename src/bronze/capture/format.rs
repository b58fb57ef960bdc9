//! Detects a file's format from its first bytes. Does not look at rows.

/// A supported format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// CSV or JSON.
    Text,
    /// Parquet.
    Parquet,
    /// Arrow's file format, also known as Feather.
    Feather,
    /// Arrow's stream format.
    ArrowStream,
}

/// A format that is recognised but not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsupported {
    pub(super) name: &'static str,
    pub(super) way_out: &'static str,
}

const UNPACK: &str = "decompress it first, or compress it with gzip";
const SAVE: &str = "save it as CSV, JSON lines, Parquet or Feather";

/// First bytes, name of the format, and what to do instead.
const UNSUPPORTED: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "gzip data inside gzip data", "decompress it once"),
    (b"BZh", "bzip2", UNPACK),
    (b"\xfd7zXZ\0", "xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "zstd", UNPACK),
    (b"\x04\x22\x4d\x18", "lz4", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"PK\x03\x04", "a zip archive or an Excel sheet", "unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel sheet (xls)", "save it as CSV"),
    (b"\x89HDF\r\n\x1a\n", "HDF5", SAVE),
    (b"FEA1", "Feather of version 1", "save it again with a current version of pandas or pyarrow"),
    (b"ORC", "ORC", SAVE),
    (b"Obj\x01", "Avro", SAVE),
    (b"\x93NUMPY", "a NumPy array", SAVE),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"\xff\xfe", "text in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "save it as UTF-8"),
];

/// The format of a file that is not compressed, or was decompressed.
pub(super) fn of(body: &[u8]) -> Result<Format, Unsupported> {
    if body.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if body.starts_with(b"ARROW1") {
        return Ok(Format::Feather);
    }
    if body.starts_with(b"\xff\xff\xff\xff") {
        return Ok(Format::ArrowStream);
    }
    // Protocols 2 to 5. Older ones are text.
    if matches!(body, [0x80, 2..=5, ..]) {
        return Err(Unsupported { name: "a Python pickle", way_out: SAVE });
    }
    let found = UNSUPPORTED.iter().find(|(magic, _, _)| body.starts_with(magic));
    found.map_or(Ok(Format::Text), |&(_, name, way_out)| Err(Unsupported { name, way_out }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_named_by_its_first_bytes() {
        for (body, name) in [
            (&b"BZh91AY"[..], "bzip2"),
            (b"\xfd7zXZ\0\0\x04", "xz"),
            (b"PK\x03\x04\x14", "a zip archive or an Excel sheet"),
            (b"\x28\xb5\x2f\xfd\x04", "zstd"),
            (b"\x80\x04\x95", "a Python pickle"),
            (b"\x1f\x8b\x08", "gzip data inside gzip data"),
            (b"\xff\xfet\0s\0", "text in UTF-16"),
        ] {
            assert_eq!(of(body).unwrap_err().name, name);
        }
        for (body, format) in [
            (&b"ts_code,trade_date\n"[..], Format::Text),
            (b"", Format::Text),
            ("代码\n".as_bytes(), Format::Text),
            (b"PAR1\x15", Format::Parquet),
            (b"ARROW1\0\0", Format::Feather),
            (b"\xff\xff\xff\xff\x10", Format::ArrowStream),
        ] {
            assert_eq!(of(body), Ok(format));
        }
    }
}
