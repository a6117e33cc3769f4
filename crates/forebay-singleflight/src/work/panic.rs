use std::any::Any;
use std::sync::Arc;

/// What a panic said, as far as it said it in words.
pub(crate) fn message(payload: &(dyn Any + Send)) -> Arc<str> {
    if let Some(message) = payload.downcast_ref::<&str>() {
        Arc::from(*message)
    } else if let Some(message) = payload.downcast_ref::<String>() {
        Arc::from(message.as_str())
    } else {
        Arc::from("a panic without a message")
    }
}
