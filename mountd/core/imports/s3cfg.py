"""s3cmd: the store of a ``.s3cfg``. Keys are those of ``s3cmd --dump-config``, version 2.3."""

from collections.abc import Mapping

from mountd.core.config.rules import is_aws
from mountd.core.imports.draft import Draft, Imported, Source, url_of
from mountd.core.imports.ini import sections

_LOST = {
    "signature_v2": "mount-s3 signs by version 4 only",
    "encrypt": "objects that s3cmd encrypted with GPG are shown as they are in the bucket",
    "proxy_host": "a proxy is not taken over",
    "add_headers": "no headers can be added",
}
_NO = frozenset({"", "false", "no", "off", "0"})
_REGIONS = {"US": "us-east-1", "EU": "eu-west-1"}
"""Old names of regions that S3 took for a bucket's location."""


def parse(source: Source) -> Imported:
    """The store of each section; it names no buckets and no folders."""
    found = Imported()
    for name, keys in sections(source.text).items():
        draft = Draft(f"[{name}]", name)
        if keys.keys() & {"host_base", "access_key"}:
            _store(draft, name, keys, source.file)
            found += draft.done()
        else:
            found += draft.refused("names no store and no keys")
    return found


def _store(draft: Draft, name: str, keys: Mapping[str, str], file: str) -> None:
    https = keys.get("use_https", "True").lower() not in _NO
    url = url_of(keys.get("host_base", ""), https)
    if url and not is_aws(url):
        draft.keys["endpoint_url"] = url
    region = keys.get("bucket_location", "")
    if region and (region not in _REGIONS or is_aws(url)):
        draft.keys["region"] = _REGIONS.get(region, region)
    if "ca_certs_file" in keys:
        draft.keys["ca_bundle"] = keys["ca_certs_file"]
    if keys.get("check_ssl_certificate", "True").lower() in _NO:
        draft.remark("certificates are always verified: name the CA with ca_bundle")
    for key, text in _LOST.items():
        if keys.get(key, "").lower() not in _NO:
            draft.remark(f"{key}: {text}")
    if "access_key" in keys:
        draft.credentials |= {"s3cfg": file, **({} if name == "default" else {"section": name})}
