# shellcheck shell=bash
# Prints what a Mastodon server is like, in lines of a name and a value in base64. Writes no file. Every query runs in a read-only
# transaction; nothing is set for a session, because pgbouncer would hand the session on to Mastodon.
#
# In front of it are oldServer.sh, and PATIENCE (minutes for one query), SHOWN (variables whose values may be printed), SECRETS (lines of a
# variable and the form of its value), and the queries of this folder, each as SQL_NAME.
# shellcheck disable=SC2154

environment() {
  local name form value
  fact names "$(printf '%s\n' "${!env[@]}" | sort)"
  for name in $SHOWN; do
    if [[ -n ${env[$name]+set} ]]; then fact "value.$name" "${env[$name]}"; fi
  done
  while read -r name form; do
    value=${env[$name]-}
    if [[ -z $value ]]; then fact "secret.$name" missing
    elif [[ $value =~ $form ]]; then fact "secret.$name" fits
    else fact "secret.$name" odd; fi
  done < <(printf '%s\n' "$SECRETS")
}

program() {
  local file
  file=$(inside cat lib/mastodon/version.rb 2>/dev/null)
  fact version "$(awk '/def (major|minor|patch)$/ {name = $2; getline; v[name] = $1}
    /def (default_prerelease|suffix|flags|build_metadata)$/ {getline; if ($1 ~ /^\047[^\047]+\047$/) more = more $1}
    END {if (v["major"] != "") print v["major"] "." v["minor"] "." v["patch"] more}' < <(printf '%s\n' "$file") | tr -d "'")"
  fact migrations.code "$(inside ls db/migrate db/post_migrate 2>/dev/null | sed -n 's/^\([0-9]\{14\}\)_.*\.rb$/\1/p')"
}

# ---- Postgres ----

# query SQL: in a transaction that can change nothing.
query() {
  printf 'BEGIN READ ONLY;\nSET LOCAL statement_timeout = %s;\n%s\nCOMMIT;\n' "$((PATIENCE * 60000))" "$1" |
    "${sql[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1 2>/dev/null
}
# asked NAME WHAT SQL: the fact of that name is what the query returns.
asked() {
  local answer
  if answer=$(query "$3"); then fact "$1" "$answer"; else problem "$2 could not be read in $PATIENCE min; use --patience"; fi
}

# Where the move calls pg_dump, which knows --version only as its first argument.
dump_version() {
  local word command=()
  for word in "${sql[@]}"; do
    if [[ $word == psql ]]; then break; fi
    command+=("$word")
  done
  "${command[@]}" pg_dump --version
}

database() {
  find_database || return
  fact pgDump "$(dump_version 2>/dev/null </dev/null)"
  asked database "The database" "$SQL_DATABASE"
  asked migrations.database "schema_migrations" "SELECT version FROM schema_migrations ORDER BY version;"
  asked people "The users" "$SQL_PEOPLE"
  asked files "The list of media" "$SQL_FILES"
  duplicates
}

# Without indexes: an index that is damaged finds one row only.
duplicates() {
  asked unique "The list of indexes" "$SQL_UNIQUE SELECT coalesce(jsonb_agg(jsonb_build_object(
    'index', idx, 'table', tab, 'keys', keys, 'primary', is_primary, 'missing', missing) ORDER BY tab, idx), '[]') FROM every;"
  local statements
  statements=$(query "$SQL_UNIQUE $SQL_DUPLICATES") || return
  # One that takes too long fails alone.
  fact duplicates "$(printf %s "$statements" | "${sql[@]}" "${psql_options[@]}" 2>/dev/null)"
}

# ---- Redis ----

queues() {
  local prefix=${env[REDIS_NAMESPACE]:+${env[REDIS_NAMESPACE]}:} queue
  find_redis
  local info
  info=$(redis INFO | tr -d '\r')
  if [[ $info != *redis_version:* ]]; then
    problem "Redis could not be asked (REDIS_HOST is ${env[REDIS_HOST]:-localhost}); this server needs redis-cli"
    return
  fi
  fact redis "$(printf '%s\n' "$info" | grep -E '^(redis_version|valkey_version|used_memory|db[0-9]+):')"
  fact queues "$(
    for queue in $(redis SMEMBERS "${prefix}queues"); do echo "$queue $(redis LLEN "${prefix}queue:$queue")"; done
    for queue in retry schedule dead; do echo "($queue) $(redis ZCARD "$prefix$queue")"; done
  )"
}

# ---- Media and machine ----

media() {
  if [[ ${env[S3_ENABLED]-} == true ]]; then return; fi
  local path=${env[PAPERCLIP_ROOT_PATH]:-$folder/public/system}
  if [[ $runs == compose ]]; then
    path=$("${docker[@]}" inspect --format '{{range .Mounts}}{{println .Destination .Source}}{{end}}' "$web" | awk '$1 ~ /public\/system$/ {print $2}')
  fi
  fact media.path "$path"
  fact media.files "$(root timeout "$((PATIENCE * 60))" find "$path" -type f -printf '%s %P\n' 2>/dev/null | awk '
    {kind = $2 ~ /^cache\// ? "others" : "own"; files[kind]++; bytes[kind] += $1}
    END {printf "{\"own\": {\"files\": %d, \"bytes\": %.0f}, \"others\": {\"files\": %d, \"bytes\": %.0f}}", files["own"], bytes["own"], files["others"], bytes["others"]}')"
}

machine() {
  local libc=() free
  if [[ -n $db ]]; then libc=("${docker[@]}" exec "$db"); fi
  fact vcpus "$(nproc)"
  fact memoryMiB "$(awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo)"
  fact architecture "$(uname -m)"
  fact os "$(sed -n 's/^PRETTY_NAME="\?\([^"]*\)"\?$/\1/p' /etc/os-release)"
  fact libc "$("${libc[@]}" ldd --version 2>&1 | head -n 1)"
  free=$(df --output=avail --block-size=1 "${folder:-/}" 2>/dev/null | tail -n 1)
  fact freeBytes "${free// /}"
}

main() {
  find_mastodon
  fact runs "$runs"
  fact folder "$folder"
  fact user "$user"
  environment
  if [[ $runs != unknown ]]; then
    fact services "$(services)"
    program
    database
    queues
    media
  fi
  machine
  fact end "$(date -u +%FT%TZ)"
}
main </dev/null
