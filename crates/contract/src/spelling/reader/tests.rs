//! Each kind of field, and the result for every spelling in an answer and in a part.

use super::*;
use proptest::prelude::*;

const WORDS: [&str; 11] = ["nan", "NaN", "NaT", "<NA>", "NULL", "NA", "N/A", "#N/A", "\\N", "--", "-"];

/// A value as text, with the digits of a number.
fn shown(value: Result<Value<'_>, InvalidValue>) -> String {
    match value {
        Ok(Value::Null) => "null".into(),
        Ok(Value::NullWord) => "null word".into(),
        Ok(Value::Text(text) | Value::Wide(text)) => text.into_owned(),
        Ok(Value::Unlisted(text)) => format!("unlisted {text}"),
        Ok(Value::Day(days)) => day::day(days).unwrap().to_string(),
        Ok(Value::Instant(micros)) => micros.to_string(),
        Ok(Value::Flag(flag)) => flag.to_string(),
        Ok(Value::Number(decimal)) => format!("{:?}", decimal.to_f64(0)),
        Err(InvalidValue(reason)) => reason,
    }
}

fn read(kind: FieldType, text: &str) -> [String; 2] {
    [Dialect::Answer, Dialect::Part].map(|dialect| shown(FieldReader::of_type(kind, dialect).read(text)))
}

fn both(kind: FieldType, text: &str) -> String {
    let [answer, part] = read(kind, text);
    assert_eq!(answer, part, "{kind:?} {text}");
    answer
}

const KINDS: [FieldType; 8] = [
    FieldType::Text,
    FieldType::Date,
    FieldType::Number,
    FieldType::Integer,
    FieldType::Flag,
    FieldType::Time,
    FieldType::Epoch,
    FieldType::Symbol,
];

#[test]
fn a_word_for_nothing_is_nothing_but_in_a_number_of_an_answer() {
    for kind in KINDS {
        for text in ["", " ", "\u{3000}", "null", "None"] {
            assert_eq!(both(kind, text), "null", "{kind:?} {text}");
        }
        for word in WORDS {
            let [answer, part] = read(kind, word);
            assert_eq!(part, "null word", "{kind:?} {word}");
            if matches!(kind, FieldType::Number | FieldType::Integer) {
                assert_eq!(answer, format!("invalid number `{word}`: expected decimal digits"));
            } else {
                assert_eq!(answer, "null word", "{kind:?} {word}");
            }
        }
    }
    // A longer text that contains such a word is a text.
    for text in ["N/A ok", "nano", "---", "Nan"] {
        assert_eq!(both(FieldType::Text, text), text);
    }
}

#[test]
fn a_day_is_read_from_every_spelling_and_other_instants_are_rejected() {
    for text in [
        "20240102",
        "2024-01-02",
        "2024/1/2",
        "2024年01月02日",
        "20240102.0",
        " 2024-01-02 ",
        "2024-01-02 00:00:00",
        "2024-01-02T00:00:00.000Z",
        "2024-01-01T16:00:00Z",
    ] {
        assert_eq!(both(FieldType::Date, text), "2024-01-02", "{text}");
    }
    for text in ["1704153600000", "1704153600000000000"] {
        let [answer, part] = read(FieldType::Date, text);
        assert_eq!(part, "2024-01-02");
        assert!(answer.starts_with("invalid date"), "{answer}");
    }
    for text in ["2024-01-02 09:30:00", "2024-01-01T15:00:00Z", "20240230", "soon", "2024", "1.5"] {
        assert_eq!(both(FieldType::Date, text), format!("invalid date `{text}`: expected YYYYMMDD or YYYY-MM-DD"));
    }
    assert_eq!(both(FieldType::Date, "0"), "null");
    assert_eq!(both(FieldType::Date, "0.0"), "null");
    assert_eq!(both(FieldType::Time, "0"), "null");
}

#[test]
fn numbers_of_people_are_read_in_parts_only() {
    for (text, number) in [("1.5", "1.5"), ("-3", "-3.0"), ("1.2505E+03", "1250.5"), (".5", "0.5"), ("-.01", "-0.01")] {
        assert_eq!(both(FieldType::Number, text), number, "{text}");
    }
    for (text, number) in [("1,234", "1234.0"), ("-12,345,678.9", "-12345678.9"), ("999", "999.0"), (" 7 ", "7.0")] {
        assert_eq!(read(FieldType::Number, text)[1], number, "{text}");
    }
    assert!(read(FieldType::Number, "1,234")[0].starts_with("invalid number"));
    for text in
        ["1,23", "1,2345", ",123", "1234,567", "1,234,", "1,,234", "5.", "inf", "-inf", "Infinity", "1.2.3", "0x10"]
    {
        assert_eq!(
            both(FieldType::Number, text),
            format!("invalid number `{text}`: expected decimal digits"),
            "{text}"
        );
    }
    // A percent sign is only allowed in fields that are a share of a whole.
    assert!(read(FieldType::Number, "2.0%")[1].starts_with("invalid number"));
    for (unit, number) in [(Unit::Percent, "2.5"), (Unit::Ratio, "0.025")] {
        let field = field(FieldType::Number, Some(unit), None);
        assert_eq!(shown(FieldReader::of(&field, Dialect::Part).read("2.5%")), number);
        assert!(FieldReader::of(&field, Dialect::Answer).read("2.5%").is_err());
    }
}

#[test]
fn a_number_beyond_reason_is_the_fault_of_one_value() {
    let digits = "3".repeat(400);
    let reason = "invalid number `333333333333333333333333… (400 characters)`: more than 100 digits";
    assert_eq!(both(FieldType::Number, &digits), reason);
    for text in ["1e999999999999", "1e-400"] {
        assert_eq!(both(FieldType::Number, text), format!("invalid number `{text}`: out of range"));
    }
    assert_eq!(both(FieldType::Number, "0.2300000000000004263256"), "0.2300000000000004263256");
}

fn field(kind: FieldType, unit: Option<Unit>, values: Option<(&[&str], bool)>) -> Field {
    let values = values.map(|(values, is_open)| Enumeration {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        is_open,
    });
    Field {
        name: "x".into(),
        kind,
        unit,
        nullable: true,
        description: String::new(),
        formerly: Vec::new(),
        missing: None,
        values,
        default: None,
        param: None,
        hidden: false,
    }
}

#[test]
fn an_enumeration_has_its_values_alone_unless_the_vendor_adds_some() {
    let read = |values: &[&str], is_open: bool, text: &str| {
        let field = field(FieldType::Text, None, Some((values, is_open)));
        shown(FieldReader::of(&field, Dialect::Answer).read(text))
    };
    assert_eq!(read(&["1", "2"], false, "1.0"), "1");
    assert_eq!(read(&["0", "1"], false, "0.0"), "0");
    assert_eq!(read(&["0", "1"], false, "true"), "1");
    assert_eq!(read(&["L", "D"], false, "X"), "invalid value `X`: expected one of L, D");
    assert_eq!(read(&["0", "1"], false, "2"), "invalid value `2`: expected one of 0, 1");
    assert_eq!(read(&["预案", "实施"], true, "完成"), "unlisted 完成");
    assert_eq!(read(&["1", "2"], true, "5.0"), "unlisted 5");
    assert_eq!(read(&["L", "D"], false, "nan"), "null word");
    assert_eq!(read(&["L", "D"], false, ""), "null");
    // An allowed value is not taken for a word for a missing one.
    assert_eq!(read(&["NA", "EU"], false, "NA"), "NA");
}

#[test]
fn flags_and_codes_are_read_or_rejected() {
    assert_eq!((both(FieldType::Flag, "True"), both(FieldType::Flag, " 0.0 ")), ("true".into(), "false".into()));
    assert_eq!(both(FieldType::Flag, "2"), "invalid flag `2`: expected 0, 1, true or false");
    for text in ["sh.600001", "600001", "600001.XSHG", "'600001", "=\"600001\"", " 600001.sh "] {
        assert_eq!(both(FieldType::Symbol, text), "600001.SH", "{text}");
    }
    for text in ["2", ";600001", "../../etc/passwd"] {
        let reason = format!("invalid security code `{text}`: expected a form like 600519.SH");
        assert_eq!(both(FieldType::Symbol, text), reason);
    }
}

proptest! {
    /// Reading a text never panics, and a value that was read is read back as itself.
    #[test]
    fn a_value_that_was_read_is_canonical(text in ".{0,12}", kind in 0..KINDS.len()) {
        for dialect in [Dialect::Answer, Dialect::Part] {
            let reader = FieldReader::of_type(KINDS[kind], dialect);
            match reader.read(&text) {
                Ok(Value::Text(once)) => prop_assert_eq!(reader.read(&once), Ok(Value::Text(once.clone()))),
                Ok(Value::Day(days)) => {
                    let again = day::day(days).unwrap().to_string();
                    prop_assert_eq!(reader.read(&again), Ok(Value::Day(days)));
                }
                _ => {}
            }
        }
    }

    /// A part may use every spelling that an answer may, with the same meaning.
    #[test]
    fn a_part_reads_what_an_answer_does(text in "[-0-9.,/:TZ年月日 %eENAa]{0,14}", kind in 0..KINDS.len()) {
        let [answer, part] = [Dialect::Answer, Dialect::Part].map(|d| FieldReader::of_type(KINDS[kind], d).read(&text));
        if answer.is_ok() {
            prop_assert_eq!(answer, part);
        }
    }
}
