use fence::fenced;

#[fenced(timeout = "30s")]
mod m {}

fn main() {}
