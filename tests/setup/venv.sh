#!/bin/bash
# Prints the path of the virtual environment with the development tools; makes it when its list has changed.
set -euo pipefail
export PIP_DISABLE_PIP_VERSION_CHECK=1

here=$(cd "$(dirname "$0")" && pwd)
cache=${S3MOUNTD_CACHE:-/var/cache/s3mountd-dev}
venv=$cache/venv-$(sha256sum "$here/requirements.txt" | cut -c1-16)

if [ ! -e "$venv/complete" ]; then
    exec 9>"$cache/venv.lock"
    flock 9
    if [ ! -e "$venv/complete" ]; then
        echo "== making the environment of the development tools" >&2
        /usr/bin/python3 -m venv --clear --system-site-packages "$venv" >&2
        grep -v stubs "$here/requirements.txt" | "$venv/bin/pip" install -q -r /dev/stdin >&2
        # Stubs would pull in newer releases of what Debian already gives.
        grep stubs "$here/requirements.txt" | "$venv/bin/pip" install -q --no-deps -r /dev/stdin >&2
        touch "$venv/complete"
    fi
fi
echo "$venv"
