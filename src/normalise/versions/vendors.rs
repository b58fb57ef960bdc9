//! Versions of two vendors: what one showed is a look for the other.

use crate::normalise::{Builder, Input, Partition};
use crate::spec::{Catalog, InterfaceId};
use arrow::array::AsArray as _;
use arrow::datatypes::{Date32Type, Float64Type};

/// Each version as `vendor income known basis`; answers are `(vendor, day, income)`.
fn versions(answers: &[(&str, &str, &str)]) -> Vec<String> {
    let catalog = Catalog::load(&[], None).unwrap().0;
    let table = catalog.table("income_cn").unwrap();
    let mut builder = Builder::new(table, Partition::Year(2023));
    for (number, (vendor, day, income)) in answers.iter().enumerate() {
        let path = format!("file {number}").leak();
        let observed = Some(format!("{day}T12:00:00Z").parse().unwrap());
        let (id, asked, slash, quote) = match *vendor {
            "tushare" => ("tushare/income_vip", vec![("period", "20231231"), ("report_type", "1")], "", ""),
            _ => (
                "asharehub/financials_income",
                vec![("start_date", "2023-12-31"), ("end_date", "2023-12-31")],
                "-",
                "\"",
            ),
        };
        let calls = vec![asked.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()];
        let (announced, period) = (["2024", "04", "20"].join(slash), ["2023", "12", "31"].join(slash));
        let line = format!(
            r#"{{"ts_code":"600001.SH","ann_date":"{announced}","f_ann_date":"{announced}","end_date":"{period}","report_type":"1","n_income":{quote}{income}{quote}}}"#
        );
        let source = table.source(&InterfaceId::parse(id).unwrap()).unwrap();
        builder.add(Input { observed, calls: &calls, ..Input::new(path, source) }, line.as_bytes()).unwrap();
    }
    let batch = builder.finish(&|_| None).unwrap().batch;
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let one = |row: usize| {
        let (vendor, basis) = (column("vendor").as_string::<i32>(), column("known_basis").as_string::<i32>());
        let known = column("known_on").as_primitive::<Date32Type>().value_as_date(row).unwrap();
        let income = column("n_income").as_primitive::<Float64Type>().value(row);
        format!("{} {income} {known} {}", vendor.value(row), basis.value(row))
    };
    (0..batch.num_rows()).map(one).collect()
}

#[test]
fn a_first_answer_is_known_as_the_version_of_another_vendor_that_still_stands() {
    let equal = [("asharehub", "2024-05-01", "100"), ("tushare", "2024-10-01", "100.0")];
    let expected = ["tushare 100 2024-04-20 announced", "asharehub 100 2024-04-20 announced"];
    assert_eq!(versions(&equal), expected);
    // The other vendor changed the figure in between: the change was observed in August, not in April.
    let changed =
        [("asharehub", "2024-05-01", "100"), ("asharehub", "2024-08-01", "999"), ("tushare", "2024-10-01", "999")];
    let expected =
        ["tushare 999 2024-08-01 observed", "asharehub 100 2024-04-20 announced", "asharehub 999 2024-08-01 observed"];
    assert_eq!(versions(&changed), expected);
}

#[test]
fn a_first_answer_that_shows_other_figures_than_another_vendor_is_known_when_seen() {
    let differs = [("asharehub", "2024-05-01", "100"), ("tushare", "2024-10-01", "90")];
    let expected = ["tushare 90 2024-10-01 observed", "asharehub 100 2024-04-20 announced"];
    assert_eq!(versions(&differs), expected);
    // What the other vendor showed earlier and no longer does is not standing.
    let former =
        [("asharehub", "2024-05-01", "100"), ("asharehub", "2024-08-01", "999"), ("tushare", "2024-10-01", "100")];
    assert_eq!(versions(&former)[0], "tushare 100 2024-10-01 observed");
}
