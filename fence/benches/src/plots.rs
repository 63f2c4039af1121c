//! How does the cost grow? Two plots, drawn from instructions.

use std::error::Error;

use plotters::prelude::*;

use crate::instructions;
use crate::table::Measured;
use crate::workloads::{DEPTHS, POLLS, Suite};

const SIZE: (u32, u32) = (720, 400);
const FONT: (&str, u32) = ("sans-serif", 15);
/// The peer's and ours.
const COLORS: [RGBColor; 2] = [RGBColor(0x80, 0x80, 0x80), RGBColor(0x1b, 0x6a, 0xc9)];
const NAMES: [&str; 2] = ["timeout(d, token.run_until_cancelled(f))", "fence"];

/// Points of a line.
type Line = Vec<(f64, f64)>;

/// Measures and draws both into a directory.
///
/// # Errors
///
/// If valgrind fails, or a file cannot be written.
pub fn write(directory: &str) -> Result<(), Box<dyn Error>> {
    let results = instructions::count(Suite::Plots)?;
    let (polls, depths) = results.split_at(POLLS.len());
    let polls = lines(&POLLS, polls);
    let depths = lines(&DEPTHS, depths);
    let path = format!("{directory}/performance-polls.svg");
    draw(&path, "how often the body is pending", &polls)?;
    let path = format!("{directory}/performance-nesting.svg");
    draw(&path, "fences around a body that is pending once", &depths)
}

/// The peer's line and ours.
fn lines(at: &[u32], results: &[Measured]) -> [Line; 2] {
    [0, 1].map(|program| {
        let costs = results.iter().map(|r| r.figures[program].2.least);
        at.iter().map(|at| f64::from(*at)).zip(costs).collect()
    })
}

fn draw(path: &str, across: &str, lines: &[Line; 2]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let most = |axis: fn(&(f64, f64)) -> f64| lines.iter().flatten().map(axis).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..most(|point| point.0), 0.0..most(|point| point.1))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .label_style(FONT)
        .x_desc(across)
        .y_desc("instructions")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    for (line, color) in lines.iter().zip(COLORS) {
        chart.draw_series(LineSeries::new(line.clone(), color.stroke_width(2)))?;
    }
    for ((row, name), color) in (0..).zip(NAMES).zip(COLORS) {
        let style = FONT.into_font().color(&color);
        area.draw(&Text::new(name, (110, 24 + 20 * row), style))?;
    }
    area.present()?;
    Ok(())
}
