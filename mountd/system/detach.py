"""s3mount-detach: a worker's ``ExecStop=``, so that a shutdown drains it with the daemon gone.

It takes away the mount of that very worker, or nothing. A worker that has ended by itself left either no mount or a
dead one, which is the guard that keeps callers off the bare folder: then there is nothing to do, and systemd says so
by not setting ``$MAINPID`` (systemd.service(5)).

systemd 252 gives even a privileged ``ExecStop=`` a mount namespace of its own where the unit has ``LoadCredential=``
(seen with strace: ``unshare(CLONE_NEWNS)`` before the exec): unmounting there would change nothing on the host.
"""

import os
import sys

from mountd.system import mounts, syscalls

_HOST = "/proc/1/ns/mnt"


def main() -> int:
    """Exit status 0 also when there was nothing to detach."""
    if not os.environ.get("MAINPID"):
        return 0
    folder, connection = os.environ["S3MOUNT_FOLDER"], int(os.environ["S3MOUNT_CONNECTION"])
    syscalls.enter_mount_namespace(_HOST)
    layers = mounts.MountTable().stack(folder)
    if layers and layers[0].connection == connection:
        syscalls.umount_lazy(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
