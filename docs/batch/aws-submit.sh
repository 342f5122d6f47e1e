#!/bin/sh
# An array job of AWS Batch: register the definition once, then submit it. Each child does one shard.
# The shard comes from AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE.
set -eu
aws batch register-job-definition --cli-input-json file://aws-batch.json
aws batch submit-job --job-name ferpipe --job-queue "${1:?the job queue}" --job-definition ferpipe \
    --array-properties size=20
