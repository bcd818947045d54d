#!/bin/bash
# Prints what a Mastodon server is like, in lines of a name and a value in base64. Sent over standard input; writes no file. Every query
# runs in a read-only transaction; nothing is set for a session, because pgbouncer would hand the session on to Mastodon.
#
# In front of it are COMPOSE and ENV_FILE (folder and file, or empty), PATIENCE (minutes for one query), EXPECTED (unique indexes as
# VALUES of SQL), SHOWN (variables whose values may be printed) and SECRETS (lines of a variable and the form of its value).
set -uo pipefail

fact() { printf '%s %s\n' "$1" "$(printf %s "$2" | base64 -w 0)"; }
problem() { fact problem "$1"; }
root() { if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi; }

# ---- Where Mastodon is ----

declare -A env=()
runs=unknown folder='' user=mastodon web='' db='' redis=''
docker=(docker)

# Fields that Docker may leave empty are followed by a mark, since `read` takes two tabs for one.
containers() {
  "${docker[@]}" ps --all --no-trunc --format \
    '{{.ID}}	{{.Names}}	{{.Label "com.docker.compose.project.working_dir"}}.	{{.Label "com.docker.compose.service"}}.	{{.Image}}	{{.Status}}	{{.Command}}' 2>/dev/null
}
# A container of the same project that Mastodon knows by that name.
container_of() {
  containers | while IFS=$'\t' read -r id name dir service _; do
    if [[ ${dir%.} == "$folder" && ${service%.} == "$1" || $name == "$1" ]]; then echo "$id" && break; fi
  done
}
# Of what runs Mastodon: a container, or this machine.
inside() {
  if [[ $runs == compose ]]; then "${docker[@]}" exec "$web" "$@"; else (cd "$folder" 2>/dev/null && root "$@"); fi
}

find_compose() {
  command -v docker >/dev/null || return 1
  if ! docker ps >/dev/null 2>&1; then docker=(sudo -n --preserve-env=PGPASSWORD,REDISCLI_AUTH docker); fi
  local found=() id dir image status command rest
  while IFS=$'\t' read -r id rest dir _ image status command; do
    if [[ $command != *puma* && $command != *'rails s'* ]]; then continue; fi
    if [[ -n $COMPOSE && ${dir%.} != "${COMPOSE%/}" ]]; then continue; fi
    found+=("$id"$'\t'"${dir%.}"$'\t'"$image"$'\t'"$status")
  done < <(containers)
  if ((${#found[@]} == 0)); then
    if [[ -n $COMPOSE ]]; then problem "no container of $COMPOSE runs Puma; create them: docker compose up --no-start"; fi
    return 1
  fi
  if ((${#found[@]} > 1)); then problem "several containers run Puma; name the folder of the compose file: --compose DIR"; fi
  runs=compose
  IFS=$'\t' read -r web folder image status <<<"${found[0]}"
  fact image "$image"
  if [[ $status != Up* ]]; then problem "the container of web does not run, so Mastodon's migrations could not be compared"; fi
  while IFS='=' read -r rest command; do
    if [[ -n $rest ]]; then env[$rest]=$command; fi
  done < <("${docker[@]}" inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$web")
}

find_bare() {
  local unit
  unit=$(systemctl list-unit-files --no-legend 'mastodon-web*' 2>/dev/null | awk 'NR == 1 {print $1}')
  if [[ -n $unit ]]; then
    folder=$(systemctl show --property WorkingDirectory --value "$unit")
    user=$(systemctl show --property User --value "$unit")
  fi
  if [[ -n $ENV_FILE ]]; then folder=${folder:-$(dirname "$ENV_FILE")}; fi
  for folder in "$folder" /home/mastodon/live /var/www/mastodon /opt/mastodon; do
    if [[ -n $folder ]] && root test -e "${ENV_FILE:-$folder/.env.production}"; then break; fi
    folder=''
  done
  [[ -n $folder ]] || return 1
  runs=systemd
  user=${user:-mastodon}
  read_env < <(root cat "${ENV_FILE:-$folder/.env.production}")
}

# As dotenv reads a file.
read_env() {
  local line name value
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*=[[:space:]]*(.*)$ ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    case $value in
      \"*\"*) value=${value#\"} value=${value%%\"*} ;;
      \'*\'*) value=${value#\'} value=${value%%\'*} ;;
      *)
        value=${value%%[[:space:]]#*}
        value=${value%"${value##*[![:space:]]}"}
        ;;
    esac
    env[$name]=$value
  done
}

# Whoever writes one address instead of its parts.
read_addresses() {
  local pattern='^[a-z]+://([^:@/]*)(:([^@/]*))?@?([^:/]*)(:([0-9]+))?(/([^?]*))?'
  if [[ -z ${env[DB_HOST]-} && ${env[DATABASE_URL]-} =~ $pattern ]]; then
    env[DB_USER]=${BASH_REMATCH[1]} env[DB_PASS]=${BASH_REMATCH[3]} env[DB_HOST]=${BASH_REMATCH[4]}
    env[DB_PORT]=${BASH_REMATCH[6]:-5432} env[DB_NAME]=${BASH_REMATCH[8]}
  fi
  pattern='^redis://(([^:@/]*)(:([^@/]*))?@)?([^:/]*)(:([0-9]+))?(/([0-9]+))?'
  if [[ ${env[REDIS_URL]-} =~ $pattern ]]; then
    env[REDIS_PASSWORD]=${BASH_REMATCH[4]} env[REDIS_HOST]=${BASH_REMATCH[5]}
    env[REDIS_PORT]=${BASH_REMATCH[7]:-6379} env[REDIS_DB]=${BASH_REMATCH[9]:-0}
  fi
}

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
  done <<<"$SECRETS"
}

services() {
  if [[ $runs == compose ]]; then
    containers | while IFS=$'\t' read -r _ _ dir service _ status _; do
      if [[ ${dir%.} == "$folder" ]]; then printf '%s\t%s\n' "${service%.}" "$status"; fi
    done
  else
    systemctl list-units --all --plain --no-legend 'mastodon*' 2>/dev/null | awk '{print $1 "\t" $3}'
  fi
}

program() {
  local file
  file=$(inside cat lib/mastodon/version.rb 2>/dev/null)
  fact version "$(awk '/def (major|minor|patch)$/ {name = $2; getline; v[name] = $1}
    /def (default_prerelease|suffix|flags|build_metadata)$/ {getline; if ($1 ~ /^\047[^\047]+\047$/) more = more $1}
    END {if (v["major"] != "") print v["major"] "." v["minor"] "." v["patch"] more}' <<<"$file" | tr -d "'")"
  fact migrations.code "$(inside ls db/migrate db/post_migrate 2>/dev/null | sed -n 's/^\([0-9]\{14\}\)_.*\.rb$/\1/p')"
}

# ---- Postgres ----

sql=()
psql_options=(--no-psqlrc --quiet --tuples-only --no-align)

# The first way in that answers.
find_database() {
  local host=${env[DB_HOST]:-localhost} port=${env[DB_PORT]:-5432} name=${env[DB_NAME]:-mastodon_production} as=${env[DB_USER]:-mastodon}
  export PGPASSWORD=${env[DB_PASS]-} PGCONNECT_TIMEOUT=10
  local there=(--host "$host" --port "$port" --username "$as" --dbname "$name")
  if [[ $runs == compose ]]; then
    db=$(container_of "$host")
    if [[ -n $db ]]; then
      sql=("${docker[@]}" exec --interactive --env PGPASSWORD "$db" psql --username "$as" --dbname "$name")
      if answers; then return; fi
      sql=("${docker[@]}" exec --interactive --user postgres "$db" psql --dbname "$name")
      if answers; then return; fi
    fi
  fi
  sql=(psql "${there[@]}")
  if answers; then return; fi
  for as in "$user" postgres; do
    sql=(root runuser -u "$as" -- psql --port "$port" --dbname "$name")
    if [[ $host == /* || $host == localhost ]] && answers; then return; fi
  done
  sql=()
  problem "Postgres could not be asked (DB_HOST is $host, DB_PORT $port, DB_NAME $name); this server needs psql, and its user sudo without a password"
  return 1
}
answers() { [[ $("${sql[@]}" "${psql_options[@]}" --command 'SELECT 1' 2>/dev/null </dev/null) == 1 ]]; }

# Standard input, in a transaction that can change nothing.
query() {
  {
    printf 'BEGIN READ ONLY;\nSET LOCAL statement_timeout = %s;\n' "$((PATIENCE * 60000))"
    cat
    printf '\nCOMMIT;\n'
  } | "${sql[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1 2>/dev/null
}
# asked NAME WHAT: the fact of that name is what the query on standard input returns.
asked() {
  local answer
  if answer=$(query); then fact "$1" "$answer"; else problem "$2 could not be read in $PATIENCE min; use --patience"; fi
}

database() {
  find_database || return
  asked database "The database" <<'SQL'
SELECT jsonb_build_object(
  'version', current_setting('server_version_num')::int, 'name', datname, 'bytes', pg_database_size(datname),
  'encoding', pg_encoding_to_char(encoding), 'collation', datcollate,
  'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'), 'collationVersion', to_jsonb(d) ->> 'datcollversion',
  'owner', pg_get_userbyid(datdba), 'askedAs', current_user,
  'owners', (SELECT jsonb_agg(DISTINCT pg_get_userbyid(relowner)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'S', 'v', 'p')),
  'extensions', (SELECT coalesce(jsonb_agg(extname ORDER BY extname), '[]') FROM pg_extension),
  'tableBytes', (SELECT coalesce(sum(pg_table_size(oid)), 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')),
  'indexBytes', (SELECT coalesce(sum(pg_indexes_size(oid)), 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')),
  'largest', (SELECT coalesce(jsonb_agg(jsonb_build_object('table', relname, 'bytes', bytes, 'rows', rows) ORDER BY bytes DESC), '[]') FROM (
    SELECT relname, pg_total_relation_size(oid) AS bytes, greatest(reltuples, 0)::bigint AS rows FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm') ORDER BY 2 DESC LIMIT 8) AS t),
  'invalid', (SELECT coalesce(jsonb_agg(indexrelid::regclass::text ORDER BY 1), '[]') FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT (indisvalid AND indisready)))
FROM pg_database AS d WHERE datname = current_database();
SQL
  asked migrations.database "schema_migrations" <<<"SELECT version FROM schema_migrations ORDER BY version;"
  asked people "The users" <<'SQL'
SELECT jsonb_build_object('users', count(*), 'active', count(*) FILTER (WHERE current_sign_in_at > now() - interval '30 days')) FROM users;
SQL
  asked files "The list of media" <<'SQL'
SELECT jsonb_build_object(
  'own', (SELECT jsonb_build_object('files', count(*), 'bytes', coalesce(sum(file_file_size), 0)) FROM media_attachments
    WHERE file_file_name IS NOT NULL AND remote_url = ''),
  'others', (SELECT jsonb_build_object('files', count(*), 'bytes', coalesce(sum(file_file_size), 0)) FROM media_attachments
    WHERE file_file_name IS NOT NULL AND remote_url <> ''),
  'pictures', (SELECT count(avatar_file_name) + count(header_file_name) FROM accounts) +
    (SELECT count(image_file_name) FROM custom_emojis) + (SELECT count(image_file_name) FROM preview_cards));
SQL
  duplicates
}

# Without indexes: an index that is damaged finds one row only.
duplicates() {
  local checks=(
    "WITH expected (tab, idx, keys) AS (VALUES $EXPECTED),
    there AS (
      SELECT c.relname AS idx, t.relname AS tab, i.indisprimary AS is_primary, false AS missing, k.keys, k.given,
        pg_get_expr(i.indpred, i.indrelid, true) AS cond
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid,
        LATERAL (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ') AS keys,
          string_agg('(' || pg_get_indexdef(i.indexrelid, n, true) || ') IS NOT NULL', ' AND ') AS given
          FROM generate_series(1, coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)) AS n) AS k
      WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relkind = 'r'),
    lost AS (
      SELECT idx, tab, false, true, keys, (SELECT string_agg('(' || key || ') IS NOT NULL', ' AND ') FROM unnest(string_to_array(keys, '; ')) AS key)
      FROM expected WHERE to_regclass('public.' || tab) IS NOT NULL AND to_regclass('public.' || idx) IS NULL),
    every AS (SELECT * FROM there UNION ALL SELECT idx, tab, false, true, replace(keys, '; ', ', '), given, NULL FROM lost AS l (idx, tab, p, m, keys, given))
    SELECT"
  )
  asked unique "The list of indexes" <<<"${checks[0]} coalesce(jsonb_agg(jsonb_build_object('index', idx, 'table', tab, 'keys', keys, 'primary', is_primary, 'missing', missing) ORDER BY tab, idx), '[]') FROM every;"
  local statements
  statements=$(query <<<"${checks[0]} string_agg(format(
    E'BEGIN READ ONLY;\nSET LOCAL statement_timeout = $((PATIENCE * 60000)); SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL max_parallel_workers_per_gather = 0;\nSELECT %L || '' '' || count(*) FROM (SELECT FROM public.%I WHERE %s GROUP BY %s HAVING count(*) > 1) AS d;\nCOMMIT;',
    idx, tab, given || coalesce(' AND (' || cond || ')', ''), keys), E'\n' ORDER BY tab, idx) FROM every;") || return
  # One that takes too long fails by itself.
  fact duplicates "$("${sql[@]}" "${psql_options[@]}" 2>/dev/null <<<"$statements")"
}

# ---- Redis ----

redis() {
  if [[ -n $redis ]]; then
    "${docker[@]}" exec --env REDISCLI_AUTH "$redis" redis-cli -n "${env[REDIS_DB]:-0}" "$@"
  else
    redis-cli -h "${env[REDIS_HOST]:-localhost}" -p "${env[REDIS_PORT]:-6379}" -n "${env[REDIS_DB]:-0}" "$@"
  fi 2>/dev/null </dev/null
}
queues() {
  local prefix=${env[REDIS_NAMESPACE]:+${env[REDIS_NAMESPACE]}:} queue
  if [[ $runs == compose ]]; then redis=$(container_of "${env[REDIS_HOST]:-redis}"); fi
  export REDISCLI_AUTH=${env[REDIS_PASSWORD]-}
  # The variable must not be there if there is no password: redis-cli would send an empty one.
  if [[ -z $REDISCLI_AUTH ]]; then unset REDISCLI_AUTH; fi
  local info
  info=$(redis INFO | tr -d '\r')
  if [[ $info != *redis_version:* ]]; then
    problem "Redis could not be asked (REDIS_HOST is ${env[REDIS_HOST]:-localhost}); this server needs redis-cli"
    return
  fi
  fact redis "$(grep -E '^(redis_version|valkey_version|server_name|used_memory|os|role|db[0-9]+):' <<<"$info")"
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
  find_compose || find_bare || problem "no Mastodon was found: no container runs Puma, and there is no unit mastodon-web and no .env.production; write --compose DIR or --env FILE"
  read_addresses
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
