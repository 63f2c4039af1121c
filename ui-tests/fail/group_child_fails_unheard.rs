#[derive(Debug)]
struct DiskFull;

async fn write() -> Result<(), DiskFull> {
    Err(DiskFull)
}

async fn run() {
    let outcome = fence::group().run(async |group| {
        group.spawn(write());
    });
    outcome.await.unwrap();
}

fn main() {
    let _ = run();
}
