//! Landlock rules: a confined process opens the system's programs and libraries, and the files that
//! it was given.
//!
//! Source: the kernel's `userspace-api/landlock`. The rights of the sixth version (Linux 6.12) are
//! asked for; older kernels enforce what they know.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

use super::Confinement;

/// The newest Landlock ABI that was tested.
const ABI_TRIED: ABI = ABI::V6;
/// Programs and libraries.
const SYSTEM_DIRS: [&str; 7] = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];
/// System facts that programs read: the loader's cache, Debian's links to libraries, the numbers of
/// cores and memory nodes. Nothing else of `/proc`, which also holds the environment of the
/// transcoder with its secrets.
const SYSTEM_FILES: [&str; 6] = [
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/proc/self/status",
    "/proc/cpuinfo",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
];
const RANDOM_DEVICES: [&str; 2] = ["/dev/urandom", "/dev/random"];
const NULL_DEVICE: &str = "/dev/null";

/// What a confined process may do with a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read it and execute what is in it.
    Run,
    /// Read it.
    Read,
    /// Read and write it.
    Null,
    /// Read, write, create and remove what is in it.
    Work,
}

/// Files and folders that exist, and what may be done with them.
pub type Permitted = Vec<(PathBuf, Right)>;

impl Right {
    fn access(self) -> BitFlags<AccessFs> {
        let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
        match self {
            Self::Run => read | AccessFs::Execute,
            Self::Read => read,
            Self::Null => make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate}),
            Self::Work => read | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile | MakeDir | RemoveDir}),
        }
    }
}

/// All that the process may open, as absolute paths.
pub fn permitted(confinement: &Confinement, program_dir: Option<&Path>) -> Permitted {
    let system = SYSTEM_DIRS.iter().map(|path| (Path::new(path), Right::Run));
    let program = program_dir.into_iter().map(|path| (path, Right::Run));
    let facts = SYSTEM_FILES.iter().chain(&RANDOM_DEVICES).map(|path| (Path::new(path), Right::Read));
    let null = std::iter::once((Path::new(NULL_DEVICE), Right::Null));
    let given = confinement.read.iter().map(|path| (path.as_path(), Right::Read));
    let dir = confinement.dir.iter().map(|path| (path.as_path(), Right::Work));
    let all = system.chain(program).chain(facts).chain(null).chain(given).chain(dir);
    all.filter(|(path, _)| path.exists()).filter_map(|(path, right)| Some((std::path::absolute(path).ok()?, right))).collect()
}

/// Denies all other files and, where the kernel supports it, TCP, abstract sockets and signals
/// outside of the sandbox. Returns the version, or what is missing.
pub fn restrict(permitted: &Permitted) -> Result<String, String> {
    match enforce(permitted) {
        Ok((RulesetStatus::FullyEnforced, status)) => Ok(format!("Landlock {}", version(status))),
        Ok((RulesetStatus::PartiallyEnforced, status)) => {
            Err(format!("Landlock is {}; {ABI_TRIED:?} (Linux 6.12) has every right", version(status)))
        }
        Ok((RulesetStatus::NotEnforced, status)) => Err(format!("Landlock is {} (it needs Linux 5.13)", version(status))),
        Err(error) => Err(format!("Landlock failed: {error}")),
    }
}

fn enforce(permitted: &Permitted) -> Result<(RulesetStatus, LandlockStatus), RulesetError> {
    let rules = permitted.iter().flat_map(|(path, right)| path_beneath_rules([path], right.access()));
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI_TRIED))?
        .handle_access(AccessNet::from_all(ABI_TRIED))?
        .scope(Scope::from_all(ABI_TRIED))?
        .create()?
        .add_rules(rules)?
        .restrict_self()?;
    Ok((status.ruleset, status.landlock))
}

fn version(status: LandlockStatus) -> String {
    match status {
        LandlockStatus::NotEnabled => "not enabled".to_owned(),
        LandlockStatus::NotImplemented => "not there".to_owned(),
        LandlockStatus::Available { effective_abi, .. } => format!("{effective_abi:?}"),
    }
}
