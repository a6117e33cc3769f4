//! The live page as somebody sees it who looks at it in a browser.
//!
//! * It shows what there is, and what changes, without being loaded again.
//! * What others have named stays text.
//! * It says when the service is gone or silent, and goes on when it is back.
//! * It can be read in light and in dark, on a small screen, and aloud.
//! * While nobody looks, nothing is looked at.

mod browser;
mod site;
mod process;
mod looks;
mod shown;
mod gone;
mod rates;
mod telling;
mod picture;
