//! The books: accounts and reservations, in a SQLite file.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use rusqlite::{Connection, Result, Transaction};
use tokio::sync::oneshot;
use tokio::task;

pub const NAMES: [&str; 8] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
];

/// What a new account holds, in cents.
const START: i64 = 100_000;

/// The money of a reservation is no longer at the source and not yet at the target. The lock lasts
/// as long as the connection: another program would take our reservations for left-overs.
const SCHEMA: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    BEGIN EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS accounts (
        name TEXT PRIMARY KEY,
        cents INTEGER NOT NULL CHECK (cents >= 0)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS reservations (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL REFERENCES accounts,
        target TEXT NOT NULL REFERENCES accounts,
        cents INTEGER NOT NULL
    ) STRICT;
    COMMIT;";

/// Money that is to move. Its number is known before there is a reservation, so that one can be
/// undone of which nobody has heard yet whether it was made.
#[derive(Clone, Copy)]
pub struct Order {
    pub id: u32,
    pub source: &'static str,
    pub target: &'static str,
    pub cents: i64,
}

/// Where the money of a reservation goes.
#[derive(Clone, Copy)]
pub enum Side {
    Source,
    Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// In all accounts together.
    pub cents: i64,
    pub reservations: i64,
}

/// One thread owns the connection and does what it is sent, in that order. So no async thread ever
/// waits for the disk, and an undo cannot overtake what it undoes.
#[derive(Clone)]
pub struct Books {
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

impl Books {
    pub async fn open(path: PathBuf) -> Result<Self> {
        let connected = task::spawn_blocking(move || connect(&path));
        let mut db = connected.await.expect("opening does not panic")?;
        let (jobs, queue) = mpsc::channel::<Job>();
        task::spawn_blocking(move || queue.into_iter().for_each(|job| job(&mut db)));
        Ok(Self { jobs })
    }

    /// Sends a job, at the call. It is done even if nobody waits for the answer any more.
    pub fn ask<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> R + Send + 'static,
    ) -> impl Future<Output = R> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| drop(answer.send(job(db))));
        let sent = self.jobs.send(job);
        async {
            sent.expect("the thread lives as long as the books");
            answered.await.expect("no job panics")
        }
    }

    /// Takes the money from the source; `false` if there is too little.
    pub async fn reserve(&self, order: Order) -> Result<bool> {
        self.ask(move |db| {
            let both = db.transaction()?;
            let take = "UPDATE accounts SET cents = cents - ?2 WHERE name = ?1 AND cents >= ?2";
            if both.execute(take, (order.source, order.cents))? == 0 {
                return Ok(false);
            }
            both.execute(
                "INSERT INTO reservations VALUES (?1, ?2, ?3, ?4)",
                (order.id, order.source, order.target, order.cents),
            )?;
            both.commit().map(|()| true)
        })
        .await
    }

    /// Ends a reservation: whoever does so first decides, and afterwards there is nothing to end.
    pub async fn settle(&self, id: u32, to: Side) -> Result<()> {
        self.ask(move |db| {
            let both = db.transaction()?;
            settle(&both, id, to)?;
            both.commit()
        })
        .await
    }

    /// Undoes the reservations of a program that was killed: how many there were.
    pub async fn recover(&self) -> Result<usize> {
        self.ask(|db| {
            let all = db.transaction()?;
            let left: Vec<u32> = all
                .prepare("SELECT id FROM reservations")?
                .query_map((), |row| row.get(0))?
                .collect::<Result<_>>()?;
            for id in &left {
                settle(&all, *id, Side::Source)?;
            }
            all.commit().map(|()| left.len())
        })
        .await
    }

    pub async fn totals(&self) -> Result<Totals> {
        self.ask(|db| totals(db)).await
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(SCHEMA)?;
    for name in NAMES {
        db.execute(
            "INSERT OR IGNORE INTO accounts VALUES (?1, ?2)",
            (name, START),
        )?;
    }
    Ok(db)
}

fn settle(both: &Transaction<'_>, id: u32, to: Side) -> Result<()> {
    let side = match to {
        Side::Source => "source",
        Side::Target => "target",
    };
    let pay = format!(
        "UPDATE accounts SET cents = accounts.cents + held.cents
         FROM reservations AS held WHERE held.id = ?1 AND name = held.{side}"
    );
    both.execute(&pay, [id])?;
    both.execute("DELETE FROM reservations WHERE id = ?1", [id])?;
    Ok(())
}

pub fn totals(db: &Connection) -> Result<Totals> {
    db.query_row(
        "SELECT (SELECT sum(cents) FROM accounts), (SELECT count(*) FROM reservations)",
        (),
        |row| {
            Ok(Totals {
                cents: row.get(0)?,
                reservations: row.get(1)?,
            })
        },
    )
}
