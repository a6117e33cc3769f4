//! How much is done at once.

use std::pin::pin;
use std::task::{Context, Waker};

use forebay_snapshot::driver::{Driver, DriverConfig, DriverHost, NotInstalled};
use forebay_snapshot::{
    Anchor, LogEntry, Marker, Membership, MemorySpool, Provider, ProviderConfig, ProviderOutput,
    Session, SessionConfig, SessionOutput,
};
use tokio::{task, time};

use crate::rig::{A, B, C, Name, State, anchor, state};

/// Whoever takes what comes.
struct Idle;

impl DriverHost for Idle {
    type State = State;
    type Peer = Name;
    type Entry = u64;
    type Spool = MemorySpool;

    fn feed(&mut self, marker: Marker<Name>) -> Result<(), Marker<Name>> {
        Err(marker)
    }

    fn install(&mut self, _: Anchor, _: State) -> Result<(), NotInstalled> {
        Ok(())
    }

    fn done(&mut self, _: Anchor, _: Vec<LogEntry<u64>>) {}
}

fn provider(name: Name) -> Provider<State, Name> {
    let members = Membership::new(name, [A, B, C]).with_leader(Some(A));
    Provider::new(ProviderConfig::new(), members).unwrap()
}

/// A session to which everything has come, and which has not looked at any of it.
fn ripe() -> Session<State, Name, u64> {
    let now = time::Instant::now().into_std();
    let members = Membership::new(C, [A, B, C]).with_leader(Some(A));
    let mut session = Session::start(now, SessionConfig::new(), members, 7).unwrap();
    let mut providers = [A, B].map(|name| (name, provider(name)));
    while session.progress().items_total != Some(session.progress().items) {
        while let Some(output) = session.poll_output() {
            if let SessionOutput::Send { to, message } = output {
                for (_, provider) in providers.iter_mut().filter(|(name, _)| *name == to) {
                    provider.handle_message(now, C, message.clone()).unwrap();
                }
            }
        }
        let mut markers = Vec::new();
        for (name, provider) in &mut providers {
            while provider.work(now, usize::MAX) {}
            while let Some(output) = provider.poll_output() {
                match output {
                    ProviderOutput::Send { message, .. } => {
                        session.handle_message(now, *name, message).unwrap();
                    }
                    ProviderOutput::Feed(marker) => markers.push(marker),
                    _ => {}
                }
            }
        }
        for marker in &markers {
            for (_, provider) in &mut providers {
                provider.handle_taken(now, marker, anchor(), state());
                while provider.work(now, usize::MAX) {}
            }
        }
    }
    session
}

#[tokio::test(start_paused = true)]
async fn others_have_a_turn_between_any_two_slices() {
    let session = ripe();
    let slices = session.resume_state().chunks();
    assert!(slices > 10);
    let config = DriverConfig::new().work_items_max(1);
    let (driver, handle) = Driver::new(config, provider(C), Idle).unwrap();
    let running = handle.catch_up(session).await.unwrap();
    let (mut run, mut finished) = (pin!(driver.run()), pin!(running.finished()));
    let mut cx = Context::from_waker(Waker::noop());
    let mut polls = 0;
    while finished.as_mut().poll(&mut cx).is_pending() {
        assert!(run.as_mut().poll(&mut cx).is_pending());
        polls += 1;
        // What tokio lets one task do at once is not what ends a slice.
        task::yield_now().await;
    }
    assert!(polls >= slices, "{slices} slices in {polls} polls");
}
