// Attacks from inside the sandbox. Without arguments, prints one line for each: its name, then
// `denied` or `ALLOWED`, then what the kernel answered. With the name of an attack of the second
// table, makes only that one, which must not be survived.
//
// The working folder is the child's own; `../victim` and `../victims` are files elsewhere.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define KEY 0x62676c73
#define VICTIM "../victim"
#define MEGABYTE (1UL << 20)

#define TRY(name, attempt)                                                                       \
    do {                                                                                         \
        errno = 0;                                                                               \
        long answer = (long)(attempt);                                                           \
        printf("%s: %s (%s)\n", name, answer < 0 ? "denied" : "ALLOWED", strerror(errno));       \
        fflush(stdout);                                                                          \
    } while (0)

// A new process ends at once; the attacker only learns that it was made.
static long ended(long child) {
    if (child == 0) _exit(0);
    return child;
}

static long mapped(int flags, int protection, size_t size) {
    char *memory = mmap(0, size, protection, flags, -1, 0);
    if (memory == MAP_FAILED) return -1;
    munmap(memory, size);
    return 0;
}

// Writes memory, then protects it, so that RLIMIT_DATA counts it no longer; up to `size`.
static long hidden(size_t size) {
    for (size_t made = 0; made < size; made += 64 * MEGABYTE) {
        char *memory = mmap(0, 64 * MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || mprotect(memory, 64 * MEGABYTE, PROT_READ)) return -1;
    }
    return 0;
}

static void files(pid_t parent) {
    char path[64];
    struct stat facts;
    snprintf(path, sizeof path, "/proc/%d/environ", parent);
    TRY("read the parent's environment", open(path, O_RDONLY));
    snprintf(path, sizeof path, "/proc/%d/mem", parent);
    TRY("write the parent's memory", open(path, O_RDWR));
    TRY("read own memory as a file", open("/proc/self/mem", O_RDONLY));
    TRY("read a file elsewhere", open(VICTIM, O_RDONLY));
    TRY("write a file elsewhere", open(VICTIM, O_WRONLY));
    TRY("list a folder elsewhere", open("..", O_RDONLY | O_DIRECTORY));
    TRY("make a file elsewhere", open("../made", O_CREAT | O_WRONLY, 0600));
    TRY("open a file elsewhere as a path", open(VICTIM, O_PATH));
    TRY("truncate a file elsewhere", truncate(VICTIM, 1));
    TRY("truncate a readable file by opening it", syscall(SYS_openat, AT_FDCWD, "../given", O_RDONLY | O_TRUNC));
    TRY("remove a file elsewhere", unlink("../removable"));
    TRY("move a file elsewhere", rename("../movable", "../moved"));
    TRY("chmod", chmod(VICTIM, 0604));
    TRY("fchmod of own file", fchmod(open("own", O_RDONLY), 0604));
    TRY("chown", chown(VICTIM, getuid(), getgid()));
    TRY("utimes", utimes(VICTIM, 0));
    TRY("utimensat", utimensat(AT_FDCWD, VICTIM, 0, 0));
    TRY("setxattr", setxattr(VICTIM, "user.left", "1", 1, 0));
    TRY("link", link("own", "linked"));
    TRY("symlink", symlink("own", "symlinked"));
    TRY("mkfifo", mkfifo("fifo", 0600));
    TRY("flock", syscall(SYS_flock, open("own", O_RDONLY), 2));
    TRY("lease", fcntl(open("own", O_RDONLY), F_SETLEASE, F_RDLCK));
    TRY("a call with x32's number", syscall(0x40000000 | SYS_getpid) == -1 ? -1 : 0);
    TRY("see a file elsewhere", stat(VICTIM, &facts));
    TRY("see the parent process", (snprintf(path, sizeof path, "/proc/%d", parent), stat(path, &facts)));
}

static void processes(pid_t parent) {
    siginfo_t info = {.si_code = -1};
    int ends[2] = {-1, -1}, pair[2];
    if (pipe(ends)) ends[0] = -1;
    struct { unsigned size, policy; unsigned long flags; int nice; unsigned priority; unsigned long times[3]; } attributes = {48};
    unsigned long cores = ~0UL;
    struct rlimit limit;
    TRY("fork", ended(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
    TRY("vfork", ended(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)));
    TRY("socket of IPv4", socket(AF_INET, SOCK_STREAM, 0));
    TRY("socket of IPv6", socket(AF_INET6, SOCK_DGRAM, 0));
    TRY("socket of Unix", socket(AF_UNIX, SOCK_STREAM, 0));
    TRY("socket of netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    TRY("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    TRY("kill the parent", kill(parent, 0));
    TRY("tkill the parent", syscall(SYS_tkill, parent, 0));
    TRY("tgkill the parent", syscall(SYS_tgkill, parent, parent, 0));
    TRY("kill the group", kill(0, 0));
    TRY("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
    TRY("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 0, &info));
    TRY("F_SETOWN", fcntl(ends[0], F_SETOWN, getpid()));
    TRY("FIOASYNC", ioctl(ends[0], FIOASYNC, &ends[1]));
    TRY("pidfd_open", syscall(SYS_pidfd_open, parent, 0));
    TRY("limits of the parent", syscall(SYS_prlimit64, parent, RLIMIT_NOFILE, 0, &limit));
    TRY("cores of the parent", syscall(SYS_sched_setaffinity, parent, sizeof cores, &cores));
    TRY("scheduling of the parent", syscall(SYS_sched_setattr, parent, &attributes, 0));
    TRY("priority of the parent", setpriority(PRIO_PROCESS, parent, getpriority(PRIO_PROCESS, parent)));
    TRY("disk priority of the parent", syscall(SYS_ioprio_set, 1, parent, (2 << 13) | 4));
    TRY("own limits", setrlimit(RLIMIT_NOFILE, &(struct rlimit){32, 32}));
    TRY("clear the parent-death signal", prctl(PR_SET_PDEATHSIG, 0));
    TRY("undumpable", prctl(PR_SET_DUMPABLE, 0));
    TRY("own process group", setpgid(0, getpgrp()));
    TRY("own session", setsid());
    TRY("alarm", setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, 0));
}

static void memory(void) {
    TRY("shared memory", mapped(MAP_SHARED | MAP_ANONYMOUS, PROT_READ | PROT_WRITE, MEGABYTE));
    TRY("memory that grows down", mapped(MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, PROT_READ | PROT_WRITE, MEGABYTE));
    TRY("memory files", syscall(SYS_memfd_create, "left", 0));
    TRY("more memory than allowed", mapped(MAP_PRIVATE | MAP_ANONYMOUS, PROT_READ | PROT_WRITE, 512 * MEGABYTE));
    TRY("more hidden memory than address space", hidden(16384 * MEGABYTE));
    int segment = shmget(KEY, MEGABYTE, IPC_CREAT | 0600), queue = msgget(KEY, IPC_CREAT | 0600), semaphore = semget(KEY, 1, IPC_CREAT | 0600);
    TRY("SysV memory", segment);
    TRY("SysV queue", queue);
    TRY("SysV semaphore", semaphore);
    if (segment >= 0) shmctl(segment, IPC_RMID, 0);
    if (queue >= 0) msgctl(queue, IPC_RMID, 0);
    if (semaphore >= 0) semctl(semaphore, 0, IPC_RMID);
    TRY("POSIX queue", syscall(SYS_mq_open, "left", O_CREAT | O_RDWR, 0600, 0));
    syscall(SYS_mq_unlink, "left");
    TRY("inotify", inotify_init());
    TRY("eventfd", eventfd(0, 0));
    TRY("timerfd", syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
    TRY("timer", syscall(SYS_timer_create, CLOCK_MONOTONIC, 0, &(int){0}));
    TRY("io_uring", syscall(SYS_io_uring_setup, 4, (char[256]){0}));
    TRY("clone3", ended(syscall(SYS_clone3, &(unsigned long[11]){[4] = SIGCHLD}, 88)));
}

#define KILLED(name, ...) if (!strcmp(attack, #name)) return syscall(SYS_##name, ##__VA_ARGS__) < 0 ? 10 : 11

static int killed(const char *attack) {
    KILLED(ptrace, 16, getppid(), 0, 0);
    KILLED(process_vm_readv, getppid(), 0, 0, 0, 0, 0);
    KILLED(process_vm_writev, getppid(), 0, 0, 0, 0, 0);
    KILLED(kcmp, getpid(), getppid(), 0, 0, 0);
    KILLED(mount, "", "", "", 0, 0);
    KILLED(umount2, "", 0);
    KILLED(pivot_root, "", "");
    KILLED(chroot, ".");
    KILLED(unshare, CLONE_NEWUSER);
    KILLED(setns, 0, 0);
    KILLED(open_by_handle_at, 0, 0, 0);
    KILLED(bpf, 0, 0, 0);
    KILLED(perf_event_open, 0, 0, 0, 0, 0);
    KILLED(userfaultfd, 0);
    KILLED(keyctl, 0, 0, 0);
    KILLED(add_key, 0, 0, 0, 0, 0);
    KILLED(init_module, 0, 0, "");
    KILLED(reboot, 0, 0, 0, 0);
    return 12;
}

int main(int count, char **arguments) {
    if (count == 3 && !strcmp(arguments[1], "survive")) {
        prctl(PR_SET_PDEATHSIG, 0);
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        ended(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
        printf("%d\n", getpid());
        fflush(stdout);
        sleep(atoi(arguments[2]));
        return 0;
    }
    if (count == 2) return killed(arguments[1]);
    signal(SIGIO, SIG_IGN);
    files(getppid());
    processes(getppid());
    memory();
    return 0;
}
