# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs, loop devices and mounts of our own."""

import ctypes
import os
import subprocess
import time

CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_NOATIME = 0x20000, 0x4000, 1 << 18, 1024
MS_REMOUNT = 32
EBUSY = 16

libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    pass


def mount(device, where, kind, options, flags=MS_NOATIME):
    if libc.mount(device.encode(), where.encode(), kind.encode(), flags,
                  options.encode()):
        fault = ctypes.get_errno()
        raise OSError(fault, os.strerror(fault))


def remount(device, where, kind, options):
    mount(device, where, kind, options, MS_NOATIME | MS_REMOUNT)


def unmount(where):
    for _ in range(200):
        if libc.umount2(where.encode(), 0) == 0:
            return
        if ctypes.get_errno() != EBUSY:
            break
        time.sleep(0.02)
    raise OSError(ctypes.get_errno(), f"cannot unmount '{where}'")


def private_mounts():
    if libc.unshare(CLONE_NEWNS) or libc.mount(
            b"none", b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "cannot unshare the mounts")


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", **options)


def attach(path):
    done = run("losetup", "--find", "--show", path)
    if done.returncode:
        raise Skip(f"no loop device: {done.stdout.strip()}")
    return done.stdout.strip()


def detach(device):
    """And wait until it is free."""
    run("losetup", "--detach", device)
    for _ in range(250):
        if run("losetup", device).returncode:
            return
        time.sleep(0.02)


def wait_for(path):
    for _ in range(250):
        if os.path.exists(path):
            return
        time.sleep(0.02)
    raise RuntimeError(f"'{path}' does not come")
