//! Landlock rules: a confined process opens the system's programs and libraries, and the files that
//! it was given.
//!
//! Source: the kernel's `userspace-api/landlock`. The rights of the sixth version (Linux 6.12) are
//! asked for; older kernels enforce what they know.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, make_bitflags, path_beneath_rules,
};

use super::{Confinement, Enforced};

/// The newest Landlock ABI that was tested.
const ABI_TRIED: ABI = ABI::V6;
/// Programs and libraries.
const SYSTEM_DIRS: [&str; 7] = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];
/// System facts that programs read: the loader's cache, the numbers of cores and memory nodes.
/// Nothing else of `/proc`, which also holds the environment of the transcoder with its secrets.
const SYSTEM_FILES: [&str; 5] =
    ["/etc/ld.so.cache", "/proc/self/status", "/proc/cpuinfo", "/sys/devices/system/cpu", "/sys/devices/system/node"];
const RANDOM_DEVICES: [&str; 2] = ["/dev/urandom", "/dev/random"];
const NULL_DEVICE: &str = "/dev/null";

/// Denies all other files and, where the kernel supports it, TCP, abstract sockets and signals
/// outside of the sandbox.
pub fn restrict(confinement: &Confinement, enforced: &mut Enforced) {
    match enforce(confinement) {
        Ok((RulesetStatus::FullyEnforced, status)) => enforced.held.push(format!("files: Landlock {}", version(status))),
        Ok((RulesetStatus::PartiallyEnforced, status)) => {
            enforced.held.push(format!("files: Landlock {}", version(status)));
            enforced.missing.push(format!("Landlock is {}; {ABI_TRIED:?} (Linux 6.12) has every right", version(status)));
        }
        Ok((RulesetStatus::NotEnforced, status)) => enforced.missing.push(format!(
            "children may open every file that this user may: Landlock is {} (it needs Linux 5.13)",
            version(status)
        )),
        Err(error) => {
            enforced.missing.push(format!("children may open every file that this user may: Landlock failed: {error}"));
        }
    }
}

fn enforce(confinement: &Confinement) -> Result<(RulesetStatus, LandlockStatus), RulesetError> {
    let look = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let run = look | AccessFs::Execute;
    let null = make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate});
    let work = look | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile | MakeDir | RemoveDir});
    let own_dir = confinement.program.first().and_then(|program| find_program(program, std::env::var_os("PATH").as_deref()));
    let own_dir = own_dir.as_deref().and_then(Path::parent);
    let mut rules = Vec::new();
    rules.extend(path_beneath_rules(SYSTEM_DIRS, run));
    rules.extend(path_beneath_rules(own_dir, run));
    rules.extend(path_beneath_rules(SYSTEM_FILES.iter().chain(&RANDOM_DEVICES), look));
    rules.extend(path_beneath_rules([NULL_DEVICE], null));
    rules.extend(path_beneath_rules(&confinement.read, look));
    rules.extend(path_beneath_rules(&confinement.dir, work));
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

/// The folder of a program, resolved through `PATH` and symbolic links; its libraries may be there
/// too.
fn find_program(program: &OsStr, path: Option<&OsStr>) -> Option<PathBuf> {
    let has_folder = Path::new(program).components().nth(1).is_some();
    let found = if has_folder {
        Some(PathBuf::from(program))
    } else {
        std::env::split_paths(path?).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
    };
    found?.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_through_path_unless_it_has_a_folder_and_links_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let real = real.canonicalize().unwrap();
        let path = std::env::join_paths([Path::new("/nowhere"), dir.path()]).unwrap();
        assert_eq!(find_program(OsStr::new("link"), Some(&path)), Some(real.clone()));
        assert_eq!(find_program(link.as_os_str(), None), Some(real));
        assert_eq!(find_program(OsStr::new("absent"), Some(&path)), None);
    }
}
