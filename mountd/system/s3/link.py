"""The daemon's end of the process that asks S3."""

from mountd.core.units import s3 as s3_unit
from mountd.system.on_call import IDLE, PACE, OnCall
from mountd.system.systemd import Systemd
from mountd.words import paths


class Stores(OnCall):
    """The process that asks S3, there while somebody has questions."""

    def __init__(self, systemd: Systemd, idle: float = IDLE, pace: float = PACE) -> None:
        super().__init__(systemd, "the process that asks S3", paths.S3_UNIT, s3_unit.properties(), idle, pace)
