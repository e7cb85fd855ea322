"""What people stumble over in a bucket that looks like a folder: one row a topic, told by ``s3mountctl explain``.

The facts are those of Mountpoint for Amazon S3 1.24 (its SEMANTICS.md) and what was measured on
SeaweedFS and Ceph.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """``title`` is the answer in one line; ``instead`` is what to do."""

    name: str
    title: str
    story: str
    instead: str


_ROWS = (
    Topic("edit-in-place", "a file cannot be changed in its middle",
          "S3 stores objects whole. A file is written once, from its start to its end, and is there for others when "
          "it is closed. Opening an existing file for change, seeking before a write, and databases such as SQLite "
          "in write mode end in 'Operation not permitted' or 'Invalid argument'.",
          "Work on a copy outside the folder and copy it back whole (needs allow_overwrite = true)."),
    Topic("editors", "vi, nano and others may not save",
          "Many editors save by writing a second file and renaming it, or by changing the file in place; both need "
          "what a bucket does not have. vim also wants its swap file beside the text.",
          "Edit a copy outside and cp it back, or in vim: set backupcopy=yes nowritebackup noswapfile, with "
          "allow_overwrite = true."),
    Topic("mv", "a file cannot be renamed in an ordinary bucket",
          "S3 has no rename. Within the folder mv says 'Function not implemented'; between the folder and another "
          "place it copies and deletes, which works (deleting in the folder needs allow_delete). In Jupyter, !mv "
          "that could copy but not rename may look like a deletion: the new name is there, the old one too or not. "
          "On Ceph a rename would empty the file without a word, so s3mountd lets none through to it: see s3mountctl "
          "explain rename-unsafe.",
          "cp to the new name and rm the old one, or: aws s3 mv."),
    Topic("append", "nothing can be added to the end of a file",
          "Opening a file for append (>>, logging, open(..., 'a')) ends in 'Operation not permitted', but on S3 "
          "Express directory buckets with incremental_upload = true.",
          "Write a new file for each run, or collect outside and copy in."),
    Topic("folders", "folders exist only while something is in them",
          "S3 knows names with slashes, no folders. mkdir makes one that only this worker knows until a file is "
          "stored in it; after a restart of the worker an empty one is gone. A folder cannot be renamed, and rmdir "
          "works only on one that was never stored.",
          "Store a file in it. To rename a folder: aws s3 mv --recursive."),
    Topic("df", "df says 8 EiB free, and du may take long",
          "A bucket has no size to run out of, so mount-s3 answers with a constant. du asks S3 for every object: on "
          "big buckets it takes minutes and costs requests.",
          "For the true size: s3mountctl bucket size --mount NAME; status NAME shows it from then on."),
    Topic("permissions", "owner and mode are shown, not stored",
          "All files look like the folder they are in (owner, mode), or as uid, gid, dir_mode and file_mode say. "
          "chmod, chown and touch of an existing file end in 'Operation not permitted': S3 has nowhere to keep "
          "them. Who may read and write the bucket is up to the store and its key.",
          "Set user, group, dir_mode or file_mode of the mount."),
    Topic("delete", "rm says 'Operation not permitted'",
          "Deleting is off unless the mount has allow_delete = true: an object that is deleted is gone, unless the "
          "bucket keeps versions.",
          "Set allow_delete = true and reload."),
    Topic("overwrite", "an existing file cannot be written",
          "Replacing a file is off unless the mount has allow_overwrite = true, and then only whole: opened for "
          "truncation (as cp and > do), written, closed.",
          "Set allow_overwrite = true and reload."),
    Topic("slow-ls", "ls of a big folder is slow",
          "A listing asks S3 for a thousand names at a time, one answer after the other, and by default each look "
          "at a file asks again. ls -l, file managers and shells' completion look at every file.",
          "Use narrower folders (prefix), plain ls without -l, and metadata_ttl when nobody else changes the "
          "bucket."),
    Topic("late-changes", "changes by others appear late",
          "With metadata_ttl or cache set, what this machine has seen it believes for that long (60 s with a "
          "cache).",
          'Lower metadata_ttl, or set it to "minimal".'),
    Topic("checkpoints", "a checkpoint is safe when its file is closed",
          "An upload ends with close(), or with fsync, after which no more can be written. Also a process that is "
          "killed closes its files: what it had written by then is stored, half a file under its full name. When "
          "mount-s3 itself is killed, or the machine dies, nothing is stored. Libraries that write a temporary file "
          "and rename it need a place that can rename.",
          "Write to local disk, then copy in under a new name for each checkpoint."),
)
TOPICS: dict[str, Topic] = {row.name: row for row in _ROWS}
