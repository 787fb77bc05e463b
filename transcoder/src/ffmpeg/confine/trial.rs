//! Finds out which promises of `docs/security.md` this system keeps, by trying each from inside.
//!
//! A call that a filter denies fails before its arguments are looked at: with arguments that name
//! nothing, `EPERM` tells the filter's answer from the kernel's.

use std::fs::File;
use std::io::{self, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use super::launch::own_executable;
use super::{Allowance, Confinement, Enforced};

/// Marks a line of the trial's output as a promise that is not kept.
const NOT_KEPT: &str = "not kept: ";

/// Starts the trial as a child, or is that child.
pub fn run(confinement: &Confinement) -> io::Result<Enforced> {
    if confinement.trial {
        return attack(confinement);
    }
    let mut command = Command::new(own_executable()?);
    command.arg("confine").args(Allowance::Glance.flags()).arg("--trial").stdin(Stdio::null());
    if confinement.keep_root {
        command.arg("--keep-root");
    }
    let output = command.output()?;
    let mut enforced = Enforced::default();
    let killed = output.status.signal() == Some(rustix::process::Signal::SYS.as_raw());
    if !killed && !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("the trial ended: {}: {}", output.status, complaint.trim())));
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match line.strip_prefix(NOT_KEPT) {
            Some(line) => enforced.missing.push(line.to_owned()),
            None => enforced.held.push(line.to_owned()),
        }
    }
    let promise = "calls that only an exploit makes kill the process";
    let (lines, line) =
        if killed { (&mut enforced.held, format!("{promise} (SIGSYS)")) } else { (&mut enforced.missing, promise.to_owned()) };
    lines.push(line);
    Ok(enforced)
}

#[cfg(not(target_os = "linux"))]
fn attack(_confinement: &Confinement) -> io::Result<Enforced> {
    let missing = "children may open every file and connection that this user may: only Linux has Landlock and seccomp";
    writeln!(io::stdout(), "{NOT_KEPT}{missing}")?;
    Ok(Enforced::default())
}

/// Confines itself and prints a line for each promise. The last attempt kills this process.
#[cfg(target_os = "linux")]
fn attack(confinement: &Confinement) -> io::Result<Enforced> {
    let protections = super::restrict(confinement, None)?;
    let mut trial = Trial { out: io::stdout(), reasons: reasons(&protections) };
    trial.files()?;
    trial.processes()?;
    trial.memory(confinement)?;
    trial.kernel()?;
    trial.out.flush()?;
    let answer = rustix::mount::unmount("", rustix::mount::UnmountFlags::empty());
    writeln!(io::stderr(), "unmounting nothing: {answer:?}")?;
    Ok(Enforced::default())
}

/// Why promises may not be kept.
#[cfg(target_os = "linux")]
fn reasons(protections: &super::Protections) -> String {
    let own_root = protections.own_root.as_ref().err().map(|error| format!("no mount namespace: {error}"));
    let landlock = protections.landlock.as_ref().err().cloned();
    let seccomp = protections.seccomp.as_ref().err().map(|error| format!("no seccomp: {error}"));
    [own_root, landlock, seccomp].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(target_os = "linux")]
struct Trial {
    out: io::Stdout,
    reasons: String,
}

#[cfg(target_os = "linux")]
impl Trial {
    /// Kept if every attempt fails with one of these errors.
    fn denied<const N: usize>(
        &mut self,
        promise: &str,
        answers: &[rustix::io::Errno],
        attempts: [(&str, io::Result<()>); N],
    ) -> io::Result<()> {
        let is_denial = |error: &io::Error| answers.iter().any(|answer| Some(answer.raw_os_error()) == error.raw_os_error());
        let mut seen = Vec::new();
        for (name, attempt) in attempts {
            match attempt {
                Err(error) if is_denial(&error) => seen.push(format!("{name}: {error}")),
                answer => {
                    let Self { reasons, .. } = self;
                    return writeln!(self.out, "{NOT_KEPT}{promise} ({name}: {answer:?}; {reasons})");
                }
            }
        }
        writeln!(self.out, "{promise} ({})", seen.join(", "))
    }

    fn files(&mut self) -> io::Result<()> {
        use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timestamps, XattrFlags, chmodat, chownat, open, setxattr, utimensat};
        use rustix::io::Errno;

        let parent = format!("/proc/{}", std::os::unix::process::parent_id());
        let hidden = [Errno::ACCESS, Errno::NOENT];
        let environment = File::open(format!("{parent}/environ"));
        self.denied("files elsewhere cannot be read", &hidden, [("the parent's environment", environment.map(drop))])?;
        let place = std::env::temp_dir().join(format!("bgless-confine-{}", std::process::id()));
        let made = File::create_new(&place).map(|_| std::fs::remove_file(&place)).map(drop);
        self.denied("files elsewhere cannot be made", &[Errno::ACCESS, Errno::NOENT, Errno::ROFS], [("create", made)])?;
        let seen = std::fs::symlink_metadata(&parent).map(drop);
        self.denied("files elsewhere cannot be seen", &hidden, [("stat", seen)])?;
        let path = open("/", OFlags::PATH, Mode::empty()).map(drop);
        self.denied("files cannot be opened as paths", &[Errno::PERM], [("O_PATH", path.map_err(Into::into))])?;
        let times = Timestamps { last_access: timespec(), last_modification: timespec() };
        let attempts = [
            ("chmod", chmodat(CWD, "", Mode::empty(), AtFlags::empty()).map_err(Into::into)),
            ("chown", chownat(CWD, "", None, None, AtFlags::empty()).map_err(Into::into)),
            ("utimes", utimensat(CWD, "", &times, AtFlags::empty()).map_err(Into::into)),
            ("setxattr", setxattr("", "user.x", &[], XattrFlags::empty()).map_err(Into::into)),
        ];
        self.denied("attributes of files cannot be changed", &[Errno::PERM], attempts)
    }

    fn processes(&mut self) -> io::Result<()> {
        use rustix::io::Errno;
        use rustix::process::{Pid, set_parent_process_death_signal, setsid, test_kill_process};

        let attempts = [("UDP", UdpSocket::bind("127.0.0.1:0").map(drop)), ("Unix", UnixDatagram::unbound().map(drop))];
        self.denied("no network", &[Errno::PERM], attempts)?;
        self.denied("no other process", &[Errno::PERM], [("fork", Command::new("/").spawn().map(drop))])?;
        let thread = std::thread::Builder::new().spawn(|| ()).map(drop);
        writeln!(self.out, "threads: {}", if thread.is_ok() { "allowed" } else { "refused" })?;
        let parent = i32::try_from(std::os::unix::process::parent_id()).ok().and_then(Pid::from_raw).unwrap_or(Pid::INIT);
        self.denied("no signal to another process", &[Errno::PERM], [("kill", test_kill_process(parent).map_err(Into::into))])?;
        let attempts = [
            ("clear the death signal", set_parent_process_death_signal(None).map_err(Into::into)),
            ("setsid", setsid().map(drop).map_err(Into::into)),
        ];
        self.denied("dies with the transcoder", &[Errno::PERM], attempts)
    }

    fn memory(&mut self, confinement: &Confinement) -> io::Result<()> {
        use rustix::fs::{MemfdFlags, memfd_create};
        use rustix::io::Errno;
        use rustix::process::{Resource, getrlimit};

        let size = confinement.memory_bytes.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX / 2);
        let reserved = Vec::<u8>::new().try_reserve_exact(size).map_err(|_| Errno::NOMEM.into());
        self.denied("memory is limited", &[Errno::NOMEM], [("reserve the limit", reserved)])?;
        let memfd = memfd_create("trial", MemfdFlags::empty()).map(drop).map_err(Into::into);
        self.denied("no memory outside the limit", &[Errno::PERM], [("memfd", memfd)])?;
        let limits = [
            (Resource::Cpu, confinement.cpu_s),
            (Resource::Fsize, confinement.file_size_bytes),
            (Resource::Nofile, confinement.open_files),
            (Resource::Core, Some(0)),
        ];
        let loose: Vec<_> = limits.into_iter().filter(|(which, limit)| getrlimit(*which).current != *limit).collect();
        let mark = if loose.is_empty() { "" } else { NOT_KEPT };
        writeln!(self.out, "{mark}processor time, file size, open files and core dumps are limited {loose:?}")
    }

    fn kernel(&mut self) -> io::Result<()> {
        use rustix::io::Errno;
        use rustix::process::{PidfdFlags, getpid, pidfd_open};

        let status = std::fs::read_to_string("/proc/self/status")?;
        let holds = |name: &str, values: [&str; 2]| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.is_some_and(|value| values.contains(&value.trim()))
        };
        // Nothing, or `CAP_DAC_READ_SEARCH`.
        let capabilities = ["0000000000000000", "0000000000000004"];
        let has_none = holds("NoNewPrivs:", ["1"; 2]) && holds("CapPrm:", capabilities) && holds("CapEff:", capabilities);
        writeln!(self.out, "{}no privileges, and none to gain", if has_none { "" } else { NOT_KEPT })?;
        let newer = pidfd_open(getpid(), PidfdFlags::empty()).map(drop).map_err(Into::into);
        self.denied("no call newer than the list of allowed ones", &[Errno::NOSYS], [("pidfd_open", newer)])
    }
}

#[cfg(target_os = "linux")]
const fn timespec() -> rustix::fs::Timespec {
    rustix::fs::Timespec { tv_sec: 0, tv_nsec: 0 }
}
