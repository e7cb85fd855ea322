//! From options to the S3 client: endpoint, credentials, trust, throughput, part sizes.

use mountpoint_s3_client::config::{AddressingStyle, S3ClientAuthConfig, TlsConfig};
use mountpoint_s3_client::instance_info::InstanceInfo;
use mountpoint_s3_client::user_agent::UserAgent;
use mountpoint_s3_fs::autoconfigure;
use mountpoint_s3_fs::memory::{MINIMUM_MEM_LIMIT, effective_total_memory};
use mountpoint_s3_fs::s3::config::{ClientConfig, MemoryLimitSetting, PartConfig, TargetThroughputSetting};

use crate::cli::{Args, VERSION};

const MIB: usize = 1 << 20;

/// The memory to stay within: `--memory-target`, else 95% of what the process may have.
pub fn memory(args: &Args) -> MemoryLimitSetting {
    match args.memory_target {
        Some(mib) => MemoryLimitSetting::User(mib as usize * MIB),
        None => {
            let share = (effective_total_memory() as f64 * 0.95) as usize;
            MemoryLimitSetting::Default(share.max(MINIMUM_MEM_LIMIT))
        }
    }
}

/// Builds the configuration of the client. Asks the instance metadata service unless
/// `AWS_EC2_METADATA_DISABLED` is set.
///
/// Fails on a CA bundle that is no readable file and on part sizes that do not fit the memory.
pub fn config(args: &Args, memory: MemoryLimitSetting) -> anyhow::Result<ClientConfig> {
    let part_config = part_sizes(args).validate(memory)?;
    let tls_config = args.ca_bundle.as_ref().map(|path| TlsConfig::new().with_trust_store_path(path));
    if let Some(tls) = &tls_config {
        tls.validate()?;
    }
    let instance = InstanceInfo::new();
    let user_agent = user_agent(args, &instance);
    let throughput_target = throughput(args, &instance);
    tracing::info!(target: "mountpoint_s3", "target network throughput {} Gbps", throughput_target.value());
    Ok(ClientConfig {
        region: autoconfigure::get_region(&instance, args.region.clone()),
        endpoint_url: args.endpoint_url.clone(),
        addressing_style: if args.force_path_style {
            AddressingStyle::Path
        } else {
            AddressingStyle::Automatic
        },
        dual_stack: args.dual_stack,
        transfer_acceleration: args.transfer_acceleration,
        auth_config: credentials(args),
        requester_pays: args.requester_pays,
        expected_bucket_owner: args.expected_bucket_owner.clone(),
        throughput_target,
        bind: args.bind.clone(),
        part_config,
        user_agent,
        tls_config,
    })
}

fn part_sizes(args: &Args) -> PartConfig {
    let common = args.part_size;
    PartConfig::with_read_write_sizes(
        args.read_part_size.unwrap_or(common) as usize,
        args.write_part_size.unwrap_or(common) as usize,
    )
}

fn credentials(args: &Args) -> S3ClientAuthConfig {
    match &args.profile {
        _ if args.no_sign_request => S3ClientAuthConfig::NoSigning,
        Some(profile) => S3ClientAuthConfig::Profile(profile.clone()),
        None => S3ClientAuthConfig::Default,
    }
}

fn user_agent(args: &Args, instance: &InstanceInfo) -> UserAgent {
    let own = format!("mountpoint-s3/{VERSION}");
    let prefix = match &args.user_agent_prefix {
        Some(given) => format!("{given} {own}"),
        None => own,
    };
    UserAgent::new_with_instance_info(Some(prefix), instance)
}

fn throughput(args: &Args, instance: &InstanceInfo) -> TargetThroughputSetting {
    if let Some(gbps) = args.maximum_throughput_gbps {
        return TargetThroughputSetting::User { gbps: gbps as f64 };
    }
    match autoconfigure::network_throughput(instance) {
        Ok(gbps) => TargetThroughputSetting::Instance { gbps },
        Err(error) => {
            let default = TargetThroughputSetting::Default;
            tracing::warn!(
                target: "mountpoint_s3",
                "failed to detect network throughput. Using {} gbps: {error:?}", default.value()
            );
            default
        }
    }
}
