//! The transfer of `examples/transfer`, killed at every await: the books balance every time.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use fence::{Event, Fenced, Fencing};
use futures::poll;
use rusqlite::Connection;
use tokio::task::yield_now;

use super::Scratch;
use bank::{CHECKING, Ending, RESERVING, SETTLING, WAITING, transfer};
use books::{Books, NAMES, Order, Totals};

#[path = "../../../examples/transfer/bank.rs"]
mod bank;
#[path = "../../../examples/transfer/books.rs"]
mod books;

const HOUR: Duration = Duration::from_secs(3600);
const ORDER: Order = Order {
    id: 1,
    source: NAMES[0],
    target: NAMES[1],
    cents: 1230,
};

/// What the file says to somebody else, who waits until it is closed: that the books balance,
/// and whether the money of `ORDER` moved.
fn has_moved(file: &Scratch) -> bool {
    let db = Connection::open(&file.0).expect("it is there");
    let balanced = Totals {
        cents: 800_000,
        reservations: 0,
    };
    assert_eq!(books::totals(&db).expect("it can be read"), balanced);
    let holds = |name: &str| -> i64 {
        let find = "SELECT cents FROM accounts WHERE name = ?1";
        db.query_row(find, [name], |row| row.get(0))
            .expect("an account")
    };
    match (holds(ORDER.source), holds(ORDER.target)) {
        (100_000, 100_000) => false,
        (98_770, 101_230) => true,
        halves => panic!("neither moved nor left where it was: {halves:?}"),
    }
}

/// Who kills the transfer.
#[derive(Clone, Copy, Debug)]
enum Killer {
    /// An event that is bound: the transfer's own fence obeys it.
    Bound,
    /// The same event, by a fence around the transfer.
    Around,
    /// Whoever holds the future drops it.
    Dropped,
    /// First the event, and then the drop, in the midst of the undo.
    Twice,
}

/// The circumstances.
#[derive(Clone, Copy, Debug)]
struct Scene {
    killer: Killer,
    /// Whether the database has done by then what the transfer waits for, or not begun.
    is_ahead: bool,
    /// What the risk check says.
    may_move: bool,
}

impl Scene {
    fn all() -> Vec<Self> {
        use Killer::{Around, Bound, Dropped, Twice};
        let mut all = Vec::new();
        for killer in [Bound, Around, Dropped, Twice] {
            for n in 0..4 {
                all.push(Self {
                    killer,
                    is_ahead: n % 2 == 1,
                    may_move: n / 2 == 1,
                });
            }
        }
        all
    }
}

type Outcome = Fenced<rusqlite::Result<Ending>>;

/// The database does nothing of what it is sent from now on, until this opens.
struct Gate {
    _open: mpsc::Sender<()>,
}

impl Gate {
    fn shut(books: &Books) -> Self {
        let (open, wait) = mpsc::channel::<()>();
        // It fails when the gate opens: nothing is ever sent.
        drop(books.ask(move |_| wait.recv()));
        Self { _open: open }
    }

    /// Opens, and resolves when all is done that it held up.
    async fn open(self, books: &Books) {
        drop(self);
        books.ask(|_| ()).await;
    }
}

/// What became of a transfer.
struct Seen {
    doing: &'static str,
    is_killed: bool,
    /// One that is dropped has none.
    outcome: Option<Outcome>,
}

type Work<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

impl Scene {
    fn start<'a>(self, books: &'a Books, kill: &Event, doing: &'a mut &'static str) -> Work<'a> {
        let fencing = Fencing::new().on("kill", kill);
        let risk = async move {
            yield_now().await;
            yield_now().await;
            self.may_move
        };
        let work = transfer(books, ORDER, HOUR, risk, doing);
        match self.killer {
            Killer::Around => Box::pin(async move { fencing.run(work).await.and_then(|own| own) }),
            Killer::Bound | Killer::Dropped | Killer::Twice => Box::pin(fencing.bind(work)),
        }
    }

    /// Runs a transfer for that many polls, and kills it unless it has ended.
    async fn play(self, books: &Books, polls: usize) -> Seen {
        let (kill, mut doing) = (Event::new(), WAITING);
        let mut work = self.start(books, &kill, &mut doing);
        let (polled, gate) = self.advance(books, &mut work, polls).await;
        let is_killed = polled.is_pending();
        let outcome = match polled {
            Poll::Ready(outcome) => {
                drop(work);
                Some(outcome)
            }
            Poll::Pending => self.kill(&kill, work, gate).await,
        };
        assert_eq!(fence::drain(HOUR).await, 0);
        Seen {
            doing,
            is_killed,
            outcome,
        }
    }

    /// Between two polls the database does what it was sent.
    async fn advance(
        self,
        books: &Books,
        work: &mut Work<'_>,
        polls: usize,
    ) -> (Poll<Outcome>, Gate) {
        let (mut gate, mut polled) = (Gate::shut(books), Poll::Pending);
        for n in 1..=polls {
            polled = poll!(&mut *work);
            if n < polls || self.is_ahead {
                gate.open(books).await;
                gate = Gate::shut(books);
            }
        }
        (polled, gate)
    }

    /// Kills it while the gate is shut, so that an undo queues behind what it undoes.
    async fn kill(self, kill: &Event, mut work: Work<'_>, gate: Gate) -> Option<Outcome> {
        let is_dropped = matches!(self.killer, Killer::Dropped | Killer::Twice);
        if !matches!(self.killer, Killer::Dropped) {
            kill.set();
            if let Poll::Ready(outcome) = poll!(&mut work) {
                return Some(outcome);
            }
        }
        if is_dropped {
            drop(work);
            drop(gate);
            return None;
        }
        drop(gate);
        Some(work.await)
    }

    /// It happened or it did not, and the outcome says which.
    fn check(self, seen: Seen, has_moved: bool) {
        let is_settled = seen.doing == SETTLING;
        assert_eq!(
            has_moved,
            is_settled && self.may_move,
            "{self:?}, {}",
            seen.doing
        );
        let Some(outcome) = seen.outcome else { return };
        let ending = outcome
            .completed()
            .map(|ending| ending.expect("the database works"));
        let expected = match (is_settled, self.may_move) {
            (true, true) => Some(Ending::Done),
            (true, false) => Some(Ending::Refused("too risky")),
            (false, _) => None,
        };
        assert_eq!(ending, expected, "{self:?}, {}", seen.doing);
    }
}

#[tokio::test]
async fn the_books_balance_wherever_a_transfer_is_killed() {
    let (mut polls, mut books, mut reached) = (0, 0, BTreeSet::new());
    for scene in Scene::all() {
        for after in 0.. {
            let file = Scratch::new();
            let open = Books::open(file.0.clone()).await.expect("it can be made");
            let seen = scene.play(&open, after).await;
            drop(open);
            let (doing, is_killed) = (seen.doing, seen.is_killed);
            scene.check(seen, has_moved(&file));
            (polls, books) = (polls + after, books + 1);
            if !is_killed {
                // Reserving, two steps of the risk check, settling; and the end.
                assert!(after >= 5, "{scene:?}: it has ended after {after} polls");
                break;
            }
            reached.insert(doing);
        }
    }
    println!("{polls} polls tried, {books} books balanced, killed while {reached:?}");
    assert_eq!(reached, [WAITING, RESERVING, CHECKING, SETTLING].into());
}

// The fence fires in the very poll that begins to settle: what was decided is carried out.
#[tokio::test]
async fn what_was_decided_is_settled_although_the_fence_has_fired() {
    let (file, kill, mut doing) = (Scratch::new(), Event::new(), WAITING);
    let books = Books::open(file.0.clone()).await.expect("it can be made");
    // The first to set it, so this also says that the money may move.
    let risk = async { kill.set() };
    let work = transfer(&books, ORDER, HOUR, risk, &mut doing);
    let outcome = Fencing::new().on("kill", &kill).bind(work).await;
    assert!(outcome.is_completed(), "{outcome:?}");
    assert_eq!(doing, SETTLING);
    drop(books);
    assert!(has_moved(&file));
}

// What no code in the process can undo.
#[tokio::test]
async fn what_a_killed_program_has_reserved_is_given_back_by_the_next() {
    let file = Scratch::new();
    for left in [0, 1] {
        let books = Books::open(file.0.clone()).await.expect("it can be opened");
        assert_eq!(books.recover().await, Ok(left));
        assert_eq!(books.reserve(ORDER).await, Ok(true));
    }
    let books = Books::open(file.0.clone()).await.expect("it can be opened");
    let held = Totals {
        cents: 800_000 - ORDER.cents,
        reservations: 1,
    };
    assert_eq!(books.totals().await, Ok(held));
    assert_eq!(books.recover().await, Ok(1));
    drop(books);
    assert!(!has_moved(&file));
}
