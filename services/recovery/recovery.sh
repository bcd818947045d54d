# shellcheck shell=bash
# Brings the database back out of the repository, in a directory that nobody uses yet. Sourced after clusters.sh and repository.sh.

# Root's and Postgres' own: the socket and the log of the server that recovers.
room=/run/mastodon-host/recovery
# A machine with a new volume begins with an empty database, even if there are backups.
# shellcheck disable=SC2034 # for the scripts that source this
BEGIN_EMPTY=/etc/mastodon-host/begin-empty
# By so much are sequences raised: other servers remember ids that were given out after the moment that is restored.
RAISE=1000000

# Whether there has ever been a backup. Old versions count: if somebody deleted the backups, an empty database is not what anyone wants. A
# bucket that does not answer is not an empty one; a new key may take a minute until it is accepted.
has_backups() {
  local answer
  # shellcheck disable=SC2317,SC2329 # wait_until calls it
  asked() { answer=$(AWS_MAX_ATTEMPTS=1 s3 s3api list-object-versions --bucket "$BACKUP_BUCKET" --prefix pgbackrest/backup/mastodon/2 --no-paginate --max-keys 1 2>&1); }
  wait_until 120 "the backup bucket" asked ||
    die "whether there are backups is not known, so nothing is initialised: $(tail -n 1 <<<"$answer"). To begin with an empty database: mastodon-restore empty"
  [[ $(jq '(.Versions // []) + (.DeleteMarkers // []) | length' <<<"${answer:-null}") != 0 ]]
}

utc() { date -u -d "@$1" '+%F %T+00'; }
at_target() { if [[ $1 == latest ]]; then echo "the newest second"; else utc "$1"; fi; }

# choose latest|SECONDS [MAJOR]: the newest backup from which that moment can be reached, of any version of Postgres or of that one. Sets
# $set, $major and $size_mib. $as_of: the repository as it was at that time.
choose() {
  local all options=()
  if [[ -n ${as_of:-} ]]; then options=(--repo=1 "--repo-target-time=$as_of"); fi
  all=$(contents "${options[@]}") || die "the repository cannot be read: is the backup bucket there, and are its key and the repositoryKey right?"
  read -r set major size_mib < <(jq -r --arg target "$1" --arg major "${2:-}" '
    .db as $clusters
    | (.db // [] | max_by(.id)) as $current
    | [.backup // [] | .[] | . as $backup | . + {cluster: ($clusters[] | select(.id == $backup.database.id))}]
    | map(select($major == "" or .cluster.version == $major))
    | if $target == "latest" then
        # The newest one of this cluster. If it has none yet, the newest of the one before.
        (map(select(.cluster["system-id"] == $current["system-id"] and .cluster.version == $current.version)) | last) // last
      else map(select(.timestamp.stop < ($target | tonumber))) | last end
    | if . == null then empty else "\(.label) \(.cluster.version) \(.info.size / 1048576 | ceil)" end' <<<"$all")
  [[ -n $set ]]
}

# fetch DIR latest|SECONDS: the files of the chosen backup. What an interrupted try left there is used.
fetch() {
  local dir=$1 options=(--type=default) running code=0 said=$SECONDS
  if [[ $2 != latest ]]; then options=(--type=time "--target=$(utc "$2")" --target-action=promote); fi
  if [[ -n ${as_of:-} ]]; then options+=(--repo=1 "--repo-target-time=$as_of"); fi
  install -d -o postgres -g postgres -m 0700 "$dir"
  # From a try that a power cut or a kill interrupted: pgBackRest takes the file for a server that runs.
  server "$dir" stop -m immediate 2>/dev/null || true
  rm -f "$dir/postmaster.pid"
  # pgBackRest touches only what it knows to be a cluster's.
  if [[ -e $dir/PG_VERSION || -e $dir/backup.manifest ]]; then options+=(--delta); else find "$dir" -mindepth 1 -delete; fi
  log "fetching backup $set, $size_mib MiB"
  cluster=$dir repository restore --set="$set" "${options[@]}" \
    --recovery-option="restore_command=/usr/local/lib/mastodon-host/pgbackrest-get %f %p" &
  running=$!
  while kill -0 "$running" 2>/dev/null; do
    sleep 1
    if ((SECONDS - said >= 15)); then
      said=$SECONDS
      log "$(du -sm "$dir" | cut -f1) of $size_mib MiB"
    fi
  done
  wait "$running" || code=$?
  if ((code > 0)); then return "$code"; fi
  if [[ -n ${as_of:-} ]]; then put "$dir/as-of" <<<"$as_of"; fi
  log "replaying what was written since the backup"
}

private() { runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -h "$room" -p 5499 "$@"; }
# server DIR ACTION [OPTION...]
server() { (cd / && runuser -u postgres -- "$(bin "$major")/pg_ctl" -D "$1" -s "${@:2}"); }
# start_private DIR [SETTING...]: with this machine's settings, but nobody else reaches it. What it writes is not archived: as long as nobody
# has decided that this is the database, the repository must not take it for one.
start_private() {
  local setting settings=
  for setting in "config_file=$(etc "$major")/postgresql.conf" "data_directory=$1" listen_addresses= unix_socket_directories="$room" \
    port=5499 external_pid_file= archive_mode=off hot_standby=off "${@:2}"; do
    settings+=" -c '$setting'"
  done
  install -d -o postgres -g postgres -m 0700 "$room"
  rm -f "$room/log"
  server "$1" start -W -l "$room/log" -o "$settings"
}
# Whether it accepts connections, which it does when it has recovered.
recovered() { pg_isready -q -h "$room" -p 5499; }
runs() { local pid && read -r pid 2>/dev/null <"$1/postmaster.pid" && kill -0 "$pid" 2>/dev/null; }

# replay DIR: recovers, up to the target. Sets $replayed, the time of the last transaction, in seconds since 1970.
replay() {
  local last said=$SECONDS
  replayed=
  start_private "$1" "${@:2}" || return 1
  until recovered; do
    sleep 1
    runs "$1" || return 1
    if ((SECONDS - said >= 15)); then
      said=$SECONDS
      # Postgres says it in the process' title: startup recovering 000000010000000000000012.
      log "replaying $(pgrep -u postgres -af 'startup recovering' | sed -n 's/.*recovering //p' | head -n 1)"
    fi
  done
  last=$(sed -n 's/^.*LOG:  *\(last completed transaction was at .*\)$/\1/p' "$room/log" | tail -n 1)
  if [[ -n $last ]]; then
    log "$last"
    replayed=$(date -d "${last##*at log time }" +%s)
  fi
}
# Why Postgres did not come up, on one line.
replay_error() { grep -E 'FATAL|ERROR|HINT' "$room/log" | tail -n 3 | tr -s '\n ' ' '; }

# finish DIR: the recovered database becomes one that can take the place of another.
finish() {
  local setting
  for setting in restore_command recovery_target_time recovery_target_action; do
    private -d postgres -c "ALTER SYSTEM RESET $setting"
  done
  private -d mastodon -v raise="$RAISE" <<'SQL'
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, least(max_value, coalesce(last_value, start_value) + :raise))
FROM pg_sequences WHERE schemaname = 'public' \g /dev/null
SQL
  log "sequences are raised by $RAISE: other servers remember the ids that were given out since"
  to_archive "$1"
}
# to_archive DIR: stops it. Once it is the database, Postgres archives its new timeline from the beginning.
to_archive() {
  local dir=$1 wal now name
  rm -f "$dir/as-of"
  private -d postgres -c 'SELECT pg_switch_wal()' -c CHECKPOINT >/dev/null
  server "$dir" stop -m fast
  now=$("$(bin "$major")/pg_controldata" -D "$dir" | sed -n "s/^Latest checkpoint's REDO WAL file: *//p")
  for wal in "$dir/pg_wal/${now:0:8}"*; do
    name=${wal##*/}
    if [[ $name == *.history || $name < $now ]]; then
      install -o postgres -g postgres -m 0600 /dev/null "$dir/pg_wal/archive_status/$name.ready"
    fi
  done
  sync -f "$dir"
}

# What the bucket has of Redis, in order of time: copies (redis/TIME.aof.gpg), and what was appended to each later (redis/TIME/TIME.gpg).
redis_copies() {
  s3 s3api list-objects-v2 --bucket "$BACKUP_BUCKET" --prefix redis/ --query 'Contents[].Key' --output json | jq -r '. // [] | sort[]'
}
# gather COPY NAME: that copy and what was appended to it, up to the first part that is not older than NAME, become $folder/whole. Sets
# $reached, the name of the last of them: what was written until that time is in it.
gather() {
  local copy=$1 file
  rm -rf "$folder/whole" "$folder/parts"
  s3 s3 cp --only-show-errors "s3://$BACKUP_BUCKET/$copy" "$folder/" || die "the copy of Redis could not be fetched"
  s3 s3 cp --only-show-errors --recursive "s3://$BACKUP_BUCKET/${copy%.aof.gpg}/" "$folder/parts/" ||
    die "what came after the copy of Redis could not be fetched"
  reached=
  for file in "$folder/${copy#redis/}" $(find "$folder/parts" -type f 2>/dev/null | sort | awk -v last="$folder/parts/$2.gpg" '{ print } $0 >= last { exit }'); do
    if ! gpg --batch --quiet --homedir "$folder" --pinentry-mode loopback --passphrase-file "$SECRETS/backup-key" --decrypt "$file" |
      gunzip >"$folder/next"; then
      log "${file##*/} cannot be read"
      return
    fi
    cat "$folder/next" >>"$folder/whole"
    reached=${file##*/} reached=${reached%%.*}
  done
}
# When Redis wrote the base of $folder/whole, in seconds since 1970.
base_time() { redis-check-aof "$folder/whole" 2>/dev/null | sed -nE "s/.*AUX FIELD ctime = '([0-9]+)'.*/\1/p" | head -n 1; }
# put_redis latest|SECONDS: Redis as it was then becomes what it starts with. `latest`: as it was at the last transaction that was replayed.
put_redis() {
  local until=$1 copies copy later name folder reached='' base
  if [[ $until == latest && -n ${replayed:-} ]]; then until=$replayed; fi
  copies=$(redis_copies) || die "the backup bucket does not list the copies of Redis"
  name=$(date -u -d "@${until/latest/9999999999}" +%FT%H%M%SZ)
  copy=$(awk -v last="redis/$name.aof.gpg" '/\.aof\.gpg$/ && $0 <= last { key = $0 } END { print key }' <<<"$copies")
  later=$(awk -v last="redis/$name.aof.gpg" '/\.aof\.gpg$/ && $0 > last { print; exit }' <<<"$copies")
  folder=$(mktemp -d -p /var/lib/redis)
  if [[ -n $copy ]]; then gather "$copy" "$name"; fi
  if [[ $reached < $name && -n $later ]]; then
    # Redis started again before the next part was copied, and was then copied anew. If what it started with is older than the moment, the new
    # copy has all until then.
    gather "$later" "$name"
    base=$(base_time)
    if [[ -z $base ]] || ((base > until)); then
      reached=
      if [[ -n $copy ]]; then gather "$copy" "$name"; fi
    fi
  fi
  if [[ -z $reached ]]; then
    log "there is no copy of Redis${copy:+ that can be read}: queues and feeds begin empty"
    rm -rf "$folder"
    return
  fi
  if [[ $until != latest ]]; then redis-check-aof --truncate-to-timestamp "$until" "$folder/whole" >/dev/null || true; fi
  # A part may end in the middle of a command.
  yes 2>/dev/null | redis-check-aof --fix "$folder/whole" >/dev/null || true
  if redis-check-aof "$folder/whole" >/dev/null; then
    install -o redis -g redis -m 0640 "$folder/whole" /var/lib/redis/appendonly.aof
    if [[ $reached < $name ]]; then
      log "Redis begins as it was at $(sed -E 's/T(..)(..)(..)Z/ \1:\2:\3+00/' <<<"$reached"), the last copy that can be used"
    else
      log "Redis begins as it was at $(utc "$until")"
    fi
  else
    log "the copy of Redis cannot be read: queues and feeds begin empty"
  fi
  rm -rf "$folder"
}
