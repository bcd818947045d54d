# shellcheck shell=bash
# One connection to Postgres or Redis (SERVICE) of the old instance: standard input and output after this script.
# shellcheck disable=SC2154,SC2329 # variables and callers are in oldServer.sh

problem() { echo "$1" >&2; }
fact() { :; }

# joined HOST PORT: until either side hangs up.
joined() {
  exec 3<>"/dev/tcp/$1/$2" || exit 1
  local from to
  cat <&3 &
  from=$!
  cat <&0 >&3 &
  to=$!
  wait -n
  kill "$from" "$to" 2>/dev/null
}

find_postgres() {
  local host=${env[DB_HOST]:-localhost}
  host_port=("$host" "${env[DB_PORT]:-5432}")
  if [[ $runs == compose ]]; then
    db=$(container_of "$host")
    db=${db:-$(container_like postgres)}
  fi
  # There, Postgres' images and Debian's packages let a role of replication in; a container's own address they do not.
  if [[ -n $db ]]; then host_port=(127.0.0.1 5432); elif [[ $host == /* ]]; then host_port[0]=127.0.0.1; fi
}

main() {
  find_mastodon </dev/null
  if [[ $SERVICE == postgres ]]; then
    find_postgres </dev/null
    if [[ -n $db ]]; then
      exec "${docker[@]}" exec --interactive "$db" bash -c "$(declare -f joined); joined ${host_port[*]}"
    fi
  else
    find_redis </dev/null
    host_port=("${env[REDIS_HOST]:-localhost}" "${env[REDIS_PORT]:-6379}")
    # A container's name means nothing to this machine; its address does.
    if [[ -n $redis ]]; then
      host_port[0]=$("${docker[@]}" inspect --format '{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}' "$redis" </dev/null | head -n 1)
      if [[ -z ${host_port[0]} ]]; then host_port[0]=127.0.0.1; fi
    fi
  fi
  joined "${host_port[@]}"
}
# In one line, and the last: what follows it on standard input is for the service.
main; exit
