//! The demonstration: three requests, of which one has too little time and one is given up.

use std::time::Duration;

use fence::Fencing;

use crate::call::{self, Http};
use crate::log::{self, Lines, Log};
use crate::problem::Problem;

/// Longer than any of it takes.
const ENOUGH: Duration = Duration::from_secs(5);

/// The store takes 10 ms for a row.
const FEW: u32 = 10;
const MANY: u32 = 1000;

pub struct Client {
    http: Http,
    /// The URL of the first service.
    front: String,
    log: Log,
    lines: Lines,
}

impl Client {
    pub fn new(front: &str, log: Log, lines: Lines) -> Self {
        Self {
            http: call::http(),
            front: front.to_owned(),
            log,
            lines,
        }
    }

    pub async fn with_enough_time(&mut self) {
        log::say("# enough time");
        self.wait_for_an_answer(FEW, ENOUGH).await;
    }

    /// Each service keeps some of it, so the answer is there before the time is over.
    pub async fn with_too_little_time(&mut self) {
        log::say("# too little time");
        self.wait_for_an_answer(MANY, Duration::from_millis(700))
            .await;
    }

    /// Leaves as soon as the store is at work. Nobody is answered; all three are told all the same.
    pub async fn that_leaves(&mut self) {
        log::say("# a client that leaves");
        let asking = ask(&self.http, &self.front, &self.log, MANY, ENOUGH);
        tokio::select! {
            _ = asking => {}
            () = self.lines.show(4) => {}
        }
        self.log.tell("client: leaves".to_owned());
        self.lines.show(4).await;
    }

    async fn wait_for_an_answer(&mut self, rows: u32, time: Duration) {
        let answer = ask(&self.http, &self.front, &self.log, rows, time).await;
        self.log.tell(match answer {
            Ok(text) => format!("client: {text}"),
            Err(problem) => format!("client: {problem}"),
        });
        self.lines.show_ready();
    }
}

/// The client has a fence of its own. Its code is another one, `"budget"`: that would be told if it
/// had waited in vain.
async fn ask(
    http: &Http,
    front: &str,
    log: &Log,
    rows: u32,
    time: Duration,
) -> Result<String, Problem> {
    let url = format!("{front}/report?rows={rows}");
    let patience = Fencing::new().budget(time);
    let asking = async {
        log.arrived("client");
        call::get(http, &url).await
    };
    patience.bind(asking).await
}
