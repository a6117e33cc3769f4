use std::sync::Arc;

use crate::Reason;
use crate::hub::error::{FeedError, SubscribeError};

/// How a hub ended.
#[derive(Debug)]
pub(crate) enum End<E> {
    Closed,
    PublisherLost,
    Failed(Arc<E>),
    ShutDown,
}

impl<E> End<E> {
    /// What feeds are told that have read everything.
    pub(crate) fn to_feed_error(&self) -> FeedError<E> {
        match self {
            Self::Closed => FeedError::Closed,
            Self::PublisherLost => FeedError::PublisherLost,
            Self::Failed(error) => FeedError::Failed(Arc::clone(error)),
            Self::ShutDown => FeedError::ForceClosed(Reason::ShuttingDown),
        }
    }

    /// What those are told who come later.
    pub(crate) fn to_subscribe_error(&self) -> SubscribeError<E> {
        match self {
            Self::Closed => SubscribeError::Closed,
            Self::PublisherLost => SubscribeError::PublisherLost,
            Self::Failed(error) => SubscribeError::Failed(Arc::clone(error)),
            Self::ShutDown => SubscribeError::ShuttingDown,
        }
    }
}
