# shellcheck shell=bash
# What every kind of backup does: it takes its turn, reports how it went, and encrypts and uploads. Sourced after repository.sh.

report=$STATE/backup-status.json

# A dump and a migration would wait for each other, and an upgrade of Postgres exchanges the files.
lock() {
  exec 9>"$STATE/backup.lock"
  flock -w 14400 9 || die "another backup, or an upgrade's migration, has been running for four hours"
  # What had the lock may have stopped it.
  wait_until 30 "Postgres" answers || true
}

# begin PART: `dump`, `federation`, `redis`, or nothing for the database itself.
begin() {
  part=$1
  start=$(date -u +%FT%TZ)
  SECONDS=0
  recorded=
  reason="interrupted"
  work=
  # Not by the exit code, which is 0 here after a signal.
  trap 'rm -rf "$work"; if [[ -z $recorded ]]; then record false; fi' EXIT
  work=$(mktemp -d) || fail "no room for temporary files"
}

# record true|false [JSON]: into the report, with that in addition.
record() {
  local old
  exec 8>"$report.lock"
  flock 8
  old=$(cat "$report" 2>/dev/null) || old={}
  jq -n --argjson old "$old" --arg part "$part" --argjson ok "$1" --arg time "$start" --argjson seconds "$SECONDS" --arg error "$reason" \
    --argjson more "${2:-null}" '
      (if $part == "" then [] else [$part] end) as $at
      | ($old | getpath($at) // {}) as $before
      | $old | setpath($at; ($before | with_entries(select(.key | IN("dump", "federation", "redis", "from"))))
        + {ok: $ok, time: $time, lastSuccess: (if $ok then $time else $before.lastSuccess // "" end), seconds: $seconds}
        + if $ok then $more // {} else {error: $error} end)' >"$report.new"
  chmod 0644 "$report.new"
  mv "$report.new" "$report"
  exec 8>&-
  recorded=1
}

fail() {
  # The upload's last message is usually the reason.
  reason=$*$(sed -n '$s/^/: /p' "$work/upload" 2>/dev/null) || true
  die "backup failed: $reason; earlier backups are untouched"
}

# Standard input to standard output, and its size to $work/bytes. Without a count, gpg's agent takes a second of CPU each time to choose one; the
# key is a random one.
encrypt() {
  gpg --batch --quiet --homedir "$work" --pinentry-mode loopback --passphrase-file "$SECRETS/backup-key" \
    --symmetric --cipher-algo AES256 --s2k-count 4194304 --compress-algo none |
    tee >(
      wc -c >"$work/bytes.new"
      mv "$work/bytes.new" "$work/bytes"
    )
}

# sent BYTES: $object is in the bucket.
sent() { record true "$(jq -n --arg object "$object" --argjson bytes "$1" '{object: $object, bytes: $bytes}')"; }

# put_object FILE: becomes $object. For small files: the AWS CLI takes a second of CPU, and more than one in memory.
put_object() {
  curl -fsS --connect-timeout 15 --max-time 120 --retry 2 --aws-sigv4 "aws:amz:$AWS_REGION:s3" --upload-file "$1" \
    --config <(sed -n 's/^aws_access_key_id = \(.*\)/user = "\1:/p; s/^aws_secret_access_key = \(.*\)/\1"/p' "$AWS_SHARED_CREDENTIALS_FILE" | tr -d '\n') \
    "https://$BACKUP_BUCKET.s3.$AWS_REGION.amazonaws.com/$object" >/dev/null 2>"$work/upload" || fail "the upload to s3://$BACKUP_BUCKET stopped"
  sent "$(stat -c %s "$1")"
}

# start_upload OBJECT SIZE: what is written to descriptor 3 becomes that object. The size in bytes, at least, decides how large the parts are:
# S3 accepts at most 10,000.
start_upload() {
  object=$1
  mkfifo "$work/pipe"
  (exec aws s3 cp --only-show-errors --cli-connect-timeout 15 --expected-size "$2" - "s3://$BACKUP_BUCKET/$object" \
    <"$work/pipe" 2>"$work/upload" 9>&-) &
  upload=$!
  # Held open until the content is known to be good: when an upload sees the end of its input, it becomes an object.
  exec 3>"$work/pipe"
}
# stop_upload REASON: no object comes of it.
stop_upload() {
  kill -KILL "$upload" 2>/dev/null || true
  exec 3>&-
  wait "$upload" 2>/dev/null || true
  fail "$*"
}
end_upload() {
  wait_until 30 "the size" test -e "$work/bytes" || stop_upload "the upload has no size"
  exec 3>&-
  wait "$upload" || fail "the upload to s3://$BACKUP_BUCKET stopped"
  sent "$(<"$work/bytes")"
  systemctl -q reset-failed "mastodon-backup-$part.service" 2>/dev/null || true
  log "s3://$BACKUP_BUCKET/$object, $(<"$work/bytes") bytes"
}
