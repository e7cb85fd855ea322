//! Kinds of option values that clap does not know by itself.
//!
//! Every parser here runs while the command line is read, so a refusal ends the process with
//! status 2, as in mount-s3.

use std::str::FromStr;

use mountpoint_s3_fs::s3::{Bucket, S3Path, S3PathError};

/// What the first positional argument names.
#[derive(Debug, Clone)]
pub enum Source {
    /// A bucket name, an access point alias or an ARN; the prefix comes from `--prefix`.
    Bucket(Bucket),
    /// An `s3://bucket[/prefix/]` URI, which has its prefix in it.
    Uri(S3Path),
}

impl FromStr for Source {
    type Err = S3PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("s3://") {
            S3Path::parse_s3_uri(text).map(Source::Uri)
        } else {
            Bucket::new(text).map(Source::Bucket)
        }
    }
}

/// Reads permission bits written in octal, 0 to 0777.
pub fn mode(text: &str) -> Result<u16, String> {
    match u16::from_str_radix(text, 8) {
        Ok(bits) if bits <= 0o777 => Ok(bits),
        Ok(_) => Err("only the permission bits 0000 to 0777 may be set".into()),
        Err(error) => Err(format!("must be an octal number such as 0755: {error}")),
    }
}

/// Accepts the full ARN of a KMS key; a bare key id or an alias name is not enough.
pub fn kms_key(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") && text.contains(":key") {
        Ok(text.into())
    } else {
        Err("must be the full ARN of a KMS key (arn:...:key/...)".into())
    }
}
