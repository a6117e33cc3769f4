//! What may be sent to and shared with other threads.
//!
//! A change of a private field could take that away without any other test noticing.

use forebay_snapshot::{
    Absence, Anchor, CellBuilder, CellSnapshot, ConfigError, Encoded, Hash, Ignored, Limits,
    LogEntry, Marker, Membership, MemorySpool, Message, NotTaken, OutOfOrder, Phase, Piece,
    PieceError, PolledProvider, Progress, Provider, ProviderConfig, ProviderEvent, ProviderOutput,
    ProviderUsage, Refusal, Restart, ResumeState, SendError, Session, SessionConfig, SessionError,
    SessionEvent, SessionOutput, SessionUsage, SliceBuilder, SliceEntry, SliceSnapshot, SpoolError,
    StateError, Trust, Unsent, WireError,
};

const fn assert_send_sync<T: Send + Sync>() {}

type State = SliceSnapshot<String>;

#[test]
fn what_peers_say_can_be_sent_and_shared() {
    assert_send_sync::<Absence>();
    assert_send_sync::<Anchor>();
    assert_send_sync::<Encoded>();
    assert_send_sync::<Hash>();
    assert_send_sync::<Limits>();
    assert_send_sync::<Marker<String>>();
    assert_send_sync::<Message<String>>();
    assert_send_sync::<Piece>();
    assert_send_sync::<Refusal<String>>();
}

#[test]
fn states_can_be_sent_and_shared() {
    assert_send_sync::<CellBuilder<String>>();
    assert_send_sync::<CellSnapshot<String>>();
    assert_send_sync::<SliceBuilder<String>>();
    assert_send_sync::<SliceEntry<'_, String>>();
    assert_send_sync::<State>();
}

#[cfg(feature = "imbl")]
#[test]
fn persistent_states_can_be_sent_and_shared() {
    use forebay_snapshot::{OrdBuilder, OrdSnapshot, VecBuilder, VecSnapshot};

    assert_send_sync::<OrdBuilder<String, String>>();
    assert_send_sync::<OrdSnapshot<String, String>>();
    assert_send_sync::<VecBuilder<String>>();
    assert_send_sync::<VecSnapshot<String>>();
}

#[test]
fn a_provider_can_be_sent_and_shared() {
    assert_send_sync::<NotTaken<String>>();
    assert_send_sync::<PolledProvider<State, String>>();
    assert_send_sync::<Provider<State, String>>();
    assert_send_sync::<ProviderConfig>();
    assert_send_sync::<ProviderEvent<String>>();
    assert_send_sync::<ProviderOutput<String>>();
    assert_send_sync::<ProviderUsage>();
    assert_send_sync::<Unsent>();
}

#[test]
fn a_session_can_be_sent_and_shared() {
    assert_send_sync::<Ignored>();
    assert_send_sync::<LogEntry<String>>();
    assert_send_sync::<Membership<String>>();
    assert_send_sync::<MemorySpool>();
    assert_send_sync::<Phase>();
    assert_send_sync::<Progress>();
    assert_send_sync::<Restart>();
    assert_send_sync::<ResumeState>();
    assert_send_sync::<Session<State, String, String>>();
    assert_send_sync::<SessionConfig>();
    assert_send_sync::<SessionEvent<String>>();
    assert_send_sync::<SessionOutput<State, String, String>>();
    assert_send_sync::<SessionUsage>();
    assert_send_sync::<Trust>();
}

#[test]
fn errors_can_be_sent_and_shared() {
    assert_send_sync::<ConfigError>();
    assert_send_sync::<OutOfOrder>();
    assert_send_sync::<PieceError>();
    assert_send_sync::<SendError<String>>();
    assert_send_sync::<SessionError>();
    assert_send_sync::<SpoolError>();
    assert_send_sync::<StateError>();
    assert_send_sync::<WireError>();
}

#[cfg(feature = "tokio")]
mod driver {
    use forebay_snapshot::driver::{
        Attached, Backoff, CatchUp, CatchUpError, Disconnected, Driver, DriverConfig, DriverEvent,
        DriverHandle, DriverHost, DriverStopped, NotInstalled, accept_tcp, connect_tcp,
        keep_connected,
    };
    use forebay_snapshot::{Anchor, LogEntry, Marker, MemorySpool};
    use tokio::net::{TcpListener, TcpStream};

    use crate::{State, assert_send_sync};

    struct Host;

    impl DriverHost for Host {
        type State = State;
        type Peer = String;
        type Entry = String;
        type Spool = MemorySpool;

        fn feed(&mut self, marker: Marker<String>) -> Result<(), Marker<String>> {
            Err(marker)
        }

        fn install(&mut self, _: Anchor, _: State) -> Result<(), NotInstalled> {
            Ok(())
        }

        fn done(&mut self, _: Anchor, _: Vec<LogEntry<String>>) {}
    }

    const fn assert_send<T: Send>() {}

    #[test]
    fn a_driver_can_be_sent_and_shared() {
        assert_send_sync::<Attached>();
        assert_send_sync::<Backoff>();
        assert_send_sync::<CatchUp<Host>>();
        assert_send_sync::<CatchUpError<Host>>();
        assert_send_sync::<Disconnected>();
        // It is one task, and nobody shares it.
        assert_send::<Driver<Host>>();
        assert_send_sync::<DriverConfig>();
        assert_send_sync::<DriverEvent<String>>();
        assert_send_sync::<DriverHandle<Host>>();
        assert_send_sync::<DriverStopped>();
        assert_send_sync::<NotInstalled>();
    }

    #[test]
    fn its_futures_can_be_spawned() {
        fn spawnable<F: Future + Send>(_: impl FnOnce() -> F) {}
        fn of_driver(driver: Driver<Host>) {
            spawnable(|| driver.run());
        }
        fn of_handle(handle: &DriverHandle<Host>, stream: TcpStream, marker: Marker<String>) {
            spawnable(|| handle.attach(String::new(), stream));
            spawnable(|| handle.unfed(marker));
            spawnable(|| handle.safe_to_prune(forebay_core::Sequence::ZERO));
            spawnable(|| handle.set_leader(None));
            spawnable(|| handle.cancel());
            spawnable(|| handle.shutdown());
            spawnable(|| handle.stopped());
        }
        fn of_ends(listener: TcpListener, handle: DriverHandle<Host>, catch_up: CatchUp<Host>) {
            let other = handle.clone();
            let connect = async || connect_tcp("127.0.0.1:0", &0_u64).await;
            spawnable(|| keep_connected(other, String::new(), Backoff::default(), connect));
            spawnable(|| accept_tcp(listener, handle));
            spawnable(|| catch_up.finished());
        }
        let _ = (of_driver, of_handle, of_ends);
    }
}
