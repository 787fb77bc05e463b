//! What a confined process may use, and that it may gain nothing: resource limits, capabilities, its parent's life.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Confinement;

/// Between the signal that a program may catch and the one that it may not.
/// Units: seconds.
const CPU_GRACE_S: u64 = 5;

/// Sets every limit that was given, and that a crash writes no core file.
///
/// There is none on the number of processes: that limit counts everything of the user, in other containers too. The
/// filter of system calls denies new processes instead, and the stacks of threads count as memory.
pub fn set(confinement: &Confinement) -> io::Result<()> {
    let Confinement { memory_bytes, cpu_s, file_size_bytes, open_files, .. } = *confinement;
    lower(Resource::Core, 0, 0)?;
    // Not the address space: allocators reserve far more of it, per core, than they ever use.
    lower_to(Resource::Data, memory_bytes)?;
    lower_to(Resource::Fsize, file_size_bytes)?;
    lower_to(Resource::Nofile, open_files)?;
    cpu_s.map_or(Ok(()), |limit_s| lower(Resource::Cpu, limit_s, limit_s.saturating_add(CPU_GRACE_S)))
}

fn lower_to(resource: Resource, limit: Option<u64>) -> io::Result<()> {
    limit.map_or(Ok(()), |limit| lower(resource, limit, limit))
}

/// Never above what is set already: that would need a privilege.
fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(current.min(ceiling)), maximum: Some(maximum.min(ceiling)) };
    Ok(setrlimit(resource, limit)?)
}

/// Asks to be killed when the thread that started this process ends, which on a runtime's own threads is its process.
#[cfg(target_os = "linux")]
pub fn die_with(parent_id: Option<u32>) -> io::Result<()> {
    let Some(parent_id) = parent_id else { return Ok(()) };
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have died before the kernel knew of our wish.
    if std::os::unix::process::parent_id() == parent_id {
        return Ok(());
    }
    Err(io::Error::other("the parent is gone"))
}

#[cfg(not(target_os = "linux"))]
pub fn die_with(_parent_id: Option<u32>) -> io::Result<()> {
    Ok(())
}

/// No program gains a privilege, and root's are given up but for one: reading files whose owner is somebody else.
#[cfg(target_os = "linux")]
pub fn drop_privileges() -> io::Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

    set_no_new_privs(true)?;
    let kept = capabilities(None)?.permitted & CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() })?;
    Ok(())
}
