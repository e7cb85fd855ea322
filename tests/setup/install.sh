#!/bin/bash
# Installs the host packages that the named groups of work need; says nothing and does nothing when they are there.
#
#   tests/setup/install.sh [machines] [unit] [lint] [deb] [build]        all of them when none is named
#
# Needs root or sudo only when something is missing. "build" is what the engine is compiled with: its own script
# knows that list, so the group only makes sure of what must be there before.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${S3MOUNTD_CACHE:-/var/cache/s3mountd-dev}

declare -A group=(
    [machines]="mmdebstrap systemd-container debian-archive-keyring util-linux python3 python3-venv"
    [unit]="python3 python3-pytest python3-hypothesis python3-dbusmock python3-gi python3-pydbus python3-boto3
        python3-tenacity python3-structlog python3-tomli python3-tomlkit python3-prometheus-client python3-systemd
        gir1.2-glib-2.0 dbus gnupg"
    [lint]="python3-venv shellcheck lintian git"
    [deb]="dpkg-dev build-essential fakeroot lintian"
    [build]="git ca-certificates curl"
)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_get() {
    local log
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq "$@" >"$log" 2>&1 ||
        { cat "$log" >&2; rm -f "$log"; echo "install.sh: apt-get $1 failed" >&2; exit 1; }
    rm -f "$log"
}

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

build_dependencies_missing() {
    [ -f "$top/packaging/debian/control" ] || return 1
    command -v dpkg-checkbuilddeps >/dev/null || return 0
    ! dpkg-checkbuilddeps "$top/packaging/debian/control" 2>/dev/null
}

# Runs of root and of a user by sudo share one cache; the user must be able to write it.
if [ ! -w "$cache" ]; then
    as_root mkdir -p "$cache"
    as_root chown "$(id -u):$(id -g)" "$cache"
fi

wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(machines unit lint deb build)
missing=()
for name in "${wanted[@]}"; do
    [ -n "${group[$name]:-}" ] || { echo "install.sh: no group $name (there are: ${!group[*]})" >&2; exit 64; }
    for package in ${group[$name]}; do
        installed "$package" || missing+=("$package")
    done
done

builddeps=no
if [[ " ${wanted[*]} " == *" deb "* ]] && build_dependencies_missing; then builddeps=yes; fi
if [ ${#missing[@]} -gt 0 ] || [ $builddeps = yes ]; then
    apt_get update
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "== installing with apt: ${missing[*]}" >&2
    apt_get install -y --no-install-recommends "${missing[@]}"
fi
if [ $builddeps = yes ]; then
    echo "== installing what building the package needs" >&2
    apt_get build-dep -y --no-install-recommends "$top/packaging"
fi
