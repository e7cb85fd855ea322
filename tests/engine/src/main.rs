//! The command line of `mount-s3` 1.24 in front of the published Mountpoint crates.
//!
//! Tests of a supervisor need a worker with the real engine, and no package registry has the real
//! binary. This one is theirs; `README.md` beside it says where it differs.

mod cli;
mod client;
mod logging;
mod mount;
mod run;
mod values;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    run::run(cli::Args::parse())
}
