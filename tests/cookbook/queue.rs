use fence::{Fenced, fenced};

#[fenced(on = "shutdown")] // waiting ends with a deploy
async fn next(queue: &Queue) -> Option<Job> {
    queue.pop().await
}

#[fenced(budget = "60s", on = "shutdown-hard")] // a job has the drain of the deploy to finish
async fn process(job: &Job) {
    work(job).await;
}

async fn worker(queue: &Queue) {
    while let Fenced::Completed(Some(job)) = next(queue).await {
        match process(&job).await {
            Fenced::Completed(()) => queue.done(job).await,
            Fenced::Cancelled(why) if why.by("shutdown-hard") => queue.put_back(job).await,
            Fenced::Cancelled(why) => queue.bury(job, &why).await,
        }
    }
}

use support::secs;

type Job = u64;

#[derive(Default)]
struct Queue {
    jobs: std::sync::Mutex<Vec<Job>>,
    log: std::sync::Mutex<Vec<String>>,
}

impl Queue {
    fn log(&self, text: String) {
        self.log.lock().unwrap().push(text);
    }

    async fn pop(&self) -> Option<Job> {
        let job = self.jobs.lock().unwrap().pop();
        match job {
            Some(job) => Some(job),
            None => std::future::pending().await,
        }
    }

    async fn done(&self, job: Job) {
        self.log(format!("{job} done"));
    }

    async fn put_back(&self, job: Job) {
        self.log(format!("{job} put back"));
    }

    async fn bury(&self, job: Job, why: &fence::Cancelled) {
        self.log(format!("{job} buried: {}", why.primary().code()));
    }
}

async fn work(job: &Job) {
    tokio::time::sleep(secs(*job)).await;
}

#[tokio::test(start_paused = true)]
async fn jobs_are_done_buried_or_put_back() {
    let shutdown = fence::ShutdownPlan::new().isolated().unwrap();
    let queue = Queue::default();
    queue.jobs.lock().unwrap().extend([50, 100, 1]);
    let report = shutdown.run(async {
        let ((), ()) = tokio::join!(
            async {
                tokio::time::sleep(secs(62)).await;
                assert!(shutdown.begin("a new version"));
            },
            worker(&queue)
        );
    });
    assert!(report.await.is_drained());
    let log = queue.log.lock().unwrap().clone();
    assert_eq!(log, ["1 done", "100 buried: budget", "50 put back"]);
}
