use fence::{Fencing, group};

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let outer = group()
        .run(async |outer| {
            outer.spawn(std::future::pending::<()>());
            let inner = group().fenced(&Fencing::new().linked());
            let _ = inner
                .run(async |inner| {
                    inner.spawn(std::future::pending::<()>());
                    inner.handle().cancel_as("enough");
                })
                .await;
            unreachable!("the outer group is cut as well")
        })
        .await;
    assert!(outer.cancelled_by("enough"));
}
