# shellcheck shell=bash
# Makes a restore point on main, says what the database contained just before and just after it, and waits until it is in the bucket.
# Prints facts, one a line: a name, and its value in base64. It changes nothing but that.
#
# In front of it are NAME (the restore point), LIMIT (seconds) and FACTS (facts.sql).
set -euo pipefail
# shellcheck source=/dev/null
. /usr/local/lib/mastodon-host/common.sh
# shellcheck source=/dev/null
. /usr/local/lib/mastodon-host/clusters.sh

fact() { printf '%s %s\n' "$1" "$(base64 -w 0)"; }
work=
after=
finish() {
  if [[ -n $after ]]; then kill "$after" 2>/dev/null || true; fi
  if [[ -n $work ]]; then rm -rf "$work"; fi
}
# Segments arrive in their order; names of other files (00000002.history) do not count.
# shellcheck disable=SC2329 # called by wait_until
arrived() {
  [[ $(superuser -c "SELECT coalesce(left(last_archived_wal, 24) COLLATE \"C\" >= '$segment', false) FROM pg_stat_archiver") == t ]]
}

main() {
  local sequences lsn segment time before
  exec </dev/null
  # Housekeeping waits meanwhile.
  exec 9>/run/mastodon-drill.lock
  flock -s 9
  work=$(mktemp -d)
  trap finish EXIT
  chown postgres "$work"

  fact major <<<"$(serving_major)"
  (cd / && runuser -u postgres -- pgbackrest --stanza=mastodon --output=json info) >"$work/repository"
  # 1 to 3: there is no backup yet. It succeeds whatever the status.
  if ! jq -e '.[0].status.code <= 3' "$work/repository" >/dev/null; then
    die "main cannot read the repository: $(jq -r '.[0].repo[0].status.message' "$work/repository" | head -n 1)"
  fi
  # The newest one of the cluster that serves. Named, because one that ends between now and the restore begins after the restore point.
  jq -ce '.[0] | ([.db[]?.id] | max) as $cluster | [.backup[]? | select(.database.id == $cluster and (.error | not))] | last // empty' \
    "$work/repository" >"$work/backup" ||
    die "there is no backup to restore yet; on main: systemctl start mastodon-backup"
  fact backup <"$work/backup"

  # How much was not in the bucket at this moment: what was written since the last segment that arrived. Postgres closes a segment with
  # content after archive_timeout; an older one holds nothing, unless archiving fails.
  fact exposed <<<"$(superuser -c "SELECT ceil(CASE WHEN last_failed_time > last_archived_time THEN extract(epoch FROM now() - last_archived_time)
    ELSE least(extract(epoch FROM now() - last_archived_time), nullif(extract(epoch FROM current_setting('archive_timeout')::interval), 0)) END)
    FROM pg_stat_archiver")"

  # Two snapshots, just before and just after the restore point: what is counted is the same however long it takes, and whatever is written
  # meanwhile. A transaction that commits is in the log before anyone sees it, so the second one waits for those that ran at that moment.
  log "counting what the database contains"
  superuser -d mastodon -v name="$NAME" >"$work/after" <<SQL &
SELECT 1 \g /dev/null
\! touch $work/connected
\! timeout 60 sh -c 'until [ -e $work/made ]; do sleep 0.005; done'
DO 'DECLARE
  own xid8 := pg_current_xact_id();
  latest timestamptz := clock_timestamp() + interval ''10 s'';
BEGIN
  WHILE pg_snapshot_xmin(pg_current_snapshot()) < own AND clock_timestamp() < latest LOOP
    PERFORM pg_sleep(0.005);
  END LOOP;
END';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
$FACTS
COMMIT;
SQL
  after=$!
  wait_until 30 "a connection" test -e "$work/connected" || die "Postgres does not answer"
  superuser -d mastodon -v name="$NAME" >"$work/before" <<SQL
SELECT coalesce(jsonb_object_agg(sequencename, last_value::text), '{}') FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT lsn, pg_walfile_name(lsn), to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM pg_create_restore_point(:'name') AS lsn;
\! touch $work/made
$FACTS
COMMIT;
SQL
  wait "$after" || die "what the database contains could not be counted"
  after=
  {
    read -r sequences
    IFS='|' read -r lsn segment time
    read -r before
  } <"$work/before"
  fact sequences <<<"$sequences"
  fact before <<<"$before"
  fact after <"$work/after"
  fact time <<<"$time"

  superuser -c 'SELECT pg_switch_wal()' >/dev/null
  wait_until "$LIMIT" "the log up to $lsn ($segment) to arrive in the bucket" arrived ||
    die "the log up to the restore point did not arrive in the bucket within $LIMIT s: mastodon-backup status on main says why"
  fact end <<<"$(date -u +%FT%TZ)"
}
