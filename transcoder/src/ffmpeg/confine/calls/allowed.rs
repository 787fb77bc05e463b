//! The allowed system calls, and the arguments that are allowed of some.
//!
//! Learned from every call of Debian's ffmpeg 5.1 and 7.1 over the project's tests. Added: calls of
//! musl, of other versions of glibc, and calls that act on the process itself only.

use libc::{c_int, c_long};
use seccompiler::{BackendError as Error, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::Rules;

/// Files that are open, and files that Landlock lets it open, name, create or remove.
const FILES: [c_long; 30] = [
    libc::SYS_close,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_fadvise64,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
];

/// Memory of its own. NUMA policies are set by libnuma, which x265 loads; locked memory is bounded
/// by `RLIMIT_MEMLOCK`.
const MEMORY: [c_long; 14] = [
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_msync,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_get_mempolicy,
    libc::SYS_set_mempolicy,
    libc::SYS_mbind,
    libc::SYS_membarrier,
    libc::SYS_futex,
    libc::SYS_rseq,
];

/// Threads, its own signals, waiting, and the program that it becomes.
const PROCESS: [c_long; 29] = [
    libc::SYS_execve,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_getparam,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_getpriority,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_times,
    libc::SYS_umask,
];

/// Facts about itself and the machine.
const FACTS: [c_long; 16] = [
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getpgid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_getrusage,
    libc::SYS_getcpu,
    libc::SYS_getrandom,
    libc::SYS_sysinfo,
    libc::SYS_uname,
];

/// Calls that newer architectures express by the calls above.
#[cfg(target_arch = "x86_64")]
const OLDER: [c_long; 18] = [
    libc::SYS_renameat,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_getdents,
    libc::SYS_rename,
    libc::SYS_unlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_pause,
    libc::SYS_getpgrp,
    libc::SYS_getrlimit,
    libc::SYS_time,
];
/// `renameat`, for which `libc` has no name on aarch64.
#[cfg(not(target_arch = "x86_64"))]
const OLDER: [c_long; 1] = [38];

/// Those of the calls newer than Linux 5.0 that are allowed.
pub const NEWER: [c_long; 2] = [libc::SYS_faccessat2, libc::SYS_futex_waitv];

/// Not `F_SETOWN` and `F_NOTIFY`, which send signals, nor locks and leases, which make others wait.
const FCNTL_COMMANDS: [c_int; 6] =
    [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];

/// `TCGETS`, `TCGETS2` and `TIOCGWINSZ`, which tell whether a stream is a terminal; `FIONREAD`,
/// `FIOCLEX`.
const IOCTLS: [u64; 5] = [0x5401, 0x802C_542A, 0x5413, 0x541B, 0x5451];

/// `PR_SET_VMA`: names memory.
const PR_SET_VMA: c_int = 0x5356_4D41;
/// Names of threads and memory, and questions. Not the parent-death signal, not "dumpable".
const PRCTL_OPTIONS: [c_int; 7] = [
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    PR_SET_VMA,
    libc::PR_CAPBSET_READ,
    libc::PR_GET_DUMPABLE,
    libc::PR_GET_NO_NEW_PRIVS,
    PR_SVE_GET_VL,
];
/// The vector length of an ARM core.
const PR_SVE_GET_VL: c_int = 51;

/// `arch_prctl`: the thread pointer of the main thread.
#[cfg(target_arch = "x86_64")]
const ARCH_SET_FS: u64 = 0x1002;

/// What a thread shares with its process; C libraries ask for all of it.
const THREAD_FLAGS: c_int = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
/// Flags that make a process, or a thread in new namespaces.
const FOREIGN_FLAGS: c_int = libc::CLONE_PTRACE
    | libc::CLONE_VFORK
    | libc::CLONE_PARENT
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_IO;

/// `MAP_TYPE`: the bits that say whether a mapping is shared.
const MAP_TYPE: c_int = 0x0F;
/// A private mapping that the kernel may empty; the C library's `getrandom` uses it.
const MAP_DROPPABLE: c_int = 0x08;
/// `RLIMIT_DATA` counts neither memory that grows downwards nor huge pages.
const MAP_UNCOUNTED: c_int = libc::MAP_GROWSDOWN | libc::MAP_HUGETLB;

/// The rules; the numbers in them are those of this architecture. A call without conditions is
/// allowed as it is.
pub fn rules(own_id: u32) -> Result<Rules, Error> {
    let mut rules: Rules = FILES
        .iter()
        .chain(&MEMORY)
        .chain(&PROCESS)
        .chain(&FACTS)
        .chain(&OLDER)
        .chain(&NEWER)
        .map(|number| (*number, Vec::new()))
        .collect();
    let opened = |index| -> Result<Vec<SeccompRule>, Error> {
        // Landlock does not restrict O_PATH, and before Linux 6.2 not truncating a file that is
        // opened for reading.
        let checked = libc::O_PATH | libc::O_TRUNC;
        let truncated = |access| all(&[masked(index, checked | libc::O_ACCMODE, libc::O_TRUNC | access)?]);
        Ok(vec![all(&[masked(index, checked, 0)?])?, truncated(libc::O_WRONLY)?, truncated(libc::O_RDWR)?])
    };
    rules.insert(libc::SYS_openat, opened(2)?);
    let private = |kind| all(&[masked(3, MAP_TYPE | MAP_UNCOUNTED, kind)?]);
    // `RLIMIT_DATA` does not count shared memory either; shared mappings of files are the files'.
    let of_file = all(&[masked(3, libc::MAP_ANONYMOUS | MAP_UNCOUNTED, 0)?])?;
    rules.insert(libc::SYS_mmap, vec![private(libc::MAP_PRIVATE)?, private(MAP_DROPPABLE)?, of_file]);
    rules.insert(libc::SYS_clone, vec![all(&[masked(0, THREAD_FLAGS | FOREIGN_FLAGS, THREAD_FLAGS)?])?]);
    rules.insert(libc::SYS_fcntl, any(1, FCNTL_COMMANDS.map(number))?);
    rules.insert(libc::SYS_ioctl, any(1, IOCTLS)?);
    rules.insert(libc::SYS_prctl, any(0, PRCTL_OPTIONS.map(number))?);
    // It reads its own limits and sets none.
    let unset = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![all(&[equal(0, 0)?, unset])?]);
    // Signals to itself, as `abort` sends them.
    let own = u64::from(own_id);
    for call in [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill] {
        rules.insert(call, any(0, [own])?);
    }
    rules.insert(libc::SYS_sched_setaffinity, any(0, [0, own])?);
    #[cfg(target_arch = "x86_64")]
    {
        rules.insert(libc::SYS_open, opened(1)?);
        rules.insert(libc::SYS_arch_prctl, any(0, [ARCH_SET_FS])?);
    }
    Ok(rules)
}

/// One rule for each value of the argument.
fn any<const N: usize>(index: u8, values: [u64; N]) -> Result<Vec<SeccompRule>, Error> {
    values.into_iter().map(|value| all(&[equal(index, value)?])).collect()
}

fn all(conditions: &[SeccompCondition]) -> Result<SeccompRule, Error> {
    SeccompRule::new(conditions.to_vec())
}

/// The kernel reads these arguments as 32 bits.
fn equal(index: u8, value: u64) -> Result<SeccompCondition, Error> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

fn masked(index: u8, mask: c_int, value: c_int) -> Result<SeccompCondition, Error> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(number(mask)), number(value))
}

/// Arguments are compared as unsigned numbers.
fn number(value: c_int) -> u64 {
    u64::from(value.cast_unsigned())
}
