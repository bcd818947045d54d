# shellcheck shell=bash
# Where Mastodon is on the old server, and how its databases are asked. In front of each script that runs there; all of it travels over
# standard input. In front of it are COMPOSE and ENV_FILE (folder and file, or empty). Here-documents are files in bash before 5.1: there
# are none.
set -uo pipefail

# shellcheck disable=SC2034 # for stop.sh and start.sh
STOPPED=/var/lib/mastodon-stopped ANSWERING=moving-page

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
# A container of the same project, by its image: for those who reach it through this machine's own address.
container_like() {
  containers | while IFS=$'\t' read -r id _ dir _ image _; do
    if [[ ${dir%.} == "$folder" && $image =~ $1 ]]; then echo "$id" && break; fi
  done
}
# Of what runs Mastodon: a container, or this machine.
inside() {
  if [[ $runs == compose ]]; then "${docker[@]}" exec "$web" "$@"; else (cd "$folder" 2>/dev/null && root "$@"); fi
}

find_compose() {
  command -v docker >/dev/null || return 1
  if ! docker ps >/dev/null 2>&1; then docker=(sudo -n "--preserve-env=PGPASSWORD,REDISCLI_AUTH" docker); fi
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
  IFS=$'\t' read -r web folder image status < <(printf '%s\n' "${found[0]}")
  fact image "$image"
  if [[ $status != Up* ]]; then problem "the container of web does not run, so Mastodon's migrations could not be compared"; fi
  # Not by `read` at the sign: it takes one from the end of a value, where keys in base64 have it.
  while IFS= read -r rest; do
    if [[ $rest == *=* ]]; then env[${rest%%=*}]=${rest#*=}; fi
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

# Addresses in one piece, as DATABASE_URL and REDIS_URL have them.
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

find_mastodon() {
  # If a place was named, nothing else is tried.
  { [[ -z $ENV_FILE ]] && find_compose; } || { [[ -z $COMPOSE ]] && find_bare; } ||
    problem "no Mastodon was found: no container runs Puma, and there is no unit mastodon-web and no .env.production; write --compose DIR or --env FILE"
  read_addresses
}

# Containers or units, and their states.
services() {
  if [[ $runs == compose ]]; then
    containers | while IFS=$'\t' read -r _ _ dir service _ status _; do
      if [[ ${dir%.} == "$folder" ]]; then printf '%s\t%s\n' "${service%.}" "$status"; fi
    done
  else
    systemctl list-units --all --plain --no-legend 'mastodon*' 2>/dev/null | awk '{print $1 "\t" $3}'
  fi
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
    db=${db:-$(container_like postgres)}
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

# in_database NAME WORD...: the same way in, to another database; sets $way_in.
in_database() {
  local name=$1 word before=''
  shift
  way_in=()
  for word in "$@"; do
    if [[ $before == --dbname ]]; then word=$name; fi
    way_in+=("$word")
    before=$word
  done
}

# The first way in as a role that may make others, and one that may be copied from. Managed databases have neither.
admin=()
find_admin() {
  local name way
  in_database template1 "${sql[@]}"
  name=$("${sql[@]}" "${psql_options[@]}" --command 'SELECT rolname FROM pg_roles WHERE oid = 10' </dev/null)
  for way in "${way_in[*]}" "${db:+${docker[*]} exec --interactive --user postgres $db psql --username $name --dbname template1}" \
    "${db:+${docker[*]} exec --interactive $db psql --username $name --dbname template1}" \
    "runuser -u postgres -- psql --port ${env[DB_PORT]:-5432} --username $name --dbname template1"; do
    if [[ -z $way ]]; then continue; fi
    # Its words have no spaces.
    read -ra admin <<<"$way"
    if [[ ${admin[0]} == runuser ]]; then admin=(root "${admin[@]}"); fi
    if [[ $(ask_admin 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user' 2>/dev/null) == t ]]; then return; fi
  done
  problem "no superuser of Postgres could be reached (DB_HOST is ${env[DB_HOST]:-localhost}); without one it can only be dumped"
  return 1
}
ask_admin() { "${admin[@]}" "${psql_options[@]}" --set ON_ERROR_STOP=1 --command "$1" </dev/null; }

# ---- Redis ----

redis() {
  if [[ -n $redis ]]; then
    "${docker[@]}" exec --env REDISCLI_AUTH "$redis" redis-cli -n "${env[REDIS_DB]:-0}" "$@"
  else
    redis-cli -h "${env[REDIS_HOST]:-localhost}" -p "${env[REDIS_PORT]:-6379}" -n "${env[REDIS_DB]:-0}" "$@"
  fi 2>/dev/null </dev/null
}
find_redis() {
  if [[ $runs == compose ]]; then redis=$(container_of "${env[REDIS_HOST]:-redis}"); fi
  if [[ $runs == compose && -z $redis ]]; then redis=$(container_like '(redis|valkey)'); fi
  export REDISCLI_AUTH=${env[REDIS_PASSWORD]-}
  # The variable must not be there if there is no password: redis-cli would send an empty one.
  if [[ -z $REDISCLI_AUTH ]]; then unset REDISCLI_AUTH; fi
}
