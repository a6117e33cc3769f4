//! What the machines want done.

use std::mem;
use std::time::Instant;

use crate::driver::{CatchUpError, Driver, DriverEvent, DriverHost};
use crate::{Message, ProviderOutput, SessionError, SessionOutput, Unsent};

impl<H: DriverHost> Driver<H> {
    /// Takes outputs of both machines until neither has any.
    pub(super) fn carry_out(&mut self, now: Instant) {
        loop {
            let mut is_done = true;
            while let Some(output) = self.provider.poll_output() {
                is_done = false;
                self.serve(now, output);
            }
            while let Some(output) = self.running.as_mut().and_then(|r| r.session.poll_output()) {
                is_done = false;
                self.follow(now, output);
            }
            for peer in mem::take(&mut self.unreached) {
                if let Some(running) = &mut self.running {
                    running.session.handle_peer_gone(now, &peer);
                }
            }
            if is_done {
                return;
            }
        }
    }

    fn serve(&mut self, now: Instant, output: ProviderOutput<H::Peer>) {
        match output {
            ProviderOutput::Send { to, message } => {
                if let Err(why) = self.links.send(&to, &message) {
                    self.provider.handle_unsent(now, to, message, why);
                }
            }
            ProviderOutput::Feed(marker) => {
                if let Err(marker) = self.host.feed(marker) {
                    self.provider.handle_unfed(now, &marker);
                }
            }
            ProviderOutput::Event(event) => self.host.event(DriverEvent::Provider(event)),
        }
    }

    fn follow(&mut self, now: Instant, output: SessionOutput<H::State, H::Peer, H::Entry>) {
        let Some(running) = &mut self.running else {
            return;
        };
        match output {
            SessionOutput::Send { to, message } => {
                let sent = self.links.send(&to, &message);
                let is_fetch = matches!(message, Message::Fetch { .. });
                if sent == Err(Unsent::Closed) && is_fetch && !self.unreached.contains(&to) {
                    self.unreached.push(to);
                }
            }
            SessionOutput::Install { anchor, state } => match self.host.install(anchor, state) {
                Ok(()) => running.session.handle_installed(now),
                Err(_) => running.session.handle_install_failed(now),
            },
            SessionOutput::Done { anchor, replay } => {
                self.host.done(anchor, replay);
                if let Some(outcome) = running.outcome.take() {
                    // Nobody needs to wait for it.
                    let _ = outcome.send(Ok(anchor));
                }
            }
            SessionOutput::Failed(error) => self.fail(error),
            SessionOutput::Progress(progress) => {
                running.progress.send_replace(progress);
            }
            SessionOutput::Event(event) => self.host.event(DriverEvent::Session(event)),
        }
    }

    /// Gives a session back that has failed, after what it still wants to say.
    fn fail(&mut self, error: SessionError) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        while let Some(output) = running.session.poll_output() {
            match output {
                SessionOutput::Send { to, message } => {
                    // Its providers notice by a deadline of theirs.
                    let _ = self.links.send(&to, &message);
                }
                SessionOutput::Progress(progress) => {
                    running.progress.send_replace(progress);
                }
                SessionOutput::Event(event) => self.host.event(DriverEvent::Session(event)),
                _ => {}
            }
        }
        if let Some(outcome) = running.outcome {
            let session = Box::new(running.session);
            // Nobody needs to wait for it.
            let _ = outcome.send(Err(CatchUpError::Failed { error, session }));
        }
    }
}
