//! The options of mount-s3 1.24: names, values, defaults, conflicts and requirements.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, ValueEnum, value_parser};
use mountpoint_s3_fs::fs::TimeToLive;
use mountpoint_s3_fs::s3::{Prefix, S3Path};

use crate::values::{Source, kms_key, mode};

/// The version that `--version` prints and the log names.
pub const VERSION: &str = "1.24.0-engine";

const LOGS: [&str; 4] = ["log_directory", "debug", "debug_crt", "log_metrics"];

const MOUNT: &str = "Mount options";
const BUCKET: &str = "Bucket options";
const CREDENTIALS: &str = "Credentials";
const CLIENT: &str = "Client options";
const LOGGING: &str = "Logging and metrics";
const CACHING: &str = "Caching";
const OBJECTS: &str = "New objects";

/// Mount an S3 bucket as a folder. Built for tests from the published Mountpoint crates.
#[derive(Parser, Debug)]
#[command(name = "mount-s3", version = VERSION, max_term_width = 100)]
pub struct Args {
    /// Bucket name, access point alias or ARN, or s3://BUCKET[/PREFIX/]
    #[arg(value_name = "BUCKET")]
    pub source: Source,

    /// Folder to mount at, or /dev/fd/N for a FUSE device that is open and mounted already
    #[arg(value_name = "DIRECTORY")]
    pub mount_point: PathBuf,

    /// Mount only the keys below this prefix, which must end in '/'
    #[arg(long, help_heading = BUCKET)]
    pub prefix: Option<Prefix>,

    /// Region of the bucket [default: AWS_REGION, else the region of the instance, else us-east-1]
    #[arg(long, help_heading = BUCKET)]
    pub region: Option<String>,

    /// URL of the S3 endpoint [default: AWS_ENDPOINT_URL, else found from the bucket and region]
    #[arg(long, value_name = "URL", help_heading = BUCKET)]
    pub endpoint_url: Option<String>,

    /// Name the bucket in the path of requests instead of in the host name
    #[arg(long, help_heading = BUCKET)]
    pub force_path_style: bool,

    /// Use the S3 Transfer Acceleration endpoint
    #[arg(long, help_heading = BUCKET)]
    pub transfer_acceleration: bool,

    /// Use the endpoint that has IPv6 as well as IPv4
    #[arg(long, help_heading = BUCKET)]
    pub dual_stack: bool,

    /// Accept to be charged as the requester
    #[arg(long, help_heading = BUCKET)]
    pub requester_pays: bool,

    /// Kind of the bucket [default: inferred from its name]
    #[arg(long, value_enum, value_name = "TYPE", help_heading = BUCKET)]
    pub bucket_type: Option<BucketType>,

    /// Account that must own the bucket
    #[arg(long, value_name = "ACCOUNT", help_heading = BUCKET)]
    pub expected_bucket_owner: Option<String>,

    /// Send requests unsigned
    #[arg(long, help_heading = CREDENTIALS)]
    pub no_sign_request: bool,

    /// Profile of the AWS configuration files to use
    #[arg(long, help_heading = CREDENTIALS)]
    pub profile: Option<String>,

    /// Mount read-only
    #[arg(long, help_heading = MOUNT)]
    pub read_only: bool,

    /// Allow files to be deleted
    #[arg(long, help_heading = MOUNT)]
    pub allow_delete: bool,

    /// Allow files to be replaced
    #[arg(long, help_heading = MOUNT)]
    pub allow_overwrite: bool,

    /// Upload appended data in parts (directory buckets only)
    #[arg(long, help_heading = MOUNT)]
    pub incremental_upload: bool,

    /// Unmount when this process ends, however it ends
    #[arg(long, help_heading = MOUNT)]
    pub auto_unmount: bool,

    /// Let root use the mount too
    #[arg(long, help_heading = MOUNT)]
    pub allow_root: bool,

    /// Let every user use the mount
    #[arg(long, conflicts_with = "allow_root", help_heading = MOUNT)]
    pub allow_other: bool,

    /// Owner shown for files [default: the user of this process]
    #[arg(long, value_parser = value_parser!(u32).range(1..), help_heading = MOUNT)]
    pub uid: Option<u32>,

    /// Group shown for files [default: the group of this process]
    #[arg(long, value_parser = value_parser!(u32).range(1..), help_heading = MOUNT)]
    pub gid: Option<u32>,

    /// Permissions shown for folders, in octal [default: 0755]
    #[arg(long, value_name = "MODE", value_parser = mode, help_heading = MOUNT)]
    pub dir_mode: Option<u16>,

    /// Permissions shown for files, in octal [default: 0644]
    #[arg(long, value_name = "MODE", value_parser = mode, help_heading = MOUNT)]
    pub file_mode: Option<u16>,

    /// Stay in the foreground
    #[arg(short, long, help_heading = MOUNT)]
    pub foreground: bool,

    /// Network throughput to aim at, in Gbps [default: that of the instance type, else 10]
    #[arg(long, value_name = "N", value_parser = positive(), help_heading = CLIENT)]
    pub maximum_throughput_gbps: Option<u64>,

    /// Threads that answer file system requests
    #[arg(long, value_name = "N", default_value = "16", value_parser = positive(), help_heading = CLIENT)]
    pub max_threads: u64,

    /// Memory to stay within, in MiB [default: 95% of what this process may have, at least 512]
    #[arg(long, value_name = "MIB", value_parser = value_parser!(u64).range(512..), help_heading = CLIENT)]
    pub memory_target: Option<u64>,

    /// Size of the parts of reads and writes, in bytes
    #[arg(long, value_name = "SIZE", default_value = "8388608", help_heading = CLIENT)]
    #[arg(value_parser = positive())]
    pub part_size: u64,

    /// Size of the parts of reads, in bytes [default: that of --part-size]
    #[arg(long, value_name = "SIZE", help_heading = CLIENT, value_parser = positive())]
    #[arg(conflicts_with = "part_size")]
    pub read_part_size: Option<u64>,

    /// Size of the parts of writes, in bytes [default: that of --part-size]
    #[arg(long, value_name = "SIZE", help_heading = CLIENT, value_parser = positive())]
    #[arg(conflicts_with = "part_size")]
    pub write_part_size: Option<u64>,

    /// PEM file of the CAs to trust instead of the system's
    #[arg(long, value_name = "FILE", env = "AWS_CA_BUNDLE", hide_env_values = true, help_heading = CLIENT)]
    pub ca_bundle: Option<PathBuf>,

    /// Network interface to use; may be given several times
    #[arg(long, value_name = "INTERFACE", help_heading = CLIENT)]
    pub bind: Option<Vec<String>>,

    /// Text to put in front of the user agent header
    #[arg(long, value_name = "PREFIX", help_heading = CLIENT)]
    pub user_agent_prefix: Option<String>,

    /// Write the log to a file in this folder instead of to syslog
    #[arg(short, long, value_name = "DIRECTORY", help_heading = LOGGING)]
    pub log_directory: Option<PathBuf>,

    /// Log metrics every five seconds
    #[arg(long, help_heading = LOGGING)]
    pub log_metrics: bool,

    /// Send metrics to this OpenTelemetry collector
    #[arg(long, value_name = "URL", help_heading = LOGGING)]
    pub otlp_endpoint: Option<String>,

    /// Seconds between two exports of metrics
    #[arg(long, value_name = "SECONDS", default_value = "60", help_heading = LOGGING)]
    #[arg(requires = "otlp_endpoint", value_parser = positive())]
    pub otlp_export_interval: u64,

    /// Log at debug level
    #[arg(short, long, help_heading = LOGGING)]
    pub debug: bool,

    /// Log the AWS Common Runtime at debug level
    #[arg(long, help_heading = LOGGING)]
    pub debug_crt: bool,

    /// Log nothing
    #[arg(long, conflicts_with_all = LOGS, help_heading = LOGGING)]
    pub no_log: bool,

    /// Keep object content in this folder, which must exist
    #[arg(long, value_name = "DIRECTORY", help_heading = CACHING)]
    pub cache: Option<PathBuf>,

    /// Size of the cache, in MiB [default: 5% of the file system stays free]
    #[arg(long, value_name = "MIB", requires = "cache", help_heading = CACHING)]
    pub max_cache_size: Option<u64>,

    /// Directory bucket to keep object content in, shared between mounts
    #[arg(long, value_name = "BUCKET", help_heading = CACHING)]
    pub cache_xz: Option<Source>,

    /// Seconds to trust metadata, or 'indefinite' or 'minimal' [default: minimal, 60 with a cache]
    #[arg(long, value_name = "TTL", help_heading = CACHING)]
    pub metadata_ttl: Option<TimeToLive>,

    /// Seconds to trust that a file does not exist [default: that of --metadata-ttl]
    #[arg(long, value_name = "TTL", help_heading = CACHING)]
    pub negative_metadata_ttl: Option<TimeToLive>,

    /// Storage class
    #[arg(long, value_name = "CLASS", help_heading = OBJECTS)]
    pub storage_class: Option<String>,

    /// Kind of server-side encryption
    #[arg(long, value_enum, value_name = "KIND", help_heading = OBJECTS)]
    pub sse: Option<Sse>,

    /// ARN of the key for server-side encryption
    #[arg(long, value_name = "ARN", requires = "sse", value_parser = kms_key, help_heading = OBJECTS)]
    pub sse_kms_key_id: Option<String>,

    /// Checksums sent with uploads [default: crc32c where the kind of bucket has them]
    #[arg(long, value_enum, value_name = "ALGORITHM", help_heading = OBJECTS)]
    pub upload_checksums: Option<UploadChecksums>,

    /// Set the content type from the extension of the file name
    #[arg(long, help_heading = OBJECTS)]
    pub infer_content_type: bool,
}

fn positive() -> RangedU64ValueParser {
    value_parser!(u64).range(1..)
}

/// Kinds of buckets that `--bucket-type` can force.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum BucketType {
    GeneralPurpose,
    Directory,
}

/// Kinds of server-side encryption.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq)]
pub enum Sse {
    #[value(name = "aws:kms")]
    Kms,
    #[value(name = "aws:kms:dsse")]
    KmsDual,
    #[value(name = "AES256")]
    Aes256,
}

impl Sse {
    /// The word that S3 and the command line have for this kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Sse::Kms => "aws:kms",
            Sse::KmsDual => "aws:kms:dsse",
            Sse::Aes256 => "AES256",
        }
    }
}

/// Checksums of uploads.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub enum UploadChecksums {
    Crc32c,
    Crc64nvme,
    Off,
}

impl Args {
    /// The bucket and prefix to mount.
    ///
    /// Fails when a URI, which has its own prefix, comes together with `--prefix`.
    pub fn s3_path(&self) -> anyhow::Result<S3Path> {
        match (&self.source, &self.prefix) {
            (Source::Uri(_), Some(_)) => anyhow::bail!("explicit prefix option not allowed with S3 URI"),
            (Source::Uri(path), None) => Ok(path.clone()),
            (Source::Bucket(bucket), prefix) => {
                Ok(S3Path::new(bucket.clone(), prefix.clone().unwrap_or_default()))
            }
        }
    }
}
