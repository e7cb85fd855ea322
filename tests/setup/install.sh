#!/bin/bash
# Installs the host packages that the named groups of work need; says nothing and does nothing when they are there.
#
#   tests/setup/install.sh [machines] [unit] [lint] [deb] [build]        all of them when none is named
#
# Needs root or sudo only when something is missing. What compiles the engine and what builds the package is known
# to tests/engine/build.sh and packaging/build-deb.sh, which install it; "build" and "deb" are what those two need.
set -euo pipefail

cache=${S3MOUNTD_CACHE:-/var/cache/s3mountd-dev}

declare -A group=(
    [machines]="mmdebstrap systemd-container debian-archive-keyring util-linux libfaketime python3 python3-venv"
    [unit]="python3 python3-venv python3-pytest python3-pytest-xdist python3-hypothesis python3-dbusmock python3-gi python3-pydbus python3-boto3
        python3-tenacity python3-structlog python3-tomli python3-tomlkit python3-yaml python3-prometheus-client python3-systemd
        gir1.2-glib-2.0 gir1.2-soup-3.0 chromium fonts-dejavu-core dbus gnupg go-md2man man-db openssl zsh fish"
    [lint]="python3-venv shellcheck lintian git"
    [deb]="dpkg-dev build-essential lintian"
    [build]="ca-certificates curl"
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

if [ ${#missing[@]} -gt 0 ]; then
    echo "== installing with apt: ${missing[*]}" >&2
    apt_get update
    apt_get install -y --no-install-recommends "${missing[@]}"
fi
