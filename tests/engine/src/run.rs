//! Foreground and background mode.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsRawFd;

use anyhow::{Context, anyhow};
use mountpoint_s3_fs::logging::LoggingConfig;

use crate::cli::{Args, VERSION};
use crate::{logging, mount};

/// How long the launcher waits for the background process, in milliseconds.
const START_LIMIT_MS: libc::c_int = 30_000;
const MOUNTED: u8 = b'0';
const FAILED: u8 = b'1';

/// Mounts and serves until the mount is gone, here or in a process left in the background.
pub fn run(args: Args) -> anyhow::Result<()> {
    let success =
        format!("{} is mounted at {}", args.s3_path()?.bucket_description(), args.mount_point.display());
    let log = logging::config(&args);
    if args.foreground {
        return serve(&args, log, || {
            println!("{success}");
            Ok(())
        });
    }
    background(&args, log, &success)
}

/// Mounts, calls `mounted`, and blocks until the session ends.
fn serve(
    args: &Args,
    log: LoggingConfig,
    mounted: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let _handles = logging::start(log, args)?;
    tracing::info!(target: "mountpoint_s3", "mount-s3 {VERSION}");
    tracing::debug!(target: "mountpoint_s3", "{args:?}");
    let session = mount::mount(args)?;
    mounted()?;
    session.join()
}

fn background(args: &Args, log: LoggingConfig, success: &str) -> anyhow::Result<()> {
    let (reader, writer) = pipe().context("Failed to create a pipe")?;
    // SAFETY: no thread has been started yet, so the child may go on with everything it inherits.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error()).context("Failed to fork"),
        0 => {
            drop(reader);
            child(args, log, writer)
        }
        pid => {
            drop(writer);
            parent(pid, reader, success)
        }
    }
}

fn child(args: &Args, log: LoggingConfig, mut writer: PipeWriter) -> anyhow::Result<()> {
    let mut parent = writer.try_clone().context("Failed to copy the pipe")?;
    let result = serve(args, log, move || {
        parent.write_all(&[MOUNTED]).context("Failed to tell the launcher")?;
        for fd in 0..=2 {
            // SAFETY: nothing in this process uses the standard streams after this point.
            unsafe { libc::close(fd) };
        }
        Ok(())
    });
    if result.is_err() {
        // The launcher may be gone, and then nobody needs the byte.
        let _ = writer.write_all(&[FAILED]);
    }
    result
}

fn parent(child: libc::pid_t, mut reader: PipeReader, success: &str) -> anyhow::Result<()> {
    if !readable(&reader)? {
        // SAFETY: the child has not been waited for, so the id is still its own.
        unsafe { libc::kill(child, libc::SIGTERM) };
        return Err(anyhow!("Timeout after 30 seconds while waiting for mount process to be ready"));
    }
    let mut status = [FAILED];
    let got = reader.read(&mut status).context("Failed to read from the mount process")?;
    if got == 1 && status[0] == MOUNTED {
        println!("{success}");
        return Ok(());
    }
    // SAFETY: waits for a child of this process and stores nothing.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    Err(anyhow!("Failed to create mount process"))
}

/// Waits until the child has written or is gone; false when the limit passed before that.
fn readable(reader: &PipeReader) -> anyhow::Result<bool> {
    let mut poll = libc::pollfd { fd: reader.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd is passed with the count one.
    match unsafe { libc::poll(&mut poll, 1, START_LIMIT_MS) } {
        0 => Ok(false),
        -1 => Err(std::io::Error::last_os_error()).context("Failed to wait for the mount process"),
        _ => Ok(true),
    }
}
