//! Seccomp filters: the system calls that ffmpeg, ffprobe and their libraries need, and no others.
//!
//! Three filters, because a filter has one answer for what it denies: the list of allowed calls
//! (`EPERM`), calls newer than the list (`ENOSYS`), and calls that only an exploit makes (kill).

mod allowed;

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{Error, SeccompAction, SeccompFilter, SeccompRule, TargetArch, apply_filter};

use super::{Confinement, Protections};

/// Calls up to here are on Linux 5.0. Newer ones answer `ENOSYS`, as on an older kernel, so that
/// libraries take their older way; among them are `clone3`, `openat2`, `io_uring` and `pidfd`.
/// Above this number all architectures agree.
const FIRST_NEWER: c_long = 424;
/// Beyond Linux 6.18, whose last call is 469.
const LAST_NEWER: c_long = 511;

/// Calls without an honest use in a converter: they inspect other processes, change mounts or
/// namespaces, load code into the kernel, or are large interfaces with a history of
/// vulnerabilities. The process is killed, so that an exploit has one try and leaves a trace.
const KILLED: [c_long; 26] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
];

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Installs the filters. With `log_calls`, calls that would be denied are made and written to the
/// kernel's log.
pub fn restrict(confinement: &Confinement, protections: &mut Protections) {
    let installed = filters(confinement.log_calls).and_then(|filters| filters.into_iter().try_for_each(install));
    protections.seccomp = installed.map_err(io::Error::other);
}

/// The filter that denies most comes last: it denies installing filters.
fn filters(log_calls: bool) -> Result<Vec<SeccompFilter>, Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let newer = (FIRST_NEWER..=LAST_NEWER).filter(|number| !allowed::NEWER.contains(number));
    let allowed = allowed::rules(std::process::id())?;
    // Of several filters the strictest answer counts, of equal ones the last filter's: calls that
    // another filter denies must be allowed here.
    let answered = newer.clone().chain(KILLED).map(|number| (number, Vec::new()));
    let rest = if log_calls { SeccompAction::Log } else { errno(libc::EPERM) };
    let newer = SeccompFilter::new(whole(newer), SeccompAction::Allow, errno(libc::ENOSYS), arch)?;
    let killed = SeccompFilter::new(whole(KILLED), SeccompAction::Allow, SeccompAction::KillProcess, arch)?;
    if log_calls {
        let rules = allowed.into_iter().chain(answered.filter(|(number, _)| !KILLED.contains(number))).collect();
        return Ok(vec![newer, SeccompFilter::new(rules, rest, SeccompAction::Allow, arch)?]);
    }
    let rules = allowed.into_iter().chain(answered).collect();
    Ok(vec![newer, killed, SeccompFilter::new(rules, rest, SeccompAction::Allow, arch)?])
}

fn whole(numbers: impl IntoIterator<Item = c_long>) -> Rules {
    numbers.into_iter().map(|number| (number, Vec::new())).collect()
}

fn errno(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

fn install(filter: SeccompFilter) -> Result<(), Error> {
    let program: seccompiler::BpfProgram = filter.try_into()?;
    apply_filter(&program)
}
