#!/bin/bash
# Build s3mountd_VERSION_all.deb into OUTDIR and print its path as the last line; everything else goes to stderr.
#
#   packaging/build-deb.sh [--version X.Y.Z] OUTDIR
#
# --version builds the same sources under another version (tests of upgrade and downgrade).
# Works from a clean checkout, as root or not. Missing build tools are installed when root or sudo is at hand.
set -euo pipefail

# Debian's own tools only: a Python from pyenv or a virtual environment lacks the build modules.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME

repo=$(cd "$(dirname "$0")/.." && pwd)
# What the package is made from, and nothing else: not tests, not caches, not somebody's scratch files.
sources=(mountd systemd docs packaging pyproject.toml README.md CHANGELOG.md LICENSE)
tools=(dpkg-dev lintian)

say() {
    echo "build-deb: $*" >&2
}

die() {
    say "$*"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    else
        die "needs root or sudo without a password for: $*"
    fi
}

tools_are_there() {
    command -v lintian dpkg-buildpackage >/dev/null && (cd "$1" && dpkg-checkbuilddeps 2>/dev/null)
}

install_tools() {
    tools_are_there "$1" && return
    say "installing what the build needs"
    as_root apt-get -o DPkg::Lock::Timeout=600 -qq update >&2
    as_root apt-get -o DPkg::Lock::Timeout=600 -qq --yes --no-install-recommends install "${tools[@]}" >&2
    as_root apt-get -o DPkg::Lock::Timeout=600 -qq --yes --no-install-recommends build-dep "$1" >&2
}

# A tree of its own, for debian/ has to be at the top and the build leaves files in it.
copy_sources() {
    local tree=$1
    mkdir -p "$tree"
    tar -C "$repo" --exclude=__pycache__ --exclude='*.pyc' -cf - "${sources[@]}" | tar -C "$tree" --no-same-owner -xf -
    mv "$tree/packaging/debian" "$tree/debian"
    # A checkout under a strict umask must not give a package that only root can read.
    chmod -R u=rwX,go=rX "$tree"
}

# One entry in place of the whole changelog, for the version may be lower than those already in it.
set_version() {
    local tree=$1 version=$2 date
    [[ $version =~ ^[0-9]+(\.[0-9]+)+$ ]] || die "not a version: $version"
    date=$(cd "$tree" && dpkg-parsechangelog --show-field Date)
    sed -i "s/^__version__ = .*/__version__ = \"$version\"/" "$tree/mountd/__init__.py"
    printf 's3mountd (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' "$version" \
        "The same sources under another version." "s3mountd maintainers <maintainers@s3mountd.example>" "$date" \
        >"$tree/debian/changelog"
}

check_version() {
    local tree=$1 packaged program
    packaged=$(cd "$tree" && dpkg-parsechangelog --show-field Version)
    program=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$tree/mountd/__init__.py")
    [ "$packaged" = "$program" ] || die "debian/changelog says $packaged, mountd/__init__.py says $program"
}

version="" outdir=""
while [ $# -gt 0 ]; do
    case $1 in
        --version) version=${2:?--version needs a value} && shift 2 ;;
        -*) die "unknown option $1" ;;
        *) outdir=$1 && shift ;;
    esac
done
[ -n "$outdir" ] || die "usage: build-deb.sh [--version X.Y.Z] OUTDIR"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/s3mountd
copy_sources "$tree"
install_tools "$tree"
[ -z "$version" ] || set_version "$tree" "$version"
check_version "$tree"

say "building"
if ! (cd "$tree" && dpkg-buildpackage --build=all --unsigned-source --unsigned-changes) >"$work/log" 2>&1; then
    cat "$work/log" >&2
    die "the build failed"
fi
say "lintian"
lintian --fail-on error,warning "$work"/s3mountd_*.changes >&2

mkdir -p "$outdir"
deb=$(cd "$work" && echo s3mountd_*_all.deb)
cp "$work/$deb" "$outdir/$deb"
echo "$(cd "$outdir" && pwd)/$deb"
