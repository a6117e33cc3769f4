use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{Ambiguity, NotCanonical, canonical, write_number};
use crate::json::parse;

/// The bits of doubles and how ECMAScript writes them, as another program has printed them.
const NUMBERS: &str = include_str!("../../../tests/golden/numbers.txt");

fn strict(text: &str) -> Result<String, NotCanonical> {
    canonical(&parse(text).unwrap(), Ambiguity::Refused)
}

fn lenient(text: &str) -> Result<String, NotCanonical> {
    canonical(&parse(text).unwrap(), Ambiguity::Resolved)
}

fn written(number: f64) -> String {
    let mut out = String::new();
    write_number(number, &mut out);
    out
}

#[test]
fn numbers_are_written_as_ecmascript_does() {
    let mut count = 0;
    for line in NUMBERS.lines() {
        let (bits, expected) = line.split_once(' ').unwrap();
        let number = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(written(number), expected, "{bits}");
        count += 1;
    }
    assert!(count > 400, "{count}");
}

/// Those that the appendix of RFC 8785 lists.
#[test]
fn numbers_are_written_as_the_standard_lists_them() {
    for (bits, expected) in [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        assert_eq!(written(f64::from_bits(bits)), expected, "{bits:x}");
    }
}

#[test]
fn names_are_in_the_order_of_their_utf_16_units() {
    let text =
        r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude02":5,"\u0080":6,"\u00f6":7,"":8}"#;
    let expected = "{\"\":8,\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\
                    \"\u{1f602}\":5,\"\u{fb33}\":3}";
    assert_eq!(strict(text).as_deref(), Ok(expected));
}

#[test]
fn strings_have_the_fewest_escapes() {
    let text = r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/\u2028\u007f\b\t\f\r""#;
    let expected = "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{2028}\u{7f}\\b\\t\\f\\r\"";
    assert_eq!(strict(text).as_deref(), Ok(expected));
}

#[test]
fn whole_numbers_are_exact_up_to_2_to_the_53() {
    for text in [
        "9007199254740992",
        "-9007199254740992",
        "9007199254740991",
        "0",
        "-0",
    ] {
        assert!(strict(text).is_ok(), "{text}");
    }
    for text in [
        "9007199254740993",
        "-9007199254740993",
        "9007199254740992.0",
        "9007199254740993.0",
        "9007199254740992e0",
        "90071992547409920e-1",
        "18446744073709551615",
        "1e16",
        "-1e300",
        "1e400",
        "9007199254740992.5",
    ] {
        let refused = NotCanonical::Number(text.to_owned());
        assert_eq!(strict(text), Err(refused.clone()), "{text}");
        assert_eq!(
            strict(&format!("[{{\"a\":{text}}}]")),
            Err(refused),
            "{text}"
        );
    }
}

#[test]
fn large_numbers_are_rounded_where_that_is_asked_for() {
    for (text, expected) in [
        ("9007199254740993", "9007199254740992"),
        ("18446744073709551615", "18446744073709552000"),
        ("18446744073709551614", "18446744073709552000"),
        ("-1e300", "-1e+300"),
        ("1e16", "10000000000000000"),
    ] {
        assert_eq!(lenient(text).as_deref(), Ok(expected), "{text}");
    }
    assert!(lenient("1e400").is_err());
}

#[test]
fn a_name_that_comes_twice_is_refused_or_counts_as_the_last() {
    let text = r#"{"b":0,"a":1,"\u0061":2,"c":{"a":3}}"#;
    assert_eq!(strict(text), Err(NotCanonical::Name("a".to_owned())));
    let expected = r#"{"a":2,"b":0,"c":{"a":3}}"#;
    assert_eq!(lenient(text).as_deref(), Ok(expected));
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same_double(number in any::<f64>()) {
        if number.is_finite() {
            let read: f64 = written(number).parse().unwrap();
            prop_assert_eq!(read, number);
        }
    }

    #[test]
    fn every_exact_whole_number_is_itself(number in -(1_i64 << 53)..=1 << 53) {
        prop_assert_eq!(strict(&number.to_string()), Ok(number.to_string()));
    }

    /// Then two of them could be one to a double.
    #[test]
    fn no_larger_whole_number_is_taken(number in (1_u64 << 53) + 1..=u64::MAX) {
        let whole = number.to_string();
        for text in ["-".to_owned() + &whole, whole.clone() + ".0", whole] {
            prop_assert!(strict(&text).is_err());
        }
    }
}
