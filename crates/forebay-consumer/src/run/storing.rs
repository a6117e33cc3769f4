use crate::consumer::stats::Phase;
use crate::desk::{Interest, Raced};
use crate::follow::Follow;
use crate::handler::Handler;
use crate::keep::Keep;
use crate::run::handling::Op;
use crate::run::{Flow, ItemOf, Run};

/// When the store is called, and when it is waited for.
impl<F, K, H> Run<F, K, H>
where
    F: Follow,
    K: Keep,
    H: Handler<ItemOf<F>>,
{
    pub(super) async fn load(&mut self) -> Flow<(), F, K, H> {
        self.desk.enter(Phase::Loading);
        self.check(&Raced::<()>::Idle)?;
        self.desk.load();
        self.land().await?;
        self.tell_progress();
        Ok(())
    }

    /// Waits until no call of the store is under way. What failed is tried again meanwhile.
    pub(super) async fn land(&mut self) -> Flow<(), F, K, H> {
        let interest = Interest {
            in_idling: true,
            in_interruptions: true,
            ..Interest::default()
        };
        let raced = self.desk.wait(interest).await;
        self.check(&raced)
    }

    pub(super) async fn commit_if_due(&mut self) -> Flow<(), F, K, H> {
        let book = &self.desk.book;
        let settings = &self.desk.settings;
        let is_due = self.desk.may_commit()
            && (book.is_heavy(settings.commit_every)
                || book
                    .due_at(settings.commit_interval)
                    .is_some_and(|due| due <= self.desk.now()));
        if is_due {
            self.commit().await?;
        }
        Ok(())
    }

    /// Begins to commit what was reached, if that is news and no call of the store is under way: has
    /// the handler flush, and goes on while the store works.
    pub(super) async fn commit(&mut self) -> Flow<(), F, K, H> {
        if self.desk.may_commit() {
            self.persist(Op::Flush).await?;
            self.desk.commit();
        }
        Ok(())
    }

    /// Sees to it that another batch may be applied: not too much is uncommitted, or nothing of it can
    /// be committed.
    pub(super) async fn make_room(&mut self) -> Flow<(), F, K, H> {
        while self.desk.book.uncommitted() >= self.desk.settings.uncommitted_max {
            if !self.desk.is_idle() {
                self.land().await?;
            } else if self.desk.book.has_news() {
                self.commit().await?;
            } else {
                break;
            }
        }
        Ok(())
    }
}
