use std::io;
use std::process::ExitStatus;

use fence::{fenced, on_cancel};
use tokio::process::Command;

#[fenced(timeout = "10m", on = "disconnect")]
async fn run(mut command: Command) -> io::Result<ExitStatus> {
    let mut child = command.process_group(0).spawn()?; // the first of a group of its own
    let group = format!("-{}", child.id().expect("it has not been awaited"));
    on_cancel(async move {
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .status()
            .await;
    });
    child.wait().await
}

#[tokio::test]
async fn its_children_are_killed_too() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new("sh");
    // Both keep the pipe open, and it ends when both have ended.
    command
        .args(["-c", "sleep 1000 & echo started; wait"])
        .stdout(writer);
    let mut output = BufReader::new(tokio::fs::File::from_std(std::fs::File::from(
        std::os::fd::OwnedFd::from(reader),
    )));
    let disconnect = fence::Event::new();
    let request = fence::Fencing::new().on("disconnect", &disconnect);
    let mut line = String::new();
    let (outcome, ()) = tokio::join!(request.bind(run(command)), async {
        output.read_line(&mut line).await.unwrap();
        disconnect.set();
    });
    let why = outcome.cancelled().unwrap();
    assert!(why.by("disconnect") && why.cleanup().is_clean());
    assert_eq!(
        output.read_line(&mut line).await.unwrap(),
        0,
        "both have ended"
    );
    assert_eq!(line, "started\n");
}
