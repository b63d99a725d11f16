//! Amounts (rule 5).

use std::collections::HashSet;

use trusthooks::Money;

use super::{
    money,
    places::{MONEY, Outcome::Mismatch, check, fits},
};

fn read(json: &str) -> Option<Money> {
    serde_json::from_str(json).ok()
}

#[test]
fn money_in_events() {
    check(
        MONEY,
        &[
            ("249.00", fits(249)),
            ("249", fits(249)),
            ("-249", fits(-249)),
            (r#""249.00""#, fits(249)),
            (r#"" 12.50""#, fits(12.5)),
            (r#""12.50\n""#, fits(12.5)),
            (r#""+12.50""#, fits(12.5)),
            ("60.599999999999994", fits(60.6)),
            ("159.99000000000001", fits(159.99)),
            ("0.1", fits(0.1)),
            ("-0.0", fits(0)),
            ("18446744073709551615", fits(u64::MAX)),
            (r#""1234567890123.4567""#, fits("1234567890123.4567")),
            ("9007199254740992.0", Mismatch),
            ("-9007199254740992.0", Mismatch),
            ("18446744073709551616", Mismatch),
            ("1e22", Mismatch),
            ("1e-300", Mismatch),
            (r#""1,234.50""#, Mismatch),
            (r#""1.234,50""#, Mismatch),
            (r#""1 234.50""#, Mismatch),
            (r#""1'234.50""#, Mismatch),
            (r#""12,50""#, Mismatch),
            (r#""$12.50""#, Mismatch),
            (r#""12.50 EUR""#, Mismatch),
            (r#""12.50€""#, Mismatch),
            (r#""free""#, Mismatch),
            ("true", Mismatch),
            ("[12.5]", Mismatch),
            (r#"{"amount":12.5}"#, Mismatch),
        ],
    );
}

#[test]
fn money_keeps_its_cents() {
    for (json, shown, cents) in [
        ("249.00", "249", Some(24_900)),
        ("\"249.00\"", "249", Some(24_900)),
        ("159.99", "159.99", Some(15_999)),
        ("159.99000000000001", "159.99", Some(15_999)),
        ("60.599999999999994", "60.6", Some(6_060)),
        ("60.599999999999", "60.599999999999", None),
        ("\"159.990\"", "159.99", Some(15_999)),
        ("0.1", "0.1", Some(10)),
        // 0.1 + 0.2, and 1.1 * 3
        ("0.30000000000000004", "0.3", Some(30)),
        ("3.3000000000000003", "3.3", Some(330)),
        ("-0.05", "-0.05", Some(-5)),
        ("-0", "0", Some(0)),
        ("-0.0", "0", Some(0)),
        ("\"-0.00\"", "0", Some(0)),
        ("9999999999999.99", "9999999999999.99", Some(999_999_999_999_999)),
        // 15 digits of a float, all digits of a text
        ("0.1234567890123456", "0.123456789012346", None),
        ("\"0.1234567890123456\"", "0.1234567890123456", None),
        ("\"0.001\"", "0.001", None),
        ("1e3", "1000", Some(100_000)),
        ("\"1.5E+3\"", "1500", Some(150_000)),
        ("\"15e-1\"", "1.5", Some(150)),
        ("\".5\"", "0.5", Some(50)),
        ("\"5.\"", "5", Some(500)),
        ("\" 1\"", "1", Some(100)),
        ("\"+1\"", "1", Some(100)),
        ("\"000012.3400\"", "12.34", Some(1_234)),
        ("9007199254740993", "9007199254740993", Some(900_719_925_474_099_300)),
        ("\"9007199254740993.0\"", "9007199254740993", Some(900_719_925_474_099_300)),
        ("18446744073709551615", "18446744073709551615", None),
        (
            "\"12345678901234567890.123456789012345678\"",
            "12345678901234567890.123456789012345678",
            None,
        ),
        ("\"0e99999999999999999999999\"", "0", Some(0)),
    ] {
        let money = read(json).unwrap_or_else(|| panic!("{json}"));
        assert_eq!(money.to_string(), shown, "{json}");
        assert_eq!(money.minor_units(2), cents, "{json}");
        let again = read(&serde_json::to_string(&money).unwrap());
        assert_eq!(again, Some(money), "{json}");
    }
    for json in [
        "true",
        "null",
        "[]",
        "{}",
        "\"\"",
        "\" \"",
        "\"-\"",
        "\".\"",
        "\"1,5\"",
        "\"1.2.3\"",
        "\"--1\"",
        "\"+-1\"",
        "\"- 1\"",
        "\"1e\"",
        "\"e1\"",
        "\"1e1.5\"",
        "\"inf\"",
        "\"NaN\"",
        "\"1e39\"",
        "\"1e-39\"",
        "1e300",
        "1e-300",
        "1e400",
        "9007199254740992.0",
        "1e16",
        "\"1e999999999999999999999\"",
        "\"1e-999999999999999999999\"",
        "\"0x10\"",
        "\"123456789012345678901234567890123456789\"",
    ] {
        assert!(read(json).is_none(), "{json}");
    }
}

#[test]
fn thirty_eight_digits() {
    let parse = |text: &str| text.parse::<Money>().is_ok();
    assert!(parse(&"9".repeat(38)));
    assert!(!parse(&"9".repeat(39)));
    assert!(parse("1e37"));
    assert!(!parse("1e38"));
    let fraction = |zeros: usize| format!("0.{}1", "0".repeat(zeros));
    assert!(parse(&fraction(37)));
    assert!(!parse(&fraction(38)));
    assert!(parse(&format!("{}.{}", "9".repeat(20), "9".repeat(18))));
    assert!(!parse(&format!("{}.{}", "9".repeat(20), "9".repeat(19))));
}

#[test]
fn equality_and_spelling() {
    let money = |text: &str| text.parse::<Money>().unwrap();
    assert_eq!(money("1.10"), money("1.1"));
    assert_eq!(money("0"), money("-0.00"));
    assert_eq!(money("1e2"), Money::from(100));
    assert_ne!(money("1.10"), money("1.11"));
    assert_ne!(money("1"), money("-1"));
    let set: HashSet<_> = ["1.10", "1.1", "+1.100", "11e-1"].into_iter().map(money).collect();
    assert_eq!(set.len(), 1);
    assert_eq!(format!("{:.2}", money("-249")), "-249.00");
    assert_eq!(format!("{:.2}", money("1.005")), "1.005");
    assert_eq!(format!("{:.2}", money("1.5")), "1.50");
    assert_eq!(money("1.5").minor_units(0), None);
    assert_eq!(money("1500").minor_units(0), Some(1500));
    assert_eq!(money("1.5").minor_units(3), Some(1500));
    assert_eq!(money("1").minor_units(255), None);
    assert_eq!(money("0").minor_units(255), Some(0));
    assert_eq!(money("92233720368547758.07").minor_units(2), Some(i64::MAX));
    assert_eq!(money("-92233720368547758.08").minor_units(2), Some(i64::MIN));
    assert_eq!(money("92233720368547758.08").minor_units(2), None);
    assert_eq!(money("-0"), Money::from(0));
    assert_eq!(money("-249"), Money::from(-249));
    for odd in ["1e5x", "1e", "0e", "0e5x"] {
        assert!(odd.parse::<Money>().is_err(), "{odd}");
    }
    let written = |text: &str| serde_json::to_string(&money(text)).unwrap();
    assert_eq!(written("159.99"), "159.99");
    assert_eq!(written("249.00"), "249");
    assert_eq!(written("18446744073709551615"), "18446744073709551615");
    assert_eq!(written("1234567890123.4567"), "\"1234567890123.4567\"");
}

#[test]
fn decimals() {
    let decimal = |text: &str| money(text).unwrap().to_decimal().map(|it| it.to_string());
    for exact in ["159.99", "-0.05", "0", "249", "-1.5", "79228162514264337593543950335"] {
        assert_eq!(decimal(exact).as_deref(), Some(exact));
    }
    let cents = money("159.990").unwrap().to_decimal().unwrap();
    assert_eq!((cents.mantissa(), cents.scale()), (15_999, 2));
    assert_eq!(decimal("1e-28"), Some(format!("0.{}1", "0".repeat(27))));
    assert_eq!(decimal(&"9".repeat(28)), Some("9".repeat(28)));
    // Nothing is rounded.
    assert_eq!(decimal("1e-29"), None);
    assert_eq!(decimal(&"9".repeat(30)), None);
    assert_eq!(decimal("12345678901234567890.123456789012345678"), None);
}

#[test]
fn long_amounts_take_no_time() {
    let zeros = "0".repeat(5_000_000);
    assert_eq!(format!("1.{zeros}").parse(), Ok(Money::from(1)));
    assert_eq!(format!("{zeros}7").parse(), Ok(Money::from(7)));
    assert_eq!(format!("1{zeros}e-5000000").parse(), Ok(Money::from(1)));
    assert_eq!(format!("0e{}", "9".repeat(5_000_000)).parse(), Ok(Money::from(0)));
    assert!(format!("1{zeros}").parse::<Money>().is_err());
    assert!(format!("0.{zeros}1").parse::<Money>().is_err());
    assert!("9".repeat(5_000_000).parse::<Money>().is_err());
}
