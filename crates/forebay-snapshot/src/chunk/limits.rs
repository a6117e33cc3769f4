use crate::ConfigError;
use crate::chunk::index::Index;
use crate::chunk::page::Page;

/// How large a snapshot may be, and a piece of it.
///
/// Peers with other limits can talk to each other as long as their snapshots keep within both.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::Limits;
///
/// let limits = Limits::new().piece_bytes_max(4 << 20).pages_max(100_000);
/// assert_eq!(limits.check(), Ok(()));
/// assert!(limits.piece_bytes_max(1).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    pub(crate) piece_bytes_max: usize,
    pub(crate) pages_max: u32,
}

impl Limits {
    const PIECE_BYTES_DEFAULT: usize = 1 << 20;
    const PAGES_DEFAULT: u32 = 1 << 14;

    /// Creates the limits that are used unless others are given.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Limits;
    ///
    /// assert_eq!(Limits::new().check(), Ok(()));
    /// assert_eq!(Limits::new(), Limits::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            piece_bytes_max: Self::PIECE_BYTES_DEFAULT,
            pages_max: Self::PAGES_DEFAULT,
        }
    }

    /// Sets how many bytes a piece may have, and with it an item; one mebibyte by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Limits;
    ///
    /// // Items of up to eight mebibytes.
    /// let limits = Limits::new().piece_bytes_max(8 << 20);
    /// assert_eq!(limits.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn piece_bytes_max(mut self, bytes: usize) -> Self {
        self.piece_bytes_max = bytes;
        self
    }

    /// Sets how many pages a snapshot may have, each of some megabytes; 16,384 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Limits;
    ///
    /// let limits = Limits::new().pages_max(100);
    /// assert_eq!(limits.check(), Ok(()));
    /// assert!(limits.pages_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn pages_max(mut self, pages: u32) -> Self {
        self.pages_max = pages;
        self
    }

    /// Checks that the largest index and the largest page fit into a piece.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`] and [`ConfigError::TooSmall`] if they do not, and
    /// [`ConfigError::TooLarge`] if the size of a piece could not be said in one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Limits;
    ///
    /// // An index of so many pages is a piece as well.
    /// let limits = Limits::new().pages_max(1 << 20);
    /// assert!(limits.check().is_err());
    /// assert_eq!(limits.piece_bytes_max(64 << 20).check(), Ok(()));
    /// ```
    pub const fn check(&self) -> Result<(), ConfigError> {
        if self.pages_max == 0 {
            return Err(ConfigError::Zero {
                setting: "pages_max",
            });
        }
        let index = Index::bytes_of(self.pages_max);
        let min = if index > Page::BYTES_MAX {
            index
        } else {
            Page::BYTES_MAX
        };
        let setting = "piece_bytes_max";
        if self.piece_bytes_max < min {
            let min = min as u64;
            return Err(ConfigError::TooSmall { setting, min });
        }
        let max = 1 << 30;
        if self.piece_bytes_max as u64 > max {
            return Err(ConfigError::TooLarge { setting, max });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
