"""Wall time, CPU time and peak memory of a command with all its children."""
import os
import pathlib
import resource
import subprocess
import threading
import time
import typing

PAGE = os.sysconf("SC_PAGE_SIZE")
PERIOD_S = 0.05


class Cost(typing.NamedTuple):
    wall_s: float
    cpu_s: float
    peak_mb: float


def resident(root):
    """Memory of a process and of all that came of it, in bytes."""
    parents, sizes = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)], sizes[int(entry.name)] = int(stat[1]), int(stat[21]) * PAGE
            except (OSError, IndexError):
                continue
    total = 0
    for process in sizes:
        above = process
        while above not in (0, 1, root):
            above = parents.get(above, 0)
        total += sizes[process] if above == root else 0
    return total


def run(*command, cwd=None, shell=False, **environment):
    """Runs a command to its end; what it says on stderr is shown if it fails."""
    before, begun, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    command = command[0] if shell else [str(word) for word in command]
    process = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **environment},
        shell=shell, executable="/bin/bash" if shell else None,
    )
    said = []
    reader = threading.Thread(target=lambda: said.append(process.stderr.read()))
    reader.start()
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        time.sleep(PERIOD_S)
    wall_s = time.monotonic() - begun
    reader.join()
    if process.returncode:
        raise SystemExit(f"{command}: exit {process.returncode}\n{said[0].decode(errors='replace')[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak / 1e6)
