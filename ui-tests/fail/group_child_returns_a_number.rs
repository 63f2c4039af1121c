async fn run() -> Result<u32, fence::GroupError<String>> {
    fence::try_group()
        .run(async |group| {
            let child = group.spawn(async { 7 });
            Ok(child.await.unwrap())
        })
        .await
}

fn main() {
    let _ = run();
}
