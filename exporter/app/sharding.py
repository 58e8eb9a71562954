"""Which shard polls which account: a stable hash, so that one more shard moves few accounts."""

import hashlib

from exporter.config import Account


def jump(key: int, buckets: int) -> int:
    """Jump consistent hash (Lamping and Veach, 2014): from a 64-bit key to a bucket, counted from 0.

    Going from n to n + 1 buckets moves 1/(n + 1) of the keys, all of them into the new bucket.
    """
    bucket, step = -1, 0
    while step < buckets:
        bucket = step
        key = (key * 2862933555777941757 + 1) & 0xFFFFFFFFFFFFFFFF
        step = int((bucket + 1) * (2**31 / ((key >> 33) + 1)))
    return bucket


def shard_of(account: Account, total: int) -> int:
    """The ordinal of the shard that polls this account, of `total`; accounts of one `shard_key` stay together."""
    name = account.shard_key or f"{account.exchange}/{account.name}"
    return jump(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"), total)
