use std::any::Any;
use std::sync::Arc;

/// Returns what a panic said, as far as it said it in words.
///
/// For those who share the outcome of a load that panicked: the payload itself can go to one of
/// them only.
///
/// # Examples
///
/// ```
/// let payload = std::panic::catch_unwind(|| panic!("out of keys")).unwrap_err();
/// assert_eq!(&*forebay_rt::panic_message(&*payload), "out of keys");
/// // A payload of another type has no words.
/// assert_eq!(&*forebay_rt::panic_message(&7), "a panic without a message");
/// ```
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> Arc<str> {
    if let Some(message) = payload.downcast_ref::<&str>() {
        Arc::from(*message)
    } else if let Some(message) = payload.downcast_ref::<String>() {
        Arc::from(message.as_str())
    } else {
        Arc::from("a panic without a message")
    }
}
