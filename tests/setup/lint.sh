#!/bin/bash
# Every static check, one line each; the output of a check only when it fails. Exit status 1 if any did.
#
#   tests/setup/lint.sh [check…]        all of them when none is named
# shellcheck disable=SC2317  # the checks are called by their names
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cd "$top" || exit 1

"$here/install.sh" lint || exit 1
tools=$("$here/venv.sh")/bin || exit 1

tracked() { git -c "safe.directory=*" ls-files --cached --others --exclude-standard -- "$@"; }

# Shell programs, with or without a suffix.
shell_files() {
    tracked .ci packaging tests | xargs -d '\n' grep -lE -m1 '^#!.*(/| )(ba|da)?sh( |$)'
}

# Which files, and the rules, stand in pyproject.toml.
check_ruff() { "$tools/ruff" check --quiet .; }
check_mypy() { "$tools/mypy"; }
check_shellcheck() { shell_files | xargs -d '\n' shellcheck; }
# The build itself ends with lintian, errors and warnings being failures.
check_lintian() { /usr/bin/python3 -m tests.machine.equip; }
check_sizes() { /usr/bin/python3 -m tests.setup.sizes; }
check_floors() { /usr/bin/python3 -m pytest -q -p no:cacheprovider --import-mode=importlib tests/unit/test_floors.py; }
# Man pages, guide and README against the tables of the program.
check_drift() { /usr/bin/python3 docs/gen/build.py --check; }

failed=0
[ $# -gt 0 ] || set -- ruff mypy shellcheck sizes floors drift lintian
for name in "$@"; do
    if output=$("check_$name" 2>&1); then
        echo "ok    $name"
    else
        printf 'FAIL  %s\n%s\n' "$name" "$output"
        failed=1
    fi
done
exit $failed
