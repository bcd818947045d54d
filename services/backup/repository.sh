# shellcheck shell=bash
# The pgBackRest repository of this instance, in the backup bucket. Sourced after common.sh and clusters.sh.

# On the volume, with the database that they describe:
# Segments of WAL that pgBackRest gave up because too many waited, one JSON object a line. A backup that started later removes them.
# shellcheck disable=SC2034 # for the scripts that source this
GAP=/var/lib/postgresql/archive-gap
# Times that cannot be restored any more, one JSON object a line: {from, until, why}, in seconds since 1970.
# shellcheck disable=SC2034
LOST=/var/lib/postgresql/archive-lost
# While this exists, a backup is due, whatever the time; `anew` in it: the repository is begun anew.
# shellcheck disable=SC2034
NEEDED=/var/lib/postgresql/backup-needed

# pgBackRest finds archived WAL by the files of a cluster: those of the one that serves, or of $cluster.
repository() { (cd / && runuser -u postgres -- env PGBACKREST_PG1_PATH="${cluster:-$(data "$(serving_major)")}" pgbackrest --stanza=mastodon "$@"); }

# The repository's contents as JSON, or nothing and the reason on standard error. A stanza that does not exist has no backups.
contents() {
  local info
  info=$(repository info --output=json "$@") || return 1
  # 1 to 3: nothing is there yet. Every other status is an error, for example a wrong key.
  jq -e '.[0] // {status: {code: 1}} | if .status.code <= 3 then . else error(.repo[0].status.message // .status.message) end' <<<"$info"
}

export AWS_SHARED_CREDENTIALS_FILE=$SECRETS/backup-credentials AWS_CONFIG_FILE=/dev/null
# Stand-ins for S3 refuse the default (checksums after the body). TLS in transit, and gpg later, detect damage too.
export AWS_REQUEST_CHECKSUM_CALCULATION=when_required
export AWS_DEFAULT_REGION=$AWS_REGION AWS_EC2_METADATA_DISABLED=true AWS_RETRY_MODE=standard
# Together with the 15 s for a connection, an unreachable bucket is given up on within four minutes.
export AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-10}
s3() { aws --cli-connect-timeout 15 "$@"; }
