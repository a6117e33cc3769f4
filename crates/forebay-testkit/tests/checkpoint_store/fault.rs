use std::error::Error;
use std::fmt;

use forebay_core::{Checkpoint, Outcome, StoreError};

/// Declares the faults, each with the check that it breaks, and whether scripts find it too.
macro_rules! faults {
    ($($fault:ident breaks $check:ident, scripts: $found:literal;)*) => {
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Fault {
            $($fault,)*
        }

        impl Fault {
            pub(crate) const ALL: &[(Self, &str, bool)] =
                &[$((Self::$fault, stringify!($check), $found)),*];
        }
    };
}

faults! {
    AbsentIsZero breaks nothing_is_stored_under_a_new_key, scripts: true;
    PreviousIsZero breaks a_first_commit_advances_from_nothing, scripts: true;
    ZeroIsNothing breaks zero_advances_where_nothing_is_stored, scripts: true;
    ZeroIsAbsent breaks zero_is_a_position_as_any, scripts: true;
    PreviousIsForgotten breaks a_higher_commit_advances, scripts: true;
    LowerAdvances breaks a_lower_commit_changes_nothing, scripts: true;
    EqualAdvances breaks of_equal_sequences_the_first_stays, scripts: true;
    LastIsIgnored breaks zero_and_the_last_sequence_are_legal, scripts: true;
    EmptyEventIdIsNone breaks event_ids_are_kept_as_they_are, scripts: false;
    LogIsIgnored breaks a_commit_in_another_log_is_refused, scripts: true;
    OtherLogIsUnnamed breaks a_commit_in_another_log_is_refused, scripts: true;
    OutcomeIsUnknown breaks a_commit_in_another_log_is_refused, scripts: false;
    KeysShareAPlace breaks keys_do_not_touch_each_other, scripts: true;
    KeysAreCut breaks keys_that_differ_in_one_bit_are_different, scripts: false;
    NothingIsRefused breaks no_commits_are_no_failure, scripts: true;
    AnswersAreReversed breaks many_are_answered_in_their_order, scripts: true;
    ManyAreBlind breaks many_of_one_key_see_each_other, scripts: true;
    ManyArePartial breaks one_that_is_refused_keeps_the_others_out, scripts: true;
    PartsAreDenied breaks what_is_refused_says_whether_a_part_happened, scripts: true;
    ManyAreCut breaks a_thousand_are_committed_in_one_call, scripts: false;
    ManyStopHalfway breaks what_was_dropped_after_a_poll_happened_whole_or_not_at_all, scripts: false;
    RemovalDoesNothing breaks a_removed_key_is_gone, scripts: true;
    RemovalIsSilent breaks removing_returns_what_was_stored, scripts: true;
    RemovalNeedsAKey breaks removing_a_new_key_is_no_failure, scripts: true;
    RemovalLeavesAMark breaks a_commit_after_removal_may_be_lower, scripts: true;
    RemovalKeepsTheLog breaks a_commit_after_removal_may_be_in_another_log, scripts: true;
    ResetOnlyAdvances breaks a_reset_goes_back, scripts: true;
    LastStays breaks a_reset_comes_back_from_the_last_sequence, scripts: true;
    ResetKeepsTheLog breaks a_reset_goes_over_to_another_log, scripts: true;
    ResetNeedsAKey breaks a_reset_of_a_new_key_stores_it, scripts: true;
    ResetSkipsTheSame breaks a_reset_to_what_is_stored_changes_its_event_id, scripts: true;
    ResetLeavesAMark breaks commits_go_on_from_a_reset, scripts: true;
    HandlesWriteAllTheyKnow breaks what_one_handle_commits_another_one_does_not_undo, scripts: true;
    HandlesMergeByMaximum breaks what_one_handle_removes_no_other_one_brings_back, scripts: true;
    HandlesRemoveWhatTheyKnow breaks a_handle_removes_what_it_has_never_seen, scripts: true;
    HandlesTrustTheirMemory breaks a_lower_commit_by_another_handle_changes_nothing, scripts: true;
    HandlesEndTogether breaks a_handle_that_is_dropped_takes_nothing_along, scripts: false;
    NothingSurvives breaks what_was_acknowledged_survives, scripts: true;
    ManyDoNotSurvive breaks many_survive_together, scripts: true;
    RemovalsAreUndone breaks what_was_removed_stays_removed, scripts: true;
    ResetsAreUndone breaks what_was_reset_stays_reset, scripts: true;
    CommitsAreEager breaks a_future_that_was_never_polled_has_done_nothing, scripts: false;
    DroppedChangesComeLate breaks what_was_dropped_is_not_made_up_for_later, scripts: false;
    ClaimsAreFencedAtOnce breaks a_claim_commits, scripts: true;
    ClaimsForget breaks a_claim_does_not_move_the_position, scripts: true;
    ClaimsAreShared breaks a_later_claim_fences_an_earlier_one, scripts: true;
    ClaimsEndTogether breaks a_claim_is_not_fenced_by_the_end_of_one_before_it, scripts: true;
    ResetsKeepClaims breaks a_reset_fences_claims, scripts: true;
    RemovalsKeepClaims breaks a_removal_fences_claims, scripts: true;
    RemovalsOfNothingKeepClaims breaks a_removal_of_a_new_key_fences_its_claims, scripts: true;
    ClaimsEndWithTheKey breaks a_key_is_claimed_anew_after_its_removal, scripts: true;
    ClaimsIgnoreTheLog breaks a_claimed_commit_in_another_log_is_refused, scripts: true;
    CommitsFence breaks commits_without_a_claim_neither_fence_nor_are_fenced, scripts: true;
    CommitsAreFenced breaks commits_without_a_claim_neither_fence_nor_are_fenced, scripts: true;
    UnchangedIsNotFenced breaks a_claim_is_fenced_where_it_would_change_nothing, scripts: true;
    KeysShareAnEpoch breaks claims_of_other_keys_are_not_fenced, scripts: true;
    EpochsGoWithTheKey breaks tokens_rise_over_removals_and_releases, scripts: true;
    EpochsDoNotSurvive breaks claims_survive_as_fences, scripts: true;
    ListsAreUnordered breaks every_key_is_listed_once_and_in_order, scripts: false;
    ListsAreOld breaks what_is_listed_is_what_is_stored, scripts: false;
    RemovedKeysAreListed breaks a_removed_key_is_not_listed, scripts: false;
    LabelsAreAscii breaks a_label_is_listed_and_moves_nothing, scripts: false;
    LabelsNeedAPosition breaks a_key_may_have_a_label_before_it_has_a_position, scripts: false;
    LabelsStay breaks a_label_is_replaced_and_taken_away, scripts: false;
    ResetsDropLabels breaks commits_and_resets_keep_the_label, scripts: false;
    RemovalsKeepLabels breaks a_removal_takes_the_label, scripts: false;
    LabelsDoNotSurvive breaks labels_survive, scripts: false;
    WatchesBeginEmpty breaks a_watch_begins_with_what_is_stored, scripts: false;
    WatchesGiveAll breaks a_watch_gives_the_newest_state_and_none_between, scripts: false;
    WatchesMissRemovals breaks a_watch_is_told_of_removals_and_resets, scripts: false;
    WatchesSeeTheirHandle breaks a_watch_is_told_what_other_handles_do, scripts: false;
    WatchesRepeat breaks a_watch_says_nothing_where_nothing_changed, scripts: false;
    WatchesEndTogether breaks a_watch_that_was_dropped_takes_nothing_from_another, scripts: false;
}

/// How the faulty store fails.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Refused {
    pub(crate) is_fenced: bool,
    pub(crate) is_unknown: bool,
    pub(crate) other_log: Option<Checkpoint>,
}

impl Refused {
    pub(crate) fn fenced() -> Self {
        Self {
            is_fenced: true,
            ..Self::default()
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}

impl StoreError for Refused {
    fn outcome(&self) -> Outcome {
        if self.is_unknown {
            Outcome::Unknown
        } else {
            Outcome::NotCommitted
        }
    }

    fn other_log(&self) -> Option<&Checkpoint> {
        self.other_log.as_ref()
    }
}
