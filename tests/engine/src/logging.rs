//! Where the log and the metrics go.

use anyhow::Context;
use mountpoint_s3_fs::logging::{LoggingConfig, LoggingHandle, init_logging, prepare_log_file_name};
use mountpoint_s3_fs::metrics::{self, MetricsConfig, MetricsSinkHandle, OtlpConfig};

use crate::cli::Args;

/// Logging and metrics end when this is dropped.
pub struct Handles {
    _logging: LoggingHandle,
    _metrics: MetricsSinkHandle,
}

/// Builds the logging configuration. The name of a log file is drawn here, once.
pub fn config(args: &Args) -> LoggingConfig {
    LoggingConfig {
        log_file: args.log_directory.as_deref().map(prepare_log_file_name),
        log_to_stdout: args.foreground,
        default_filter: filter(args),
    }
}

/// Starts logging and metrics. Must run after any fork, as both start threads.
pub fn start(config: LoggingConfig, args: &Args) -> anyhow::Result<Handles> {
    let logging = init_logging(config).context("failed to initialize logging")?;
    let otlp = args.otlp_endpoint.as_deref().map(|endpoint| {
        MetricsConfig::Otlp(OtlpConfig::new(endpoint).with_interval_secs(args.otlp_export_interval))
    });
    let metrics = metrics::install(otlp).context("Failed to initialize metrics")?;
    Ok(Handles { _logging: logging, _metrics: metrics })
}

fn filter(args: &Args) -> String {
    if args.no_log {
        return "off".into();
    }
    let general = if args.debug { "debug" } else { "warn,mountpoint_s3=info" };
    let crt = if args.debug_crt { "debug" } else { "off" };
    let metrics = if args.log_metrics { "info" } else { "off" };
    format!("{general},awscrt={crt},{}={metrics}", metrics::TARGET_NAME)
}
