"""Buckets and users of the lab's S3: {"buckets": [NAME], "users": {NAME: POLICY}} on stdin, the users' keys on stdout.

From then on every request has to be signed, and policies hold.
"""
import json
import os
import sys

import boto3
import requests

endpoint = os.environ["AWS_ENDPOINT_URL"]
wanted = json.load(sys.stdin)
s3, iam = boto3.client("s3"), boto3.client("iam")
for bucket in wanted["buckets"]:
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
keys = {}
for user, policy in wanted["users"].items():
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName=user, PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    keys[user] = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
requests.post(f"{endpoint}/moto-api/reset-auth", data=b"0", timeout=10).raise_for_status()
json.dump(keys, sys.stdout)
