"""moto's server. In its lists, the folders of deleted objects remain; S3 lists a folder only for objects that are there."""
from types import SimpleNamespace

from moto.s3.models import FakeDeleteMarker, FakeTableStorageBucket, S3Backend
from moto.server import main

every_object = S3Backend.list_objects


def list_objects(self, bucket, *args, **kwargs):
    if isinstance(bucket, FakeTableStorageBucket):
        return every_object(self, bucket, *args, **kwargs)
    there = [(name, key) for name, key in bucket.keys.items() if not isinstance(key, FakeDeleteMarker)]
    return every_object(self, SimpleNamespace(keys=SimpleNamespace(items=lambda: there)), *args, **kwargs)


S3Backend.list_objects = list_objects
if __name__ == "__main__":
    main()
