use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Limits, Message, WireError};

/// What comes first of a message that postcard has written.
const PLAIN: u8 = 1;

/// What comes first of data, followed by the number of the fetch and then by nothing but the data.
const DATA: u8 = 2;

const DATA_HEAD_LEN: usize = 1 + size_of::<u64>();

/// How many bytes a message without data may have: room for the name of a peer.
const PLAIN_BYTES_MAX: usize = 4 << 10;

/// A message as it is sent: a head that was written for it, and data that is shared with others.
///
/// A transport sends both, one after the other, and says how many bytes they have.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Encoded {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The other bytes, which were not copied; often none.
    pub body: Bytes,
}

impl Encoded {
    /// Returns the most bytes that a frame has under these limits.
    ///
    /// Whoever reads a longer one from a stream need not make room for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Encoded, Limits};
    ///
    /// // A piece, and who asked for it.
    /// let piece_max = 1 << 20;
    /// let limits = Limits::new().piece_bytes_max(piece_max);
    /// assert!(Encoded::len_max(&limits) < piece_max + 16);
    /// ```
    #[must_use]
    pub const fn len_max(limits: &Limits) -> usize {
        let data = limits.piece_bytes_max.saturating_add(DATA_HEAD_LEN);
        if data > PLAIN_BYTES_MAX {
            data
        } else {
            PLAIN_BYTES_MAX
        }
    }

    /// Returns how many bytes it has.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Message, encode};
    ///
    /// let frame = encode(&Message::<u64>::Data { id: 7, bytes: "a chunk".into() })?;
    /// assert_eq!(frame.len(), frame.head.len() + frame.body.len());
    /// # Ok::<(), forebay_snapshot::WireError>(())
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.head.len().saturating_add(self.body.len())
    }

    /// Returns whether it has no bytes, which none that was written has.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Message, encode};
    ///
    /// let frame = encode(&Message::<u64>::Data { id: 7, bytes: "a chunk".into() })?;
    /// assert!(!frame.is_empty());
    /// # Ok::<(), forebay_snapshot::WireError>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies both parts into one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Message, encode};
    ///
    /// let frame = encode(&Message::<u64>::Data { id: 7, bytes: "a chunk".into() })?;
    /// assert_eq!(frame.to_bytes().len(), frame.len());
    /// # Ok::<(), forebay_snapshot::WireError>(())
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.len());
        bytes.extend_from_slice(&self.head);
        bytes.extend_from_slice(&self.body);
        bytes.freeze()
    }
}

/// Writes a message.
///
/// # Errors
///
/// [`WireError::Malformed`] if the name of a peer cannot be serialised, and
/// [`WireError::TooLarge`] if it is too long.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::{Limits, Message, decode, encode};
///
/// # fn main() -> Result<(), forebay_snapshot::WireError> {
/// let message: Message<u64> = Message::Data { id: 7, bytes: "a chunk".into() };
/// let frame = encode(&message)?;
/// assert_eq!(decode(frame.to_bytes(), &Limits::new())?, message);
/// # Ok(())
/// # }
/// ```
pub fn encode<P: Serialize>(message: &Message<P>) -> Result<Encoded, WireError> {
    if let Message::Data { id, bytes } = message {
        let mut head = Vec::with_capacity(DATA_HEAD_LEN);
        head.push(DATA);
        head.extend_from_slice(&id.to_le_bytes());
        let body = bytes.clone();
        return Ok(Encoded { head, body });
    }
    let head = postcard::to_extend(message, vec![PLAIN]).map_err(|_| WireError::Malformed)?;
    check_len(head.len(), PLAIN_BYTES_MAX)?;
    Ok(Encoded {
        head,
        body: Bytes::new(),
    })
}

/// Reads a message; data is shared with the frame.
///
/// # Errors
///
/// [`WireError::TooLarge`] before anything of it is read, [`WireError::Version`], and
/// [`WireError::Malformed`] if the frame is not exactly one message.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::{Limits, Message, WireError, decode};
///
/// let limits = Limits::new();
/// let frame = "no message".into();
/// assert_eq!(decode::<u64>(frame, &limits), Err::<Message<u64>, _>(WireError::Version));
/// ```
pub fn decode<P: DeserializeOwned>(
    mut frame: Bytes,
    limits: &Limits,
) -> Result<Message<P>, WireError> {
    match frame.first() {
        Some(&DATA) => {
            check_len(frame.len(), Encoded::len_max(limits))?;
            let head = frame.first_chunk::<DATA_HEAD_LEN>();
            let [_, id @ ..] = head.ok_or(WireError::Malformed)?;
            let id = u64::from_le_bytes(*id);
            let bytes = frame.split_off(DATA_HEAD_LEN);
            Ok(Message::Data { id, bytes })
        }
        Some(&PLAIN) => {
            check_len(frame.len(), PLAIN_BYTES_MAX)?;
            match postcard::take_from_bytes(&frame[1..]) {
                // Data has a frame of its own, so that there is one way to write each message.
                Ok((Message::Data { .. }, _)) | Err(_) => Err(WireError::Malformed),
                Ok((message, [])) => Ok(message),
                Ok(_) => Err(WireError::Malformed),
            }
        }
        _ => Err(WireError::Version),
    }
}

const fn check_len(len: usize, max: usize) -> Result<(), WireError> {
    if len > max {
        return Err(WireError::TooLarge { len, max });
    }
    Ok(())
}
