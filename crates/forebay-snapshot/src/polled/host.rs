use std::error::Error;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Instant;

use forebay_core::Sequence;

use crate::{Marker, Message, ProviderEvent};

/// What the loop of a replicated log does for a [`PolledProvider`](crate::PolledProvider).
///
/// It is called while the provider is polled and must not wait for anything: what cannot be done at
/// once is refused, and comes back. [`PolledProvider`](crate::PolledProvider) shows a small one.
pub trait Host<P> {
    /// Returns what time it is.
    fn now(&self) -> Instant;

    /// Has the provider polled again at this time, in place of any time that was named before; with
    /// `None`, at no time.
    ///
    /// This is the one timer of a provider. `Ready` says that the time has come already, or else the
    /// task of `cx` is woken when it comes. A timer of any executor will do that is reset and polled.
    fn poll_timer(&mut self, cx: &mut Context<'_>, at: Option<Instant>) -> Poll<()>;

    /// Returns who this peer is. It never changes.
    fn local_id(&self) -> &P;

    /// Returns who leads, as far as is known.
    fn leader(&self) -> Option<&P>;

    /// Returns whether this peer can put commands into the log.
    ///
    /// A peer that was elected, and cannot do that yet, may say no although it is the leader.
    fn is_leader(&self) -> bool
    where
        P: PartialEq,
    {
        self.leader() == Some(self.local_id())
    }

    /// Returns all members, voters and learners alike: whom to serve.
    ///
    /// It is compared with what was returned before, at each poll.
    fn members(&self) -> &[P];

    /// Returns up to where the log is committed.
    fn committed(&self) -> Sequence;

    /// Puts a marker into the log.
    ///
    /// Where it is applied, on any peer, its state goes to
    /// [`taken`](crate::PolledProvider::taken).
    ///
    /// # Errors
    ///
    /// The marker, if the log does not take it.
    fn feed_command(&mut self, marker: Marker<P>) -> Result<(), Marker<P>>;

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`SendError`] with what is to become of it.
    fn send_to(&mut self, peer: &P, message: Message<P>) -> Result<(), SendError<P>>;

    /// Takes the news of something that an operator may want to know.
    fn event(&mut self, event: ProviderEvent<P>) {
        drop(event);
    }
}

/// A message that was not sent.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError<P> {
    /// There is no room for it now. It is tried again at the next poll, and then a little later.
    Full(Message<P>),
    /// It has more bytes than can be sent to that peer. It gets half of them at once from now on,
    /// until even a single piece does not fit, and then it is told so.
    TooLarge(Message<P>),
    /// That peer cannot be reached. All that was there for it is forgotten.
    Closed,
}

impl<P> fmt::Display for SendError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "there is no room for the message now",
            Self::TooLarge(_) => "message is larger than can be sent to that peer",
            Self::Closed => "peer cannot be reached",
        })
    }
}

impl<P: fmt::Debug> Error for SendError<P> {}
