use fence::{Cancelled, Task};
use rayon::prelude::*;

fn hash_all(files: Vec<String>) -> Task<Vec<Result<u64, Cancelled>>> {
    fence::spawn_blocking(move || {
        let here = fence::here(); // what is around, for threads that do not know it
        let hashes = files
            .par_iter()
            .map(|file| here.check().map(|()| hash(file)));
        hashes.collect() // what was hashed in time stays
    })
}

fn hash(file: &str) -> u64 {
    if file == "stop" {
        STOP.set();
    }
    file.bytes().map(u64::from).sum()
}

static STOP: fence::Event = fence::Event::new();

#[tokio::test]
async fn each_thread_learns_of_it() {
    let limit = fence::Fencing::new().on("stop", &STOP).cooperative();
    let hashes = limit.run(async {
        let mut hashes = Vec::new();
        for file in ["a", "stop", "b"] {
            hashes.extend(hash_all(vec![file.to_owned()]).await.unwrap());
        }
        hashes
    });
    let hashes = hashes.await.unwrap();
    assert_eq!(hashes.iter().filter(|hash| hash.is_ok()).count(), 2);
    assert!(hashes[2].as_ref().unwrap_err().by("stop"));
}
