//! Resource limits, capabilities, and the parent-death signal.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Confinement;

/// Time between SIGXCPU, which a program may catch, and SIGKILL.
/// Units: seconds.
const CPU_GRACE_S: u64 = 5;

/// Address space beyond the memory limit: programs and libraries, of which ffmpeg 5.1 and 7.1 with
/// 140 threads were seen to use 1.2 GiB.
/// Units: bytes.
const RESERVED_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// What glibc's allocator may reserve beyond its use: eight arenas of 64 MiB for each core.
/// Units: bytes.
const RESERVED_PER_CORE_BYTES: u64 = 8 * 64 * 1024 * 1024;
/// The stack of the main thread, which `RLIMIT_DATA` does not count.
/// Units: bytes.
const STACK_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Sets the given limits, and no core dumps.
///
/// `RLIMIT_DATA` does not count memory that was written and is then protected; `RLIMIT_AS`, which
/// counts all address space, is the end of that.
///
/// `RLIMIT_NPROC` is not set: it counts all processes of the user, in other containers too. Seccomp
/// denies new processes instead, and stacks of threads count as memory.
pub fn set(confinement: &Confinement) -> io::Result<()> {
    let Confinement { memory_bytes, cpu_s, file_size_bytes, open_files, .. } = *confinement;
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Stack, STACK_SIZE_BYTES_MAX, STACK_SIZE_BYTES_MAX)?;
    lower_to(Resource::Data, memory_bytes)?;
    lower_to(Resource::As, memory_bytes.map(address_space_bytes))?;
    lower_to(Resource::Fsize, file_size_bytes)?;
    lower_to(Resource::Nofile, open_files)?;
    cpu_s.map_or(Ok(()), |limit_s| lower(Resource::Cpu, limit_s, limit_s.saturating_add(CPU_GRACE_S)))
}

/// Counts all cores that a program sees, as ffmpeg does; a container's share of them may be less.
fn address_space_bytes(memory_bytes: u64) -> u64 {
    #[cfg(target_os = "linux")]
    let cores = rustix::thread::sched_getaffinity(None).map_or(1, |cores| u64::from(cores.count()));
    #[cfg(not(target_os = "linux"))]
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    memory_bytes.saturating_add(RESERVED_BYTES).saturating_add(cores.saturating_mul(RESERVED_PER_CORE_BYTES))
}

fn lower_to(resource: Resource, limit: Option<u64>) -> io::Result<()> {
    limit.map_or(Ok(()), |limit| lower(resource, limit, limit))
}

/// Never above the present hard limit: that would need a privilege.
fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(current.min(ceiling)), maximum: Some(maximum.min(ceiling)) };
    Ok(setrlimit(resource, limit)?)
}

/// Requests SIGKILL when the thread that started this process ends; runtime threads end with their
/// process.
#[cfg(target_os = "linux")]
pub fn die_with(parent_id: Option<u32>) -> io::Result<()> {
    let Some(parent_id) = parent_id else { return Ok(()) };
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before the request.
    if std::os::unix::process::parent_id() == parent_id {
        return Ok(());
    }
    Err(io::Error::other("the parent is gone"))
}

#[cfg(not(target_os = "linux"))]
pub fn die_with(_parent_id: Option<u32>) -> io::Result<()> {
    Ok(())
}

/// Sets `no_new_privs` and drops all capabilities but `CAP_DAC_READ_SEARCH`, which reads files of
/// other owners.
#[cfg(target_os = "linux")]
pub fn drop_privileges() -> io::Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

    set_no_new_privs(true)?;
    let kept = capabilities(None)?.permitted & CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() })?;
    Ok(())
}
