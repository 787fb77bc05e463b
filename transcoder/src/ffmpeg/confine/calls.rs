//! Seccomp filters: no sockets, no other processes, no system calls for administration, inspection
//! or loading code.
//!
//! A deny list: libraries differ in what they need, but converting files needs none of these.
//! Denied calls return `EPERM` rather than kill, so that a library's harmless probe is no crash.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use super::Enforced;

/// Sockets. `io_uring` can create them without `socket`.
const NETWORK: [c_long; 11] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendmmsg,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Inspecting or signalling other processes.
const PROCESSES: [c_long; 10] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
];

/// Mounts and namespaces, file handles that bypass path rules, memory that no limit counts.
const FILES: [c_long; 22] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
];

/// Large or rarely used kernel interfaces with a history of vulnerabilities.
const KERNEL: [c_long; 20] = [
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
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_personality,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

/// Calls that only x86-64 has.
#[cfg(target_arch = "x86_64")]
const OLD: [c_long; 7] = [
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_mknod,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: [c_long; 0] = [];

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Installs the filters.
pub fn restrict(enforced: &mut Enforced) {
    match filters().and_then(|filters| filters.iter().try_for_each(|filter| install(filter.clone()))) {
        Ok(()) => enforced.held.push("system calls: seccomp".to_owned()),
        Err(error) => {
            enforced.missing.push(format!("children may open sockets and start processes: seccomp failed: {error}"));
        }
    }
}

fn filters() -> Result<[SeccompFilter; 2], Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = |rules, errno: i32| {
        let action = SeccompAction::Errno(errno.unsigned_abs());
        SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(Error::from)
    };
    // Its flags are behind a pointer, which a filter cannot read; with ENOSYS the C library falls
    // back to `clone`.
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok([filter(unknown, libc::ENOSYS)?, filter(denied()?, libc::EPERM)?])
}

fn install(filter: SeccompFilter) -> Result<(), Error> {
    let program: seccompiler::BpfProgram = filter.try_into()?;
    apply_filter(&program)
}

fn denied() -> Result<Rules, Error> {
    let always = NETWORK.iter().chain(&PROCESSES).chain(&FILES).chain(&KERNEL).chain(&OLD);
    let mut rules: Rules = always.map(|number| (*number, Vec::new())).collect();
    let thread_flag = u64::from(libc::CLONE_THREAD.unsigned_abs());
    // Threads are allowed, processes are not; a process may read and set its own limits only.
    rules.insert(libc::SYS_clone, when_first_argument(SeccompCmpOp::MaskedEq(thread_flag), 0)?);
    rules.insert(libc::SYS_prlimit64, when_first_argument(SeccompCmpOp::Ne, 0)?);
    Ok(with_x32(rules))
}

fn when_first_argument(holds: SeccompCmpOp, value: u64) -> Result<Vec<SeccompRule>, Error> {
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, holds, value)?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}

/// On x86-64 each call has a second number where the kernel has the x32 ABI.
fn with_x32(rules: Rules) -> Rules {
    const X32_SYSCALL_BIT: c_long = 0x4000_0000;
    if cfg!(not(target_arch = "x86_64")) {
        return rules;
    }
    let twins: Rules = rules.iter().map(|(number, rule)| (number | X32_SYSCALL_BIT, rule.clone())).collect();
    rules.into_iter().chain(twins).collect()
}
