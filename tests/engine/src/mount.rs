//! From options to a running FUSE session.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use mountpoint_s3_client::S3CrtClient;
use mountpoint_s3_fs::content_type::ContentTypeDetection;
use mountpoint_s3_fs::data_cache::{
    CacheLimit, DataCacheConfig, DiskDataCacheConfig, ExpressDataCacheConfig, ManagedCacheDir,
};
use mountpoint_s3_fs::fs::{CacheConfig, TimeToLive, UploadChecksumAlgorithm};
use mountpoint_s3_fs::fuse::config::{FuseOptions, FuseSessionConfig, MountPoint};
use mountpoint_s3_fs::fuse::session::FuseSession;
use mountpoint_s3_fs::memory::{CandidateSize, PagedPool};
use mountpoint_s3_fs::s3::{S3Path, S3Personality};
use mountpoint_s3_fs::{
    MountpointConfig, Runtime, S3FilesystemConfig, ServerSideEncryption, Superblock, SuperblockConfig,
};

use crate::cli::{Args, BucketType, Sse, UploadChecksums};
use crate::client;
use crate::values::Source;

const MIB: u64 = 1 << 20;
const TTL_WITH_CACHE: TimeToLive = TimeToLive::Duration(Duration::from_secs(60));

/// Checks everything, asks S3 once, mounts, and starts the threads that serve.
///
/// The order is that of mount-s3: what needs no network fails before anything that does, and
/// nothing is mounted before S3 has answered.
pub fn mount(args: &Args) -> anyhow::Result<FuseSession> {
    let path = args.s3_path()?;
    let fuse = fuse_config(args)?;
    let sse = encryption(args)?;
    let memory = client::memory(args);
    let config = client::config(args, memory)?;
    let pool = PagedPool::config()
        .with_candidate_sizes([
            CandidateSize::prunable(config.part_config.read_size_bytes),
            CandidateSize::new(config.part_config.write_size_bytes),
        ])
        .with_memory_limit(memory.bytes())
        .build();
    let client = config.create_client(pool.clone(), Some(&path)).context("Failed to create S3 client")?;
    let runtime = Runtime::new(client.event_loop_group());
    let filesystem = filesystem_config(args, &path, &client, sse.clone());
    let superblock = Superblock::new(
        client.clone(),
        path.clone(),
        SuperblockConfig {
            cache_config: filesystem.cache_config.clone(),
            s3_personality: filesystem.s3_personality,
        },
    );
    let (data_cache, directory) = data_cache(args, &path, sse)?;
    let mut session = MountpointConfig::new(fuse, filesystem, data_cache)?
        .create_fuse_session(superblock, client, runtime, pool)?;
    if let Some(directory) = directory {
        session.run_on_close(Box::new(move || drop(directory)));
    }
    tracing::info!(
        target: "mountpoint_s3",
        "successfully mounted {} at {}", path.bucket_description(), args.mount_point.display()
    );
    Ok(session)
}

fn fuse_config(args: &Args) -> anyhow::Result<FuseSessionConfig> {
    let mount_point = MountPoint::new(&args.mount_point)?;
    if matches!(mount_point, MountPoint::FileDescriptor(_)) && (args.read_only || args.auto_unmount) {
        // Version 0.11 of the crate would let --read-only pass; README.md says why it may not here.
        bail!("--read-only and --auto-unmount are ignored with FUSE fd mount point, give them to mount(2)");
    }
    let options = FuseOptions {
        read_only: args.read_only,
        auto_unmount: args.auto_unmount,
        allow_root: args.allow_root,
        allow_other: args.allow_other,
        clone_fd: false,
    };
    FuseSessionConfig::new(mount_point, options, args.max_threads as usize)
}

fn encryption(args: &Args) -> anyhow::Result<ServerSideEncryption> {
    if args.sse == Some(Sse::Aes256) && args.sse_kms_key_id.is_some() {
        bail!("--sse-kms-key-id can not be used with --sse AES256");
    }
    Ok(ServerSideEncryption::new(args.sse.map(|kind| kind.as_str().into()), args.sse_kms_key_id.clone()))
}

fn filesystem_config(
    args: &Args,
    path: &S3Path,
    client: &S3CrtClient,
    sse: ServerSideEncryption,
) -> S3FilesystemConfig {
    let personality = match args.bucket_type {
        Some(BucketType::GeneralPurpose) => S3Personality::Standard,
        Some(BucketType::Directory) => S3Personality::ExpressOneZone,
        None => S3Personality::infer_from_bucket(&path.bucket, &client.endpoint_config()),
    };
    let default = S3FilesystemConfig::default();
    S3FilesystemConfig {
        cache_config: metadata_cache(args),
        uid: args.uid.unwrap_or(default.uid),
        gid: args.gid.unwrap_or(default.gid),
        dir_mode: args.dir_mode.unwrap_or(default.dir_mode),
        file_mode: args.file_mode.unwrap_or(default.file_mode),
        allow_delete: args.allow_delete,
        allow_overwrite: args.allow_overwrite,
        incremental_upload: args.incremental_upload,
        storage_class: args.storage_class.clone(),
        s3_personality: personality,
        server_side_encryption: sse,
        upload_checksum_algorithm: checksums(args, personality),
        content_type_detection: match args.infer_content_type {
            true => ContentTypeDetection::Auto,
            false => ContentTypeDetection::Disabled,
        },
        read_only: args.read_only,
        ..default
    }
}

fn checksums(args: &Args, personality: S3Personality) -> Option<UploadChecksumAlgorithm> {
    match args.upload_checksums {
        Some(UploadChecksums::Crc32c) => Some(UploadChecksumAlgorithm::Crc32c),
        Some(UploadChecksums::Crc64nvme) => Some(UploadChecksumAlgorithm::Crc64nvme),
        Some(UploadChecksums::Off) => None,
        None => personality.supports_additional_checksums().then_some(UploadChecksumAlgorithm::Crc32c),
    }
}

fn metadata_cache(args: &Args) -> CacheConfig {
    let cached = args.cache.is_some() || args.cache_xz.is_some();
    let default = if cached { TTL_WITH_CACHE } else { TimeToLive::Minimal };
    let config = CacheConfig::new(args.metadata_ttl.map_or(default, without_zero));
    match args.negative_metadata_ttl {
        Some(ttl) => config.with_negative_metadata_ttl(without_zero(ttl)),
        None => config,
    }
}

fn without_zero(ttl: TimeToLive) -> TimeToLive {
    match ttl {
        TimeToLive::Duration(Duration::ZERO) => {
            tracing::warn!(target: "mountpoint_s3", "a TTL of 0 is deprecated, use 'minimal'");
            TimeToLive::Minimal
        }
        other => other,
    }
}

type DataCache = (DataCacheConfig, Option<ManagedCacheDir>);

fn data_cache(args: &Args, path: &S3Path, sse: ServerSideEncryption) -> anyhow::Result<DataCache> {
    let directory = match (&args.cache, args.max_cache_size) {
        (Some(parent), limit) if limit != Some(0) => Some(cache_directory(parent)?),
        _ => None,
    };
    let disk = directory.as_ref().map(|directory| DiskDataCacheConfig {
        cache_directory: directory.as_path_buf(),
        block_size: MIB,
        limit: args
            .max_cache_size
            .map_or_else(CacheLimit::default, |mib| CacheLimit::TotalSize { max_size: (mib * MIB) as usize }),
    });
    let express = match &args.cache_xz {
        Some(Source::Uri(uri)) if !uri.prefix.as_str().is_empty() => {
            bail!("cache-xz argument must not contain a prefix")
        }
        Some(Source::Uri(uri)) => Some(&uri.bucket),
        Some(Source::Bucket(bucket)) => Some(bucket),
        None => None,
    };
    let config = DataCacheConfig {
        disk_cache_config: disk,
        express_cache_config: express
            .map(|bucket| ExpressDataCacheConfig::new(bucket, &path.bucket).sse(sse)),
    };
    Ok((config, directory))
}

fn cache_directory(parent: &Path) -> anyhow::Result<ManagedCacheDir> {
    ManagedCacheDir::new_from_parent_with_cache_key(parent, None, true)
        .context("failed to create cache directory")
}
