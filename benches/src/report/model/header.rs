use serde::{Deserialize, Serialize};

/// Where a report comes from: enough to run it again and to judge its figures.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Header {
    /// The exact command line, quoted so that a shell reads it back.
    pub command: String,
    /// The commit of the source, with a mark when the working tree had changes.
    pub commit: String,
    /// The compiler's version line and the profile that was built.
    pub toolchain: String,
    /// The machine that ran it.
    pub machine: Machine,
    /// When the run started, as UTC in RFC 3339; see [`utc`](crate::report::clock::utc).
    pub started_at: String,
    /// Whether the run was stopped before its last round.
    pub interrupted: bool,
    /// What a reader should know before trusting the figures, such as a machine that was busier
    /// than its cores.
    pub warnings: Vec<String>,
    /// Everything that was configured, defaults included, in the order it should be shown.
    pub settings: Vec<Setting>,
}

/// The machine that ran a report.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's model name.
    pub cpu: String,
    /// How many cores the program could use.
    pub cores: u32,
    /// Physical memory in bytes; 0 where it is not known.
    pub memory_bytes: u64,
    /// The operating system and its version.
    pub os: String,
}

/// One thing that was configured.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Setting {
    /// Its name, as the command line spells it.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}
