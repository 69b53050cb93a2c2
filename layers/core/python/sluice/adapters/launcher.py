"""What runs between fork and exec of an outside program: gives up rights, then becomes that program.

Started by `process.py` as a script of its own (`python -I -S launcher.py STATUS_FD LIMITS LEAST PROGRAM ARG...`),
because code between fork and exec in a process with threads may deadlock. Standard library only, and of that no module
that loads `re` or `enum`: they take as long to load as all the rest. LIMITS is `NAME=value,...`. Writes to STATUS_FD
the sandbox it got (seccomp | no_new_privs | none), or `failed ...`; a successful exec closes STATUS_FD. LEAST is the
sandbox without which the program does not start: seccomp, or any.
"""

import ctypes
import os
import resource
import struct
import sys

_SIGKILL = 9
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2

_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # refuse: EPERM
_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32_CALLS = 0x40000000

# No network (the task's credentials are one HTTP request away), no reaching into other processes, no ring that would
# do either behind the filter's back. Numbers from the kernel's tables; the names are the same on both.
_DENIED = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "sendmsg": 46, "bind": 49, "listen": 50,
            "socketpair": 53, "ptrace": 101, "mount": 165, "add_key": 248, "request_key": 249, "keyctl": 250,
            "unshare": 272, "accept4": 288, "perf_event_open": 298, "sendmmsg": 307, "setns": 308,
            "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198, "connect": 203, "accept": 202, "sendto": 206, "sendmsg": 211, "bind": 200, "listen": 201,
            "socketpair": 199, "ptrace": 117, "mount": 40, "add_key": 217, "request_key": 218, "keyctl": 219,
            "unshare": 97, "accept4": 242, "perf_event_open": 241, "sendmmsg": 269, "setns": 268,
            "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425,
        },
    ),
}  # fmt: skip


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def seccomp_filter(machine: str) -> bytes | None:
    """A classic BPF program that refuses the calls above; None for a processor that is not in the table."""
    if machine not in _DENIED:
        return None
    architecture, calls = _DENIED[machine]
    numbers = sorted(calls.values())
    program = [
        _instruction(_LOAD_WORD, 4),  # seccomp_data.arch
        _instruction(_JUMP_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),  # another processor's calling convention has other numbers
        _instruction(_LOAD_WORD, 0),  # seccomp_data.nr
        _instruction(_JUMP_AT_LEAST, _X32_CALLS, len(numbers) + 1, 0),
    ]
    for position, number in enumerate(numbers):
        program.append(_instruction(_JUMP_EQUAL, number, len(numbers) - position, 0))
    program += [_instruction(_RETURN, _ALLOW), _instruction(_RETURN, _REFUSE)]
    return b"".join(program)


def give_up_rights() -> str:
    """Returns the sandbox that this kernel gave."""
    if sys.platform != "linux":
        return "none"
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)  # a killed transcoder leaves no encoder behind
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return "none"
    program = seccomp_filter(os.uname().machine)
    if program is None:
        return "no_new_privs"
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
    installed = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0
    return "seccomp" if installed else "no_new_privs"


def parse_limits(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in (pair.split("=") for pair in text.split(","))}


def limit_resources(limits: dict[str, int]) -> None:
    """`limits`: names of resource.RLIMIT_* without the prefix -> value; never raised above what the process has."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(kind)
        capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (capped, capped))
        except (ValueError, OSError):
            if sys.platform == "linux":  # macOS accepts no address-space limit
                raise


class SandboxMissing(Exception):
    """The kernel did not give the sandbox that was demanded."""


def main() -> None:
    status, limits, least, argv = int(sys.argv[1]), parse_limits(sys.argv[2]), sys.argv[3], sys.argv[4:]
    os.set_inheritable(status, False)
    try:
        limit_resources(limits)
        sandbox = give_up_rights()
        os.write(status, sandbox.encode())
        if least not in ("any", sandbox):
            raise SandboxMissing
        os.execve(argv[0], argv, {})  # noqa: S606 - the one place where a program starts; no shell
    except Exception as error:
        os.write(status, f" failed {type(error).__name__}".encode())
        os._exit(127)


if __name__ == "__main__":
    main()
