//! What every `CheckpointStore` must do.
//!
//! * [`Subject`], how the checks come by stores: the only thing to be written.
//! * [`violations`], which runs every named check and returns a [`Violation`] for each that is
//!   broken.
//! * [`replay`], which carries out a [`Script`], made of [`Step`]s and [`Position`]s, on a store and on a naive model, and compares every
//!   answer. Scripts are made from any bytes, so property tests and fuzzers find and shrink them.
//!
//! Each check begins with a store of its own. Those that need several handles, claims, or that a
//! store outlasts its process, pass where the subject says that there is no such thing.

mod cancelling;
mod claiming;
mod committing;
mod committing_many;
mod found;
mod model;
mod removing;
mod replay;
mod resetting;
mod script;
mod sharing;
mod subject;
mod surviving;

pub use self::found::Violation;
pub use self::replay::replay;
pub use self::script::{Position, Script, Step};
pub use self::subject::Subject;

/// Runs these checks one after the other and collects what they find.
macro_rules! run {
    ($subject:expr, $($module:ident::{$($check:ident),* $(,)?})*) => {{
        let mut violations = Vec::new();
        $($(
            if let Err(found) = $module::$check($subject).await {
                violations.push(Violation::new(stringify!($check), found));
            }
        )*)*
        violations
    }};
}

/// Runs every check and returns what is broken, in the order of the checks.
///
/// # Panics
///
/// Where the store panics.
///
/// # Cancel safety
///
/// Dropping the future leaves stores behind in the middle of a check, and nothing else.
///
/// # Examples
///
/// See [`Subject`].
pub async fn violations<S: Subject>(subject: &S) -> Vec<Violation> {
    run!(subject,
        committing::{
            nothing_is_stored_under_a_new_key,
            a_first_commit_advances_from_nothing,
            zero_advances_where_nothing_is_stored,
            a_higher_commit_advances,
            a_lower_commit_changes_nothing,
            of_equal_sequences_the_first_stays,
            zero_and_the_last_sequence_are_legal,
            event_ids_are_kept_as_they_are,
            a_commit_in_another_log_is_refused,
            keys_do_not_touch_each_other,
            keys_that_differ_in_one_bit_are_different,
        }
        committing_many::{
            no_commits_are_no_failure,
            many_are_answered_in_their_order,
            many_of_one_key_see_each_other,
            one_that_is_refused_keeps_the_others_out,
            one_in_two_logs_is_refused_in_itself,
        }
        removing::{
            a_removed_key_is_gone,
            removing_returns_what_was_stored,
            removing_a_new_key_is_no_failure,
            a_commit_after_removal_may_be_lower,
            a_commit_after_removal_may_be_in_another_log,
        }
        resetting::{
            a_reset_goes_back,
            a_reset_goes_over_to_another_log,
            a_reset_of_a_new_key_stores_it,
            a_reset_to_what_is_stored_changes_its_event_id,
            commits_go_on_from_a_reset,
        }
        sharing::{
            what_one_handle_commits_another_one_does_not_undo,
            what_one_handle_removes_no_other_one_brings_back,
            what_one_handle_resets_no_other_one_undoes,
            a_handle_removes_what_it_has_never_seen,
            a_lower_commit_by_another_handle_changes_nothing,
        }
        surviving::{
            what_was_acknowledged_survives,
            what_was_removed_stays_removed,
            what_was_reset_stays_reset,
        }
        cancelling::{
            a_future_that_was_never_polled_has_done_nothing,
            what_was_dropped_after_a_poll_happened_whole_or_not_at_all,
        }
        claiming::{
            a_claim_commits,
            a_claim_does_not_move_the_position,
            a_later_claim_fences_an_earlier_one,
            a_claim_is_not_fenced_by_the_end_of_one_before_it,
            a_reset_fences_claims,
            a_removal_fences_claims,
            a_removal_of_a_new_key_fences_its_claims,
            commits_without_a_claim_neither_fence_nor_are_fenced,
            a_claim_is_fenced_where_it_would_change_nothing,
            claims_of_other_keys_are_not_fenced,
            tokens_rise_over_removals_and_releases,
            claims_survive_as_fences,
        }
    )
}
