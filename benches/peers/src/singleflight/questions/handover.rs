//! What happens to those who wait when their leader is dropped?

use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::virtual_time;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::singleflight::seats::Crowd;
use crate::table::{Column, Table, Unit};

/// How many followers lose their leader at once.
const FOLLOWERS: usize = 300;

/// How many polls in a row must bring nothing before nothing more is expected.
const IDLE_POLLS: u32 = 64;

struct LeaderLost;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let columns = ["woken", "new loads", "served of 300"];
    vec![Table {
        title: "A leader lost",
        method: "300 followers wait when their leader is dropped: how many tasks that wakes, \
                 how many loads begin, and how many followers get the value without waiting \
                 for a timeout. Where loads run in a task of their own, none is lost.",
        columns: columns
            .map(|name| Column {
                name,
                unit: Unit::Count,
            })
            .to_vec(),
        rows: interleaved(&LeaderLost, &peers::all(), 1),
        goals: vec![
            Goal::at_most(0, 1.0),
            Goal::at_most(1, 1.0),
            Goal::at_least(2, 300.0),
        ],
    }]
}

impl Probe for LeaderLost {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES {
            return vec![None; 3];
        }
        let gate = Gate::closed();
        let group = P::Group::<u64, u64>::default();
        virtual_time().block_on(async {
            let mut crowd = Crowd::gather(1 + FOLLOWERS, |_| group.call(&7, || gate.pass(7)));
            assert_eq!(
                served::<P, _>(&mut crowd).await,
                0,
                "{}: the load is held back",
                P::NAME
            );
            let (wakes, loads) = (crowd.wakes(), gate.loads());
            crowd.dismiss(0);
            let woken = crowd.wakes() - wakes;
            gate.open();
            let served = served::<P, _>(&mut crowd).await;
            let new_loads = gate.loads() - loads;
            [woken as f64, new_loads as f64, served as f64]
                .map(Some)
                .to_vec()
        })
    }
}

/// Polls whoever is woken until nobody is any more, and returns how many got the value.
async fn served<P: Peer, Fut>(crowd: &mut Crowd<Fut>) -> usize
where
    Fut: Future<Output = <P::Group<u64, u64> as Group<u64, u64>>::Output>,
{
    let (mut served, mut idle) = (0, 0);
    while idle < IDLE_POLLS {
        let outputs = crowd.poll_woken();
        idle = if outputs.is_empty() { idle + 1 } else { 0 };
        let answers = outputs.into_iter().map(P::Group::<u64, u64>::answer);
        served += answers.filter(|answer| *answer == Ok(7)).count();
        // A load that was spawned runs only when the runtime has its turn.
        tokio::task::yield_now().await;
    }
    served
}
