use serde::Serialize;

use crate::{Build, PieceError, StateError};

/// Reads the items of a chunk and adds them to a state.
pub(crate) fn decode_items<B>(
    mut bytes: &[u8],
    items: u32,
    builder: &mut B,
) -> Result<(), PieceError>
where
    B: Build,
    B::Item: serde::de::DeserializeOwned,
{
    for _ in 0..items {
        let (item, rest) = postcard::take_from_bytes(bytes).map_err(|_| PieceError::Items)?;
        builder.push(item).map_err(|_| PieceError::Items)?;
        bytes = rest;
    }
    if bytes.is_empty() {
        Ok(())
    } else {
        Err(PieceError::Items)
    }
}

/// Writes one value behind what is there already.
pub(crate) fn encode_item(value: &impl Serialize, bytes: &mut Vec<u8>) -> Result<(), StateError> {
    struct Tail<'a>(&'a mut Vec<u8>);

    impl postcard::ser_flavors::Flavor for Tail<'_> {
        type Output = ();

        fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(data);
            Ok(())
        }

        fn try_push(&mut self, data: u8) -> postcard::Result<()> {
            self.0.push(data);
            Ok(())
        }

        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }

    postcard::serialize_with_flavor(value, Tail(bytes)).map_err(|_| StateError::Serialize)
}

/// Writes so many items, one after the other.
pub(crate) fn encode_items(
    entries: impl Iterator<Item = impl Serialize>,
    items: u64,
    bytes: &mut Vec<u8>,
) -> Result<(), StateError> {
    let items = usize::try_from(items).unwrap_or(usize::MAX);
    for entry in entries.take(items) {
        encode_item(&entry, bytes)?;
    }
    Ok(())
}
