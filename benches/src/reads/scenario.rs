use std::sync::Arc;

use crate::cli::{LoadArguments, WorkloadName};
use crate::failure::Failure;
use crate::reads::plan::{Pace, Plan};
use crate::reads::trace;
use crate::reads::workload::{Workload, arrivals};
use crate::report::model::Offered;

const LOADS_DEFAULT: usize = 100_000;

const CLIENTS_DEFAULT: [u32; 4] = [1, 8, 64, 512];

/// A report holds no more points than this.
const POINTS_MAX: usize = 256;

/// What is asked of every strategy: keys and times, for each offered load and round.
#[derive(Debug)]
pub(crate) struct Scenario {
    workload: Workload,
    keys: u32,
    loads: Option<usize>,
    duration_ns: Option<u64>,
    offered: Vec<Offered>,
    seed: u64,
}

impl Scenario {
    pub(crate) fn new(arguments: &LoadArguments, seed: u64) -> Result<Self, Failure> {
        let workload = workload(arguments)?;
        let duration = arguments.duration.map(|time| time.as_nanos() as u64);
        let scenario = Self {
            offered: offered(arguments, &workload)?,
            keys: workload.keys(arguments.keys),
            workload,
            loads: arguments.loads.map(|loads| loads as usize),
            duration_ns: duration,
            seed,
        };
        for &offered in &scenario.offered {
            if scenario.loads(offered) > u32::MAX as usize {
                return refuse("rate and duration make more than 4294967295 loads");
            }
        }
        Ok(scenario)
    }

    /// Returns how many keys the backend must hold.
    pub(crate) fn keys(&self) -> u32 {
        self.keys
    }

    /// Returns every load that is offered, one after the other.
    pub(crate) fn offered(&self) -> &[Offered] {
        &self.offered
    }

    /// Returns the seed of a round.
    pub(crate) fn seed(&self, round: u32) -> u64 {
        self.seed.wrapping_add(u64::from(round))
    }

    /// Returns what is asked for in a round.
    pub(crate) fn plan(&self, offered: Offered, round: u32) -> Plan {
        let seed = self.seed(round);
        let clients = match offered {
            Offered::Clients(clients) => clients as usize,
            _ => 1,
        };
        let mut keys = self
            .workload
            .draw(self.loads(offered), self.keys, clients, seed);
        let (pace, stop_ns) = match (offered, &self.workload) {
            (Offered::Clients(_), Workload::Stampede | Workload::Page) => {
                (Pace::Bursts { clients }, self.duration_ns)
            }
            (Offered::Clients(_), _) => (Pace::Closed { clients }, self.duration_ns),
            (Offered::PerSecond(rate), _) => (open(arrivals(keys.len(), rate, seed)), None),
            (Offered::Speed(speed), workload) => {
                let times_ns = self.trace_times(workload, speed);
                keys.truncate(times_ns.len());
                (open(times_ns), None)
            }
            // Nobody subscribes to reads, or commits them.
            (Offered::Subscribers { .. } | Offered::Behind { .. } | Offered::Commits { .. }, _) => {
                (open(Vec::new()), None)
            }
        };
        Plan {
            keys: keys.into(),
            pace,
            stop_ns,
        }
    }

    /// Describes the workload in one line, with everything that makes it what it is.
    pub(crate) fn describe(&self) -> String {
        let keys = self.keys;
        let mut text = match &self.workload {
            Workload::Zipf { skew } => format!("zipf, skew {skew}, {keys} keys"),
            Workload::Uniform => format!("uniform, {keys} keys"),
            Workload::Scan => format!("scan, {keys} keys"),
            Workload::Stampede => format!("stampede, {keys} keys"),
            Workload::Page => format!("page, {keys} keys"),
            Workload::Trace { path, trace } => {
                let name = path
                    .file_name()
                    .unwrap_or(path.as_os_str())
                    .to_string_lossy();
                let reads = trace.keys.len();
                format!("trace {name}, {reads} reads of {keys} keys")
            }
        };
        if let Some(loads) = self.loads.or_else(|| self.loads_default()) {
            text.push_str(&format!(", {loads} loads"));
        }
        if let Some(ns) = self.duration_ns {
            text.push_str(&format!(", {} s", ns as f64 / 1e9));
        }
        format!("{text}, seed {}", self.seed)
    }

    /// Returns how many loads are made where neither their number nor a length of time is given.
    fn loads_default(&self) -> Option<usize> {
        let is_trace = matches!(self.workload, Workload::Trace { .. });
        (!is_trace && self.duration_ns.is_none()).then_some(LOADS_DEFAULT)
    }

    /// Returns how many loads a run makes at most.
    fn loads(&self, offered: Offered) -> usize {
        // A closed loop that is ended by time must not run out of keys before.
        const LOADS_TIMED: usize = 4_000_000;
        let timed = self.duration_ns.map(|ns| match offered {
            Offered::PerSecond(rate) => (rate * ns as f64 / 1e9).ceil().max(1.0) as usize,
            _ => LOADS_TIMED,
        });
        let most = match &self.workload {
            Workload::Trace { trace, .. } => trace.keys.len(),
            _ => timed.unwrap_or(LOADS_DEFAULT),
        };
        let asked = self.loads.unwrap_or(most);
        match (&self.workload, timed) {
            (Workload::Trace { .. }, timed) => most.min(asked).min(timed.unwrap_or(most)),
            (_, Some(timed)) => asked.min(timed),
            (_, None) => asked,
        }
    }

    /// Returns the times of a trace at a speed, as far as the duration goes.
    fn trace_times(&self, workload: &Workload, speed: f64) -> Vec<u64> {
        let Workload::Trace { trace, .. } = workload else {
            return Vec::new();
        };
        let times = trace.times_ns.iter().flatten();
        let times = times.map(|&ns| (ns as f64 / speed) as u64);
        let within = times.take_while(|&ns| self.duration_ns.is_none_or(|end_ns| ns < end_ns));
        within.take(self.loads.unwrap_or(usize::MAX)).collect()
    }
}

fn workload(arguments: &LoadArguments) -> Result<Workload, Failure> {
    if let Some(path) = &arguments.trace {
        let path = path.clone();
        return match trace::read(&path, arguments.trace_format.into()) {
            Ok(trace) => Ok(Workload::Trace { path, trace }),
            Err(source) => Err(Failure::Trace { path, source }),
        };
    }
    Ok(match arguments.workload {
        WorkloadName::Zipf => Workload::Zipf {
            skew: arguments.skew,
        },
        WorkloadName::Uniform => Workload::Uniform,
        WorkloadName::Scan => Workload::Scan,
        WorkloadName::Stampede => Workload::Stampede,
        WorkloadName::Page => Workload::Page,
    })
}

fn offered(arguments: &LoadArguments, workload: &Workload) -> Result<Vec<Offered>, Failure> {
    let timed = matches!(workload, Workload::Trace { trace, .. } if trace.times_ns.is_some());
    if arguments.speed.is_some() && !timed {
        return refuse("--speed needs a trace with times; give --rate or --clients for this one");
    }
    let is_closed = matches!(workload, Workload::Stampede | Workload::Page);
    if is_closed && !arguments.rate.is_empty() {
        return refuse("stampede and page are closed loops; give --clients rather than --rate");
    }
    let mut offered: Vec<Offered> = Vec::new();
    let rates = arguments.rate.iter().map(|&rate| Offered::PerSecond(rate));
    offered.extend(rates);
    let clients = arguments.clients.iter();
    offered.extend(clients.map(|&clients| Offered::Clients(u64::from(clients))));
    if offered.is_empty() && timed {
        offered.push(Offered::Speed(arguments.speed.unwrap_or(1.0)));
    } else if offered.is_empty() {
        offered.extend(CLIENTS_DEFAULT.map(|clients| Offered::Clients(u64::from(clients))));
    }
    if offered.len() > POINTS_MAX {
        return refuse("at most 256 numbers of clients or rates can be measured at once");
    }
    let twice = |(index, at): (usize, &Offered)| offered[..index].contains(at);
    if offered.iter().enumerate().any(twice) {
        return refuse("the same number of clients, or the same rate, is given twice");
    }
    Ok(offered)
}

fn open(times_ns: Vec<u64>) -> Pace {
    let times_ns = Arc::from(times_ns);
    Pace::Open { times_ns }
}

fn refuse<T>(why: &str) -> Result<T, Failure> {
    Err(Failure::Arguments(why.into()))
}
