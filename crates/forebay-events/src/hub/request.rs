use std::fmt;
use std::sync::Arc;

use forebay_core::Cursor;

use crate::hub::topic::Topic;

/// What a subscriber asks for: what to follow, where it was, and by which right.
///
/// # Examples
///
/// ```
/// use forebay_events::{Request, Token};
///
/// let session = Token::from("session 7");
/// let one = Request::new("health").key("web").token(&session);
/// let all = Request::<&str>::new("health");
/// # let _ = (one, all);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Request<K> {
    pub(crate) topic: Topic,
    pub(crate) key: Option<K>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) token: Option<Token>,
}

impl<K> Request<K> {
    /// Begins a request for everything in `topic`.
    ///
    /// # Examples
    ///
    /// See [`Request`].
    pub fn new(topic: impl Into<Topic>) -> Self {
        Self {
            topic: topic.into(),
            key: None,
            cursor: None,
            token: None,
        }
    }

    /// Asks for the changes of one key only.
    ///
    /// # Examples
    ///
    /// See [`Request`].
    pub fn key(mut self, key: K) -> Self {
        self.key = Some(key);
        self
    }

    /// Goes on strictly after `cursor`, which came from a feed of the same topic and key.
    ///
    /// Where that is not possible any more the feed begins with
    /// [`NewSnapshot`](crate::Frame::NewSnapshot).
    ///
    /// # Examples
    ///
    /// See [`Feed`](crate::Feed).
    pub const fn resume(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Lets [`Hub::force_close`](crate::Hub::force_close) of this token end the feed.
    ///
    /// # Examples
    ///
    /// See [`Request`].
    pub fn token(mut self, token: &Token) -> Self {
        self.token = Some(token.clone());
        self
    }
}

/// A right that can be revoked, by the name that the user gave it: a session, an access token.
///
/// It is told apart by its name. Its `Debug` form does not show the name, which may be a secret.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Token(Arc<str>);

impl Token {
    /// Creates the token of this name.
    ///
    /// # Examples
    ///
    /// See [`Request`].
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl From<&str> for Token {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Token {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}
