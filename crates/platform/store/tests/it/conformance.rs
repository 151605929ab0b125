//! What every store promises, written against the trait: each implementation runs all of it.

mod facts;
mod secrets;
mod single_use;

use gw_store::Store;
use tempfile::TempDir;

use crate::support::{open, private_folder};

/// A store of some kind that can be closed and opened again.
trait Subject {
    fn store(&mut self) -> &mut dyn Store;
    fn reopen(&mut self);
}

struct Sqlite {
    folder: TempDir,
    store: Option<Box<dyn Store>>,
}

impl Sqlite {
    fn new() -> Self {
        let folder = private_folder();
        let store = open(folder.path());
        Self {
            folder,
            store: Some(Box::new(store)),
        }
    }
}

impl Subject for Sqlite {
    fn store(&mut self) -> &mut dyn Store {
        &mut **self.store.as_mut().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Box::new(open(self.folder.path())));
    }
}

macro_rules! conformance {
    ($subject:ident, $new:expr, $($area:ident::{$($case:ident),* $(,)?}),* $(,)?) => {
        mod $subject {
            use super::*;
            $(mod $area {
                use super::*;
                $(#[test] fn $case() { super::super::$area::$case(&mut $new); })*
            })*
        }
    };
}

conformance!(
    sqlite,
    Sqlite::new(),
    facts::{
        what_was_committed_is_there_after_a_reopen,
        each_transaction_with_changes_gets_the_next_number_and_others_none,
        a_refused_transaction_leaves_no_trace_and_its_neighbours_stand,
        a_proposal_sees_what_the_ones_before_it_did_and_may_decline,
        a_disabled_person_is_not_left_signed_in,
        last_uses_heads_and_the_clock_never_go_back,
        last_uses_go_with_their_session,
        followers_get_every_change_since_their_epoch_or_are_told_of_a_gap,
        followers_too_far_behind_are_told_of_a_gap,
        every_set_of_policies_is_kept_for_rollback,
        a_new_incarnation_ends_sessions_links_and_codes,
        groups_nested_by_later_changes_load_again,
    },
    single_use::{
        a_link_is_taken_once_and_says_who_made_it,
        a_link_is_refused_when_unknown_expired_or_revoked,
        a_link_cannot_be_made_twice,
        a_kept_record_is_changed_only_as_it_was_read,
        a_one_time_value_is_taken_once_and_its_payload_is_gone,
        a_one_time_value_is_bound_to_its_purpose_and_time,
        of_two_racers_for_a_value_one_wins,
        taking_is_undone_when_its_transaction_is_refused,
        the_sweep_forgets_what_is_of_no_use,
    },
    secrets::{
        a_passkey_is_found_by_person_and_by_credential,
        a_credential_belongs_to_one_factor,
        a_factors_secret_needs_the_factor_and_dies_with_it,
        a_recovery_code_is_used_once,
        a_factors_secret_is_replaced_as_it_was_read_and_its_counter_only_rises,
        nothing_is_kept_for_a_removed_person,
        sealed_values_and_settings_are_kept_until_removed,
    },
);
