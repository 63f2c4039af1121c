//! The command line: `cargo run --release -p fence-bench -- <command>`.

use std::error::Error;
use std::process::ExitCode;

use fence_bench::workloads::Suite;
use fence_bench::{compile_time, contention, fire, instructions, report, time};

const USAGE: &str = "usage: fence-bench <command>

  instructions [--gate]  counts instructions under valgrind; with --gate fails if they got worse
  time                   measures programs in turn
  contention             measures two threads on one event
  fire                   fires an event that 100 000 tasks wait for
  compile-time           checks 500 functions with and without the attribute
  report                 all of these, written to docs/performance.md";

/// How much worse than what it is held to a figure may be before the gate fails.
const SLACK: f64 = 0.08;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["instructions"] => return count(false),
        ["instructions", "--gate"] => return count(true),
        ["time"] => print!("{}", time::table().markdown()),
        ["contention"] => print!("{}", contention::table()),
        ["fire"] => print!("{}", fire::table()?),
        ["compile-time"] => print!("{}", compile_time::table()?),
        ["report"] => report::write()?,
        // What the commands above start themselves.
        ["counted", "tables"] => instructions::run_counted(Suite::Tables),
        ["counted", "plots"] => instructions::run_counted(Suite::Plots),
        ["fired", program] => fire::run_fired(program),
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn count(is_gate: bool) -> Result<ExitCode, Box<dyn Error>> {
    if !instructions::are_countable() {
        println!("{}", instructions::SKIPPED);
        return Ok(ExitCode::SUCCESS);
    }
    let table = instructions::table()?;
    print!("{}", table.markdown());
    let worse = table.worse(SLACK);
    if is_gate && !worse.is_empty() {
        let slack = SLACK * 100.0;
        eprintln!(
            "more than {slack:.0} % above what they are held to (see the goals in fence/benches/src/workloads):"
        );
        for program in worse {
            eprintln!("  {program}");
        }
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
