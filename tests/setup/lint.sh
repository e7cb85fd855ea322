#!/bin/bash
# Every static check, one line each; the output of a check only when it fails. Exit status 1 if any did.
#
#   tests/setup/lint.sh [check…]        all of them when none is named
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cd "$top" || exit 1

"$here/install.sh" lint || exit 1
tools=$("$here/venv.sh")/bin || exit 1

tracked() { git -c "safe.directory=*" ls-files --cached --others --exclude-standard -- "$@"; }

python_files() {
    tracked '*.py'
    # Programs without a suffix.
    tracked packaging tests | xargs -d '\n' grep -lE -m1 '^#!.*python' 2>/dev/null | grep -v '\.py$'
}

shell_files() {
    { tracked '*.sh'; tracked .ci packaging tests | xargs -d '\n' grep -lE -m1 '^#!.*(/| )(ba|da)?sh( |$)' 2>/dev/null; } |
        sort -u
}

check_ruff() { python_files | xargs -d '\n' "$tools/ruff" check --quiet --config "$here/ruff.toml"; }
check_mypy() {
    "$tools/mypy" --config-file "$here/mypy.ini" -p mountd &&
        python_files | grep '^tests/.*\.py$' | xargs -d '\n' "$tools/mypy" --config-file "$here/mypy.ini"
}
check_shellcheck() { shell_files | xargs -d '\n' shellcheck; }
# The build itself ends with lintian, errors and warnings being failures.
check_lintian() { /usr/bin/python3 -c 'from tests.machine.equip import package; print(package())'; }
check_sizes() { /usr/bin/python3 -m tests.setup.sizes; }
check_floors() { pytest_of tests/unit -k floor; }
check_drift() { pytest_of tests/unit -k drift; }

pytest_of() { /usr/bin/python3 -m pytest -q -p no:cacheprovider --import-mode=importlib "$@"; }

failed=0
for check in "${@:-ruff mypy shellcheck sizes floors drift lintian}"; do
    for name in $check; do
        if output=$("check_$name" 2>&1); then
            echo "ok    $name"
        else
            printf 'FAIL  %s\n%s\n' "$name" "$output"
            failed=1
        fi
    done
done
exit $failed
