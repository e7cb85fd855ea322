"""The table of everything that can be wrong: one row a code, read by every surface.

A new failure is one row here and, where a message of mount-s3 betrays it, one row in ``core.messages``.
"""

from mountd.words.fault import CRASHES, RETRY, Fault, FaultClass, Retry

__all__ = ["CRASHES", "FAULTS", "RETRY", "Fault", "FaultClass", "MountdError", "Retry"]

_C = FaultClass
_ROWS = (
    Fault("config-invalid", _C.CONFIG, "the configuration has faults: {detail}",
          "run: s3mountctl check",
          "The file was refused as a whole and what ran before goes on unchanged. `s3mountctl check` lists every "
          "fault with its file and line; after mending them run `s3mountctl reload`."),
    Fault("option-rejected", _C.CONFIG, "mount-s3 refuses its options: {detail}",
          "run: s3mountctl check, then s3mountctl logs {name}",
          "mount-s3 ended with status 2, which it uses for a command line that it does not accept. Trying again "
          "cannot help; change the option named in the text and reload."),
    Fault("option-too-new", _C.CONFIG, "{detail}",
          "upgrade mount-s3, or remove the option in {place}",
          "The installed mount-s3 does not know an option of this mount yet. Each option's first version stands in "
          "the table of s3mountd.toml(5)."),
    Fault("folder-not-empty", _C.CONFIG, "the folder {folder} is not empty ({detail})",
          'move its files away, or set nonempty = "hide" in {place}',
          "Mounting over files hides them without a word, so s3mountd refuses. Move them away, or say "
          'nonempty = "hide" to cover them on purpose; they are there again when the mount is removed.'),
    Fault("folder-unusable", _C.CONFIG, "the folder {folder} cannot be used: {detail}",
          "change folder in {place}, or mend the path",
          "The folder could not be made or entered: a part of its path is a file, a link that leads nowhere, or on a "
          "file system that refuses."),
    Fault("wrong-region", _C.CONFIG, "the bucket {bucket} is in another region: {detail}",
          "set region in {place}",
          "A region that is written down is taken as meant, so mount-s3 does not correct it. Write the right one, or "
          "remove the key and let it be found."),
    Fault("bucket-missing", _C.ACCESS, "there is no bucket {bucket} at {endpoint}",
          "check the spelling in {place}, or make the bucket",
          "The store answered that the bucket does not exist. Where Ceph's gateway means another bucket by that, for "
          "it does not know its own host name, the code is host-unknown."),
    Fault("host-unknown", _C.ACCESS, "{endpoint} does not know that it is called so, and looks for a bucket {detail}",
          "set endpoint_url in {place} to a name or address that the gateway knows, or have this one added there",
          "Ceph's gateway takes a host name that is none of its own for a bucket's: it then says of every bucket that "
          "it does not exist. Its administrator gives it names by rgw_dns_name or in the zone group's hostnames; an "
          "address in endpoint_url is always taken."),
    Fault("bucket-taken", _C.ACCESS, "the bucket name {bucket} is taken at {endpoint}",
          "choose another one; s3mountctl bucket create BASE makes one up",
          "On AWS a bucket's name is shared by all customers of all regions, on other stores by all of their users; so "
          "a plain word is mostly taken, by somebody else or by yourself. `s3mountctl bucket create BASE` puts digits "
          "behind it."),
    Fault("access-denied", _C.ACCESS, "{endpoint} refuses access to {bucket}: {detail}",
          "give the key or role s3:ListBucket on {bucket}, or use another one",
          "The credentials are known to the store but may not list this bucket (or this prefix). mount-s3 needs "
          "s3:ListBucket to start, s3:GetObject to read, s3:PutObject and s3:AbortMultipartUpload to write, "
          "s3:DeleteObject for allow_delete."),
    Fault("write-denied", _C.ACCESS, "the key may not write to {bucket}: {detail}",
          "give the key s3:PutObject and s3:DeleteObject, or set read_only = true in {place}",
          "The mount is writable and its key is not. At a store other than AWS s3mountd writes a scratch key before "
          "the first bucket of an endpoint is mounted writable; where that is refused, it is mounted read-only. "
          "Elsewhere it is tried soon after, by an upload that is begun and given up; callers would meet an "
          "input/output error at their first write. Reading goes on. It is tried again every few minutes."),
    Fault("write-untried", _C.ACCESS, "whether writing to {endpoint} is safe could not be tried ({detail}), so it is "
          "mounted read-only",
          'set write_safety = "trust" in {place} if you know that it is',
          "Before a bucket of a store other than AWS is mounted writable, s3mountd writes a scratch key to it, for "
          "which it needs the keys itself."),
    Fault("rename-unsafe", _C.ACCESS, "{endpoint} loses files that are renamed, so it is mounted read-only: {detail}",
          "run: apt install haproxy; or set read_only = true in {place}",
          "mount-s3 (since 1.19) asks the store for each rename, and this one answers that it was done though it made "
          "an empty file: mv, sed -i, rsync and editors would leave empty files and report success. Ceph does so. With "
          "haproxy installed its mounts go through a front that refuses renames, and can be written to. With "
          'write_safety = "trust" it is mounted as asked; then copy files into the folder and never rename in it.'),
    Fault("no-front", _C.ACCESS,
          "{endpoint} loses files that are renamed and no front can stand before it, so it is mounted read-only: "
          "{detail}",
          "set read_only = true in {place}, or change what stands in the way there",
          "At a store that loses files that are renamed, mounts can be written to by way of a front, a haproxy that "
          "refuses renames. It cannot go by an HTTP proxy, and it compares the certificate of a store with a host "
          "name only, not with an address (haproxy 2.6 and 3.0). Give endpoint_url the host name that is in the "
          "certificate, or do without proxy, and the mount can be written to."),
    Fault("front-away", _C.WORKER, "the front for {endpoint} is away: {detail}",
          "see: journalctl -u 's3mountd-front-*'",
          "This store loses files that are renamed, so its mounts go through haproxy, in a unit of its own for each "
          "endpoint, which refuses renames. That is not there or does not answer. s3mountd brings it back by itself; "
          "then its mounts get new workers."),
    Fault("unwritable", _C.ACCESS, "{endpoint} cannot store what mount-s3 writes, so it is mounted read-only: {detail}",
          "set read_only = true in {place}, or have the store upgraded",
          "Uploads as mount-s3 makes them were tried on a scratch key: every file that is written would end in an "
          "error. Ceph 16 is such a store; Ceph 18 is not."),
    Fault("read-denied", _C.ACCESS, "{endpoint} lists {bucket} but does not let its objects be read: {detail}",
          "give the key or role s3:GetObject on {bucket}, or use another one",
          "The bucket can be listed with these credentials, which is all that mount-s3 asks for when it starts, but "
          "the first objects that are listed may not be read. Where objects are encrypted by a key of KMS, "
          "kms:Decrypt is needed besides. Asked again each minute."),
    Fault("store-full", _C.ACCESS, "{endpoint} takes no more data for {bucket}: {detail}",
          "delete what is not needed, or have the quota raised",
          "The store refused an upload that was begun for a try, because of a quota or because it is full. Callers "
          "meet it as an input/output error when they write or close; what they wrote is not stored. Reading goes "
          "on. Asked again each minute."),
    Fault("key-refused", _C.CREDENTIALS, "{endpoint} does not accept the key: {detail}",
          "mend the credentials ({credentials}), then: s3mountctl restart {name}",
          "The access key is unknown to the store, or the secret does not belong to it. After mending the file the "
          "next try takes it up by itself; `restart` tries at once."),
    Fault("credentials-expired", _C.CREDENTIALS, "the credentials have expired ({credentials})",
          "renew them, then: s3mountctl restart {name}",
          "Temporary credentials ended. Renew them (for SSO: aws sso login); the next try takes them up."),
    Fault("no-credentials", _C.CREDENTIALS, "no credentials were found ({credentials})",
          "put a key in ~/.aws/credentials of the folder's owner, or set credentials in {place}",
          "Looked for in the order of the AWS chain: the file of the user named by credentials or of the folder's "
          "owner, then root's, then the role of the machine."),
    Fault("profile-missing", _C.CREDENTIALS, "the profile is not in the credentials files ({credentials})",
          "add the profile, or change credentials in {place}",
          "The profile named for this mount is in neither ~/.aws/credentials nor ~/.aws/config of that user."),
    Fault("secret-missing", _C.CREDENTIALS, "there is no systemd credential {detail}",
          "run: sudo s3mountctl secret set {detail}",
          "The mount names a systemd_credential, and none of that name lies in "
          "/etc/credstore.encrypted or the other places where systemd looks. `s3mountctl secret set NAME` asks for the "
          "keys, encrypts them for this machine and stores them there."),
    Fault("secret-unreadable", _C.CREDENTIALS, "systemd cannot open the credentials of the worker ({credentials})",
          "store them again: sudo s3mountctl secret set NAME; see also: s3mountctl logs {name}",
          "A credential that was encrypted on another machine, under another name, or before the machine's key changed "
          "cannot be decrypted: systemd ends the worker with status 243 before it begins."),
    Fault("sso-ended", _C.CREDENTIALS, "the SSO session has ended ({credentials})",
          "run {detail}",
          "The profile gets its keys from IAM Identity Center, and the session of its user is over. `aws sso login` "
          "begins another; the next try takes it up, and `s3mountctl restart NAME` tries at once."),
    Fault("keys-not-got", _C.CREDENTIALS, "the credentials could not be got: {detail}",
          "mend what the text names, then: s3mountctl restart {name}; see also: s3mountctl logs {name}",
          "The process that gets the keys of this mount, as the user whose they are, came back without any: a program "
          "of the profile failed, a token file is missing, the machine has no role. What a program says is not "
          "repeated here, for it may be a secret: run it as that user."),
    Fault("role-refused", _C.CREDENTIALS, "the role cannot be assumed: {detail}",
          "have the role trust these credentials ({credentials}), or change assume_role in {place}",
          "STS knows the keys but does not let them assume the role: its trust policy names others, or asks for an "
          "external_id, or the duration is longer than the role allows."),
    Fault("credentials-ending", _C.CREDENTIALS, "the credentials end soon and others cannot be had: {detail}",
          "see: s3mountctl explain credentials-ending",
          "The mount still serves by keys that end at the time in the text, and getting others fails for the reason "
          "beside it, which decides what mends it. It is tried again and again until then. With SSO the user whose "
          "profile it is runs `aws sso login --profile PROFILE`."),
    Fault("new-keys-refused", _C.CREDENTIALS, "the new credentials are of no use, the old ones stay in use: {detail}",
          "mend the credentials ({credentials}); s3mountctl start {name} looks at once",
          "The file with the keys has changed. The new ones were tried on the bucket, and the store refused them, so "
          "the worker goes on with those that it has, for as long as the store takes them. When the file changes "
          "again it is tried again."),
    Fault("name-unresolved", _C.NETWORK, "the name of {endpoint} does not resolve: {detail}",
          "check the network and endpoint_url in {place}",
          "DNS knows no address for the host: the network or the resolver is away, the name is mistyped, or path "
          "style is off and bucket.host is asked for (set force_path_style = true for stores other than AWS)."),
    Fault("connection-refused", _C.NETWORK, "{endpoint} refuses connections",
          "check that the store runs and that the port in endpoint_url is right",
          "The host answered but nothing listens on the port."),
    Fault("unreachable", _C.NETWORK, "{endpoint} cannot be reached: {detail}",
          "check the network; s3mountd tries again by itself",
          "Packets to the store get no answer, or the connection broke. Nothing has to be done when the network "
          "comes back."),
    Fault("tls-failed", _C.NETWORK, "TLS with {endpoint} fails: {detail}",
          "set ca_bundle in {place} to the store's CA, or check the clock",
          "The certificate is not signed by a CA this machine trusts, does not carry the host's name, or the clock "
          "is off. For a private CA give ca_bundle (mount-s3 1.23 or newer)."),
    Fault("wrong-scheme", _C.NETWORK, "{endpoint} speaks another protocol: {detail}",
          "correct http:// or https:// and the port of endpoint_url in {place}",
          "The port answers, but plain HTTP where TLS was expected or the other way round. mount-s3 itself says "
          "nothing of it for a minute or more."),
    Fault("proxy-failed", _C.NETWORK, "the proxy does not lead to {endpoint}: {detail}",
          "correct proxy in {place}, or remove it",
          "The mount has a proxy, and the proxy cannot be found, refuses connections, or does not pass requests on. "
          "Workers use the proxy of their mount and no other: variables such as HTTPS_PROXY of the machine do not "
          "count for them."),
    Fault("throttled", _C.NETWORK, "{endpoint} asks to slow down",
          "nothing; s3mountd tries again by itself",
          "The store answered 503 SlowDown to every attempt."),
    Fault("start-timeout", _C.NETWORK, "mount-s3 gave no sign of life for {detail}",
          "check the network and the endpoint; logs: s3mountctl logs {name}",
          "The worker was started and neither came up nor ended within start_timeout. mount-s3 is silent for up to "
          "100 s when a CA is not trusted or packets are dropped."),
    Fault("store-error", _C.NETWORK, "{endpoint} gave an answer mount-s3 does not understand: {detail}",
          "see: s3mountctl logs {name}",
          "The store answered with an error that has no row of its own."),
    Fault("worker-crashed", _C.WORKER, "mount-s3 was ended by {detail}",
          "nothing; it is started again by itself. History: s3mountctl logs {name}",
          "The worker process died by a signal. The folder answers 'not connected' until the next one is in place, "
          "and never shows what lies beneath."),
    Fault("worker-ended", _C.WORKER, "mount-s3 ended by itself ({detail})",
          "see: s3mountctl logs {name}",
          "The worker exited without having been asked, with a message that has no row of its own."),
    Fault("worker-hung", _C.WORKER, "mount-s3 does not answer any more: {detail}",
          "nothing; it is replaced by itself. What it did is kept in /var/lib/s3mountd/evidence",
          "Callers waited, the worker did not answer and did nothing at all, and S3 was well when asked from here. "
          "Another worker takes its place, callers of the old one get an error at once, and it is killed; what it was "
          "uploading is lost. An outage of S3 is never a reason for this, nor is a slow one."),
    Fault("crash-loop", _C.WORKER, "mount-s3 dies again and again: {detail}",
          "see: s3mountctl logs {name}; when it is mended: s3mountctl start {name}",
          "The worker died five times in a row without a spell of service between. It is still tried, after 30 s and "
          "then less and less often, at least every 10 minutes, and all is well again when it serves. Its last words "
          "and what they point to stand in the text; `s3mountctl logs NAME` has all of them. Often it is memory, a "
          "full disk, or a version of mount-s3 with a fault: an older or a newer one may help.",
          own_retry=Retry(30.0, 600.0, after=CRASHES - 1), lasts=True),
    Fault("worker-out-of-memory", _C.WORKER, "the kernel ended mount-s3 for want of memory ({detail})",
          "see: s3mountctl logs {name}",
          "The out-of-memory killer chose the worker, because the machine had no memory left or because it went above "
          "memory_max. From mount-s3 1.24 on each worker plans with its share of half the machine's memory, or with "
          "memory_target; older ones plan with 95 % each, and memory_max is the only bound."),
    Fault("no-answer", _C.WORKER, "mount-s3 gives no answer within {detail}, though the store is well",
          "see: s3mountctl logs {name}",
          "A check through the mount got no answer from mount-s3 in time, and the store answers when it is asked "
          "directly. It may be busy, or still be waiting for requests of a time when the store was away."),
    Fault("unmounted-outside", _C.WORKER, "somebody unmounted {folder}; it is mounted again",
          "to keep it away use: s3mountctl stop {name}",
          "The mount vanished from the mount table without s3mountd's doing. Use `s3mountctl stop` to unmount."),
    Fault("worker-missing", _C.HOST, "mount-s3 is not installed (looked for {detail})",
          "run: s3mountctl doctor, which prints the commands that install it; s3mountd takes it up by itself",
          "s3mountd supervises AWS's mount-s3, which Debian does not carry. Download its .deb from AWS, check the "
          "signature, and install it with apt."),
    Fault("worker-too-old", _C.HOST, "mount-s3 {detail} is too old; 1.14 is the oldest that can be supervised",
          "upgrade mount-s3",
          "Since 1.14 mount-s3 takes a FUSE file descriptor, on which everything here stands."),
    Fault("foreign-mount", _C.HOST, "something else is mounted on {folder} ({detail})",
          "unmount it (umount {folder}), or change folder in {place}",
          "A file system that s3mountd did not mount covers the folder. It is left alone; when it goes away the "
          "bucket is mounted."),
    Fault("folder-busy", _C.OPERATOR, "the folder cannot be taken over: {detail}",
          "close what uses it, then try again",
          "`s3mountctl import --take-over` unmounts what another program mounted, and only when nobody has a file or a "
          "folder of it open, so that no upload is cut. Until then nothing is changed."),
    Fault("fuse-missing", _C.HOST, "/dev/fuse cannot be opened: {detail}",
          "run: modprobe fuse",
          "The kernel has no FUSE, or the device is hidden from the daemon (containers need --device /dev/fuse)."),
    Fault("cache-full", _C.HOST, "the disk of the cache is full: {detail}",
          "make room there, or change cache in {place}",
          "Each worker has a folder of its own below the folder named by cache, removed when it has ended. Without "
          "room for it the worker is not started. With less than 5 % of the disk free it is, and caches nothing; the "
          "journal says so. max_cache_size bounds what one worker may take."),
    Fault("host-refused", _C.HOST, "the system refused: {detail}",
          "see: journalctl -u s3mountd",
          "A call to the kernel or to systemd failed in a way that has no row of its own."),
    Fault("clock-skew", _C.HOST, "{endpoint} refuses signatures, for this machine's clock is off: {detail}",
          "set the clock; see: timedatectl",
          "Every request to S3 is signed together with the time, and one that is off by more than 5 to 15 minutes is "
          "refused. `timedatectl` shows whether a time server keeps the clock in step."),
    Fault("stopped", _C.OPERATOR, "stopped by an operator",
          "run: s3mountctl start {name}",
          "`s3mountctl stop` was used. The mount stays away, also over a reboot, until `s3mountctl start`."),
    Fault("disabled", _C.OPERATOR, "disabled in the configuration",
          "set enabled = true in {place}",
          "The mount has enabled = false."),
    Fault("on-demand", _C.OPERATOR, "nobody uses it; it is mounted at the first access",
          "nothing; use {folder}",
          "The mount has on_demand = true. The first access to its folder waits, starts a worker and is served by "
          "it. With idle_unmount the worker goes away again when nobody has used the folder for that time."),
    Fault("not-permitted", _C.OPERATOR, "you may not do this: {detail}",
          "use sudo",
          "Reading is free for local users; changing needs the polkit action org.s3mountd1.manage, which "
          "administrators have. With allow_users = true users manage mounts in their own homes, and no others."),
    Fault("no-such-mount", _C.OPERATOR, "there is no mount called {detail}",
          "run: s3mountctl list",
          "The name is not in the configuration that the daemon runs with; after adding it run s3mountctl reload."),
    Fault("daemon-unreachable", _C.OPERATOR, "the daemon does not answer on D-Bus: {detail}",
          "run: systemctl status s3mountd",
          "s3mountd is not running, or the system bus is away. Mounts that were up go on serving without it."),
)

FAULTS: dict[str, Fault] = {fault.code: fault for fault in _ROWS}


class MountdError(Exception):
    """A failure with a code of the table; ``detail`` fills the sentence's template."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.fault = FAULTS[code]
        self.detail = detail
        super().__init__(f"{code}: {detail}" if detail else code)
