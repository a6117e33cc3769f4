//! What both stores offer alike, as the checks of the test kit ask for it.

/// The claims of a store, within its `Fixture`.
macro_rules! claims {
    ($store:ty) => {
        type Claim = forebay_checkpoint::Claim<$store>;

        async fn claim(
            &self,
            store: &$store,
            key: &forebay_core::ResumeKey,
        ) -> Option<Result<Self::Claim, forebay_checkpoint::CheckpointError>> {
            Some(store.claim(key).await)
        }

        fn token(&self, claim: &Self::Claim) -> u64 {
            claim.epoch()
        }

        async fn commit_claimed(
            &self,
            claim: &Self::Claim,
            checkpoint: forebay_core::Checkpoint,
        ) -> Result<forebay_core::Commit, forebay_checkpoint::CheckpointError> {
            claim.commit(checkpoint).await
        }

        fn is_fenced(&self, error: &forebay_checkpoint::CheckpointError) -> bool {
            matches!(error, forebay_checkpoint::CheckpointError::Fenced { .. })
        }
    };
}

/// What else a store has: lists, labels and watches.
macro_rules! lists_and_watches {
    ($fixture:ty, $store:ty) => {
        impl forebay_testkit::checkpoint_store::Listing for $fixture {
            async fn list(
                &self,
                store: &$store,
            ) -> Result<
                Vec<forebay_testkit::checkpoint_store::Listed>,
                forebay_checkpoint::CheckpointError,
            > {
                let listed = store.rows().into_iter().map(|row| {
                    let label = row.label.as_deref();
                    forebay_testkit::checkpoint_store::Listed::new(row.key, row.checkpoint, label)
                });
                Ok(listed.collect())
            }

            async fn label(
                &self,
                store: &$store,
                key: &forebay_core::ResumeKey,
                label: Option<&str>,
            ) -> Result<(), forebay_checkpoint::CheckpointError> {
                store.label(key, label).await
            }
        }

        impl forebay_testkit::checkpoint_store::Watching for $fixture {
            type Watch = forebay_checkpoint::Watch;

            fn watch(
                &self,
                store: &$store,
                key: &forebay_core::ResumeKey,
            ) -> forebay_checkpoint::Watch {
                store.watch(key)
            }

            async fn news(
                &self,
                watch: &mut forebay_checkpoint::Watch,
            ) -> Option<Option<forebay_core::Checkpoint>> {
                futures::FutureExt::now_or_never(watch.next()).and_then(Result::ok)
            }
        }
    };
}
