"""For every suite: the same clean surroundings, and options of the booted machines."""

from __future__ import annotations

import os
import re
import signal

import pytest

# A host's own S3 settings and certificate bundles must not decide what a test sees.
FOREIGN = re.compile(r"AWS_.*|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|SSL_CERT_FILE|SSL_CERT_DIR|S3CMD_.*")


def pytest_configure(config: pytest.Config) -> None:
    """Clean the environment before anything of the tests is imported."""
    for name in [name for name in os.environ if FOREIGN.fullmatch(name)]:
        del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Begun in the background of a shell. Programs would inherit it, and what Ctrl-C does could not be shown.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """--release: which Debian the machines of tests/system run."""
    parser.addoption(
        "--release",
        choices=("12", "13", "both"),
        default="both",
        help="Debian release of the booted machines (default: both)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the same machine, or servers of this host, runs one after the other (``make test``)."""
    for item in items:
        release = getattr(item, "callspec", None) and item.callspec.params.get("release")  # type: ignore[attr-defined]
        item.add_marker(pytest.mark.xdist_group(f"debian{release}" if release else "host"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run of nothing but skipped tests shows nothing: it fails."""
    if hasattr(session.config, "workerinput"):
        return  # of xdist: who started it has all the reports
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = sum(
        len(reporter.stats.get(word, ())) for word in ("passed", "failed", "xfailed", "xpassed", "error")
    )
    if exitstatus == 0 and not ran and not session.config.option.collectonly:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
