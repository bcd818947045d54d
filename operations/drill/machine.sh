# shellcheck shell=bash
# Restores the database to the restore point on this machine, looks at the copy, and removes it. Runs as root on any Debian 13, sent over
# standard input. Prints facts, one a line: a name, and its value in base64. After a failure `failed` names the step, and `said` is what it
# was told.
#
# In front of it are the functions of common.sh, apt.sh and clusters.sh, and values: NAME (the restore point), SET (the backup), BYTES (of the
# database in it), MAJOR and NEXT_MAJOR (of Postgres; 0 for none), FOLDER, THOROUGH_BYTES, FACTS and REFERENCES (SQL). After it come
# pgBackRest's configuration, a line END, and then a line every few seconds for as long as somebody waits for the result.

# In RAM where /run is: the configuration has the key of every backup.
run=/run/mastodon-drill
copy=$FOLDER/mastodon-drill
as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups env -i --chdir=/ "PATH=$PATH" HOME=/ LANG=C.UTF-8)
pg_ctl=("${as_postgres[@]}" "$(bin "$MAJOR")/pg_ctl" -D "$copy/data" -s)
query=("${as_postgres[@]}" psql -qtAX -v ON_ERROR_STOP=1 -h "$run" -d mastodon)
child=
watcher=
reporter=
step=start

fact() { printf '%s %s\n' "$1" "$(base64 -w 0)"; }
# Milliseconds since 1970.
now() { echo $(($(date +%s%N) / 1000000)); }
gib() { awk -v bytes="$1" 'BEGIN { printf "%.1f GB", bytes / 1e9 }'; }

# Each in a process group, which ends together. In the background, because a trap runs only when nothing is in the foreground.
set -m
attempt() {
  local code=0
  "$@" 9>&- &
  child=$!
  wait "$child" || code=$?
  child=
  return "$code"
}
# An installation that is cut off would have to be repaired by hand: it comes to its end.
# shellcheck disable=SC2329 # called by attempt
unbroken() {
  trap '' TERM HUP INT
  "$@"
}
# Without `sleep`, which would outlive its shell and keep ssh from ending: nothing ever comes here.
exec 5<> <(:)
pause() { read -r -t "$1" -u 5 _ || true; }
# Every 15 s what a function says.
report() {
  while pause 15; do log "$("$@")"; done 9>&- &
  reporter=$!
}
quiet() {
  if [[ -n $reporter ]]; then kill "$reporter" 2>/dev/null || true; fi
  reporter=
}
# fail LOG WHAT: ends. Of the log, the lines with errors, or else its end.
fail() {
  fact failed <<<"$step"
  { grep -E '(ERROR|FATAL|PANIC|HINT|DETAIL): |^ |^E: ' "$1" || tail -n 5 "$1"; } 2>/dev/null | tail -n 20 | fact said
  die "$2"
}

# Also what an earlier drill left whose machine lost its power.
clean() {
  if [[ -e $copy/data/postmaster.pid ]]; then "${pg_ctl[@]}" stop -m immediate 9>&- || true; fi
  # pgBackRest's processes end one after the other, and the last may still write.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    # Not a bare `return`: in a trap it means the code of before.
    if rm -rf "$copy" "$run"; then return 0; fi
    pause 1
  done
  die "$copy could not be removed"
}
# shellcheck disable=SC2329 # called by a trap
finish() {
  trap '' TERM HUP INT
  quiet
  if [[ -n $child ]]; then
    kill -- "-$child" 2>/dev/null || true
    wait "$child" || true
  fi
  clean
  if [[ -n $watcher ]]; then kill "$watcher" 2>/dev/null || true; fi
}
# A connection may break without a word, and would leave a copy of everything here.
watch_input() {
  while read -r -t 90 _; do :; done
  kill -TERM "$$"
}

room() {
  step=room
  local need free
  mkdir -p "$FOLDER"
  # What is replayed, and the segments of the log that it takes, come on top.
  need=$((BYTES + BYTES / 10 + 2000000000))
  free=$(df --output=avail -B1 "$FOLDER" | tail -n 1)
  echo "$FOLDER has room for $(gib "$free"), and the copy may take $(gib "$need")" >"$run/log"
  ((free >= need)) || fail "$run/log" "there is no room"
}

packages() {
  step=packages
  if installed "$MAJOR" && command -v pgbackrest >/dev/null; then return; fi
  log "installing Postgres $MAJOR and pgBackRest"
  # Postgres' package would make a cluster, and start it.
  if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  # The Postgres project's key is in postgresql-common.
  attempt unbroken install_packages pgbackrest postgresql-common >"$run/log" 2>&1 || fail "$run/log" "pgBackRest could not be installed"
  attempt unbroken install_major "$MAJOR" >"$run/log" 2>&1 || fail "$run/log" "Postgres $MAJOR could not be installed"
}

pgbackrest=("${as_postgres[@]}" pgbackrest --config="$run/pgbackrest.conf" --stanza=mastodon)
# Apart from the restore: here a wrong key shows, before any file of a backup is read.
open_repository() {
  step=open
  install -d -o postgres -g postgres -m 0700 "$run/lock"
  chown postgres:postgres "$run" "$run/pgbackrest.conf"
  # It succeeds whatever it says.
  attempt "${pgbackrest[@]}" info >"$run/log" 2>&1 || true
  grep -q '^ *status: ok' "$run/log" || fail "$run/log" "the repository could not be opened"
}

# shellcheck disable=SC2329 # called by report
restored() { echo "$(gib "$(du -s --block-size=1 "$copy" | cut -f1)") of $(gib "$BYTES")"; }
# The restore names what it was writing, or nothing at all; this names what is damaged in the bucket.
not_restored() {
  log "the backup could not be restored; looking for what is damaged"
  attempt "${pgbackrest[@]}" verify --set="$SET" --process-max="$(nproc)" --log-level-console=info --log-level-stderr=off \
    --log-level-file=off >"$run/verify" 2>&1 || true
  { grep -E "INFO: .*'$SET/" "$run/verify" || true; } | sed 's/^.*INFO: //' | head -n 20 | fact damaged
  fail "$run/log" "the backup could not be restored"
}
restore() {
  step=restore
  local start
  install -d -o postgres -g postgres -m 0700 "$copy" "$copy/data"
  log "restoring backup $SET"
  report restored
  start=$(now)
  attempt "${pgbackrest[@]}" restore --pg1-path="$copy/data" --set="$SET" --type=name --target="$NAME" --target-action=promote \
    --archive-mode=off --process-max="$(nproc)" --lock-path="$run/lock" --log-level-console=info --log-level-stderr=off \
    --log-level-file=off >"$run/log" 2>&1 || not_restored
  quiet
  fact restored <<<$(($(now) - start))
  du -s --block-size=1 "$copy/data" | cut -f1 | fact size
}

# Inside the copy: main's own configuration is not among its files. The copy lives for minutes, so nothing has to survive a power cut.
configure() {
  local mib
  mib=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
  cat >"$copy/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$run'
# Nobody reads it before it is promoted. Otherwise it would need as many connections as main.
hot_standby = off
max_connections = 50
shared_buffers = '$((mib / 8))MB'
maintenance_work_mem = '$((mib / 16))MB'
work_mem = '64MB'
# A container's /dev/shm is small.
dynamic_shared_memory_type = 'mmap'
shared_preload_libraries = 'pg_stat_statements'
fsync = off
full_page_writes = off
autovacuum = off
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = ''
CONF
  echo "local all postgres peer" >"$copy/data/pg_hba.conf"
  : >"$copy/data/pg_ident.conf"
  chown postgres:postgres "$copy/data"/*.conf
}
# shellcheck disable=SC2329 # called by report
replayed() { grep -F 'restored log file' "$run/server" | tail -n 1 || echo "the copy starts"; }
# Without a connection: each that is refused would be an error in the server's log.
promoted() { [[ $(sed -n 8p "$copy/data/postmaster.pid" 2>/dev/null) == ready* ]]; }
# How far it came.
reached() {
  { grep -cF 'restored log file' "$run/server" || true; } | fact segments
  sed -n 's/^.*last completed transaction was at log time //p' "$run/server" | tail -n 1 | fact reached
}
replay() {
  step=replay
  local start
  configure
  install -o postgres -g postgres -m 0600 /dev/null "$run/server"
  log "replaying the log up to $NAME"
  report replayed
  start=$(now)
  # It waits until the server has begun to replay; after that, until the server is promoted or has ended.
  attempt "${pg_ctl[@]}" -w -t 86400 -l "$run/server" start >"$run/log" 2>&1 || true
  while ! promoted; do
    if ! "${pg_ctl[@]}" status 9>&-; then
      reached
      fail "$run/server" "the copy did not reach the restore point"
    fi
    pause 1
  done
  quiet
  fact replayed <<<$(($(now) - start))
  reached
  grep -qF "recovery stopping at restore point \"$NAME\"" "$run/server" || fail "$run/server" "the copy did not stop at the restore point"
}

look() {
  step=facts
  log "counting what the copy contains"
  attempt "${query[@]}" -c "$FACTS" >"$run/facts" 2>"$run/log" || fail "$run/log" "the copy could not be counted"
  fact facts <"$run/facts"
  step=references
  log "following every foreign key"
  attempt "${query[@]}" -c "$REFERENCES" >"$run/references" 2>"$run/log" || fail "$run/log" "the foreign keys could not be followed"
  fact references <"$run/references"
}

amcheck() {
  step=amcheck
  local options=(--parent-check) start code=0
  # Looks for each row of a table in each of its indexes: what takes longest.
  if ((BYTES < THOROUGH_BYTES)); then options+=(--heapallindexed); fi
  if ((MAJOR >= 17)); then options+=(--checkunique); fi
  log "checking tables and indexes: pg_amcheck ${options[*]}"
  start=$(now)
  attempt "${as_postgres[@]}" "$(bin "$MAJOR")/pg_amcheck" -h "$run" -d mastodon --install-missing --jobs="$(nproc)" "${options[@]}" \
    >"$run/amcheck" 2>"$run/log" || code=$?
  # 2: it found damage.
  ((code == 0 || code == 2)) || fail "$run/log" "pg_amcheck failed"
  head -c 20000 "$run/amcheck" | fact amcheck
  fact checked <<<$(($(now) - start))
  fact options <<<"${options[*]}"
}

# Options of initdb, in $initdb: pg_upgrade wants the new cluster to be like the old one. Also sets $sums.
like_before() {
  local provider collate ctype
  IFS='|' read -r provider collate ctype sums < <(
    "${query[@]}" -c "SELECT datlocprovider, datcollate, datctype, current_setting('data_checksums') FROM pg_database WHERE datname = 'template0'"
  )
  initdb=(--encoding=UTF8 "--lc-collate=$collate" "--lc-ctype=$ctype")
  if [[ $provider == b ]]; then initdb+=(--locale-provider=builtin --builtin-locale=C.UTF-8); fi
  if [[ $sums == on ]]; then initdb+=(--data-checksums); elif ((NEXT_MAJOR >= 18)); then initdb+=(--no-data-checksums); fi
}
# Every page of every file: pg_amcheck reads neither other kinds of indexes nor other databases.
checksums() {
  step=checksums
  attempt "${pg_ctl[@]}" stop -m fast >"$run/log" 2>&1 || fail "$run/server" "the copy does not stop"
  if [[ $sums != on ]]; then return; fi
  log "checking the checksum of every page"
  attempt "${as_postgres[@]}" "$(bin "$MAJOR")/pg_checksums" --check -D "$copy/data" >"$run/checksums" 2>&1 || true
  head -c 20000 "$run/checksums" | fact checksums
}

# How long pg_upgrade takes. With --link: nobody needs the copy any more, and main's volume shares files just as quickly (reflinks).
upgrade() {
  if ((NEXT_MAJOR == 0)); then return; fi
  step=upgrade
  local start new=$copy/next
  if ! installed "$NEXT_MAJOR"; then
    log "installing Postgres $NEXT_MAJOR"
    if ! attempt unbroken install_major "$NEXT_MAJOR" >"$run/log" 2>&1; then
      fact unmeasured <<<"Postgres $NEXT_MAJOR could not be installed here"
      return
    fi
  fi
  log "upgrading the copy to Postgres $NEXT_MAJOR"
  install -d -o postgres -g postgres -m 0700 "$new"
  if ! attempt "${as_postgres[@]}" "$(bin "$NEXT_MAJOR")/initdb" -D "$new" "${initdb[@]}" >"$run/log" 2>&1; then
    tail -n 3 "$run/log" | fact unmeasured
    return
  fi
  install -o postgres -g postgres -m 0600 "$copy"/data/{postgresql,pg_hba,pg_ident}.conf "$new"
  start=$(now)
  if attempt "${as_postgres[@]}" env --chdir="$run" "$(bin "$NEXT_MAJOR")/pg_upgrade" --old-bindir "$(bin "$MAJOR")" \
    --new-bindir "$(bin "$NEXT_MAJOR")" --old-datadir "$copy/data" --new-datadir "$new" --socketdir "$run" --jobs "$(nproc)" --link >"$run/log" 2>&1; then
    fact upgraded <<<$(($(now) - start))
  else
    tail -n 5 "$run/log" | fact unmeasured
  fi
}

main() {
  local line
  exec 9>/run/mastodon-drill.lock
  flock -n 9 || die "another drill is running here"
  trap finish EXIT
  trap 'exit 143' TERM HUP INT
  clean
  install -d -m 0700 "$run" "$run/state"
  install -m 0600 /dev/null "$run/pgbackrest.conf"
  while IFS= read -r line && [[ $line != END ]]; do printf '%s\n' "$line"; done >"$run/pgbackrest.conf"
  exec 3<&0 </dev/null
  # What runs in the background gets no input by itself.
  watch_input <&3 9>&- &
  watcher=$!
  exec 3<&-
  room
  packages
  open_repository
  restore
  replay
  look
  amcheck
  like_before
  checksums
  upgrade
  fact finished <<<"$(date -u +%FT%TZ)"
}
