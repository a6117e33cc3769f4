//! Positions in a stream of changes.
//!
//! * They rise from zero, which lies before the first, to a last one with nothing after it.
//! * They are ordered and written as their numbers, and serialised as plain numbers.

use forebay_core::Sequence;

#[test]
fn zero_is_the_default_and_lies_before_every_other() {
    assert_eq!(Sequence::default(), Sequence::ZERO);
    assert!(Sequence::ZERO < Sequence::new(1));
    assert!(Sequence::new(1) < Sequence::MAX);
}

#[test]
fn next_is_the_position_right_after() {
    assert_eq!(Sequence::ZERO.next(), Some(Sequence::new(1)));
    assert_eq!(Sequence::new(41).next(), Some(Sequence::new(42)));
}

#[test]
fn nothing_comes_after_the_last_position() {
    assert_eq!(Sequence::new(u64::MAX - 1).next(), Some(Sequence::MAX));
    assert_eq!(Sequence::MAX.next(), None);
}

#[test]
fn numbers_go_in_and_come_out() {
    assert_eq!(Sequence::from(7).get(), 7);
    assert_eq!(u64::from(Sequence::new(7)), 7);
}

#[test]
fn text_is_the_number_and_heeds_the_format() {
    assert_eq!(Sequence::new(7).to_string(), "7");
    assert_eq!(format!("{:>4}", Sequence::new(7)), "   7");
}

#[cfg(feature = "serde")]
#[test]
fn serialised_as_a_plain_number() {
    let text = serde_json::to_string(&Sequence::MAX).unwrap();
    assert_eq!(text, u64::MAX.to_string());
    assert_eq!(
        serde_json::from_str::<Sequence>(&text).unwrap(),
        Sequence::MAX
    );
    assert!(serde_json::from_str::<Sequence>("-1").is_err());
}
