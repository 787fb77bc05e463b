"""An upload with independent implementations.

botocore must sign the presigned PUT with the same result, urllib3 uploads the bytes, and boto3 reads them back.
Arguments: the S3 endpoint, the bucket, the response of `POST /v1/uploads`, the content type, the file. Keys are in the environment.
"""

import datetime
import json
import pathlib
import sys
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import boto3
import urllib3
from botocore.config import Config

endpoint, bucket, upload, content_type, path = sys.argv[1:]
upload, content = json.loads(upload), pathlib.Path(path).read_bytes()
config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="auto", config=config)

url = urlsplit(upload["uploadUrl"])
query = {name: values[0] for name, values in parse_qs(url.query).items()}
key = url.path.removeprefix(f"{urlsplit(endpoint).path}/{bucket}/")
signed_at = datetime.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
with mock.patch("botocore.auth.get_current_datetime", return_value=signed_at):
    theirs = s3.generate_presigned_url(
        "put_object",
        {"Bucket": bucket, "Key": key, "ContentType": content_type, "ContentLength": len(content)},
        ExpiresIn=int(query["X-Amz-Expires"]),
    )
theirs = {name: values[0] for name, values in parse_qs(urlsplit(theirs).query).items()}
assert theirs == query, f"botocore signs differently:\n{theirs}\n{query}"

answer = urllib3.request("PUT", upload["uploadUrl"], body=content, headers={"Content-Type": content_type})
assert answer.status == 200, (answer.status, answer.data)
stored = s3.get_object(Bucket=bucket, Key=key)
assert stored["ContentType"] == content_type, stored
assert stored["Body"].read() == content, "other bytes were stored"
