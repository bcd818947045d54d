# shellcheck shell=bash
# The clusters of Postgres on the volume, one for each major version. Sourced after common.sh.

bin() { echo "/usr/lib/postgresql/$1/bin"; }
data() { echo "/var/lib/postgresql/$1/main"; }
etc() { echo "/etc/postgresql/$1/main"; }
unit() { echo "postgresql@$1-main.service"; }

# The major version that serves: the newest that Debian's start.conf says to start. One write of that file takes an upgrade from the old
# cluster to the new one, or back. Without the file, Debian's tools would start a cluster; here it is not finished. Nothing, if none serves.
serving_major() { { grep -slx auto /etc/postgresql/*/main/start.conf || true; } | cut -d/ -f4 | sort -n | tail -n 1; }

# put FILE: standard input becomes that file of Postgres', or the file stays as it was. A power cut leaves neither half a file nor an empty
# one, with which no cluster starts.
put() {
  install -D -o postgres -g postgres -m 0640 /dev/stdin "$1.new"
  sync "$1.new"
  mv "$1.new" "$1"
  sync -f "$1"
}

# start_conf MAJOR auto|manual
start_conf() { put "$(etc "$1")/start.conf" <<<"$2"; }

# While this exists, no cluster starts.
# shellcheck disable=SC2034 # for the scripts that source this
STOPPED=/run/mastodon-host/postgres-stopped

installed() { [[ -x $(bin "$1")/postgres ]]; }

# install_major MAJOR: from Debian if it has that version, otherwise from the Postgres project, whose other packages stay out.
install_major() {
  if installed "$1"; then return; fi
  if [[ $1 != "$DEBIANS_POSTGRES" ]]; then
    printf 'Package: %s\nPin: release o=apt.postgresql.org\nPin-Priority: %s\n\n' \
      '*' -1 "postgresql-$1 postgresql-client-$1 libpq5" 500 >/etc/apt/preferences.d/postgresql
    # The key is part of Debian's postgresql-common.
    echo "deb [signed-by=/usr/share/postgresql-common/pgdg/apt.postgresql.org.asc] https://apt.postgresql.org/pub/repos/apt trixie-pgdg main" \
      >/etc/apt/sources.list.d/postgresql.list
  fi
  retry 5 install_packages "postgresql-$1" || return 1
  installed "$1"
}

superuser() { runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 "$@"; }
answers() { runuser -u postgres -- pg_isready -q; }

# only_serving MAJOR: Debian's tools start no other cluster, and none has its port: pg_dump would be another's. systemd asks postgres-serves.
only_serving() {
  local path major
  for path in /etc/postgresql/*/main/postgresql.conf; do
    major=$(cut -d/ -f4 <<<"$path")
    if [[ $major == "$1" ]]; then
      with_port "$major" 5432
    else
      if grep -qsx auto "${path%/*}/start.conf"; then start_conf "$major" manual; fi
      with_port "$major" 5433
    fi
  done
}
# with_port MAJOR PORT: after the port that Debian gave it.
with_port() {
  if [[ $(pg_conftool -s "$1" main show port) != "$2" ]]; then put "$(etc "$1")/conf.d/port.conf" <<<"port = $2"; fi
}

# shellcheck disable=SC2034 # for the scripts that source this
# configure MAJOR: puts this machine's settings into the cluster's, and sets $config_changed if that changed anything.
configure() {
  local file etc
  etc=$(etc "$1")
  config_changed=
  if ! grep -q "^include_dir = 'conf.d'" "$etc/postgresql.conf"; then
    echo "include_dir = 'conf.d'" >>"$etc/postgresql.conf"
    config_changed=1
  fi
  for file in postgres.conf:conf.d/mastodon.conf pg_hba.conf:pg_hba.conf; do
    if ! cmp -s "/etc/mastodon-host/${file%:*}" "$etc/${file#*:}"; then
      put "$etc/${file#*:}" <"/etc/mastodon-host/${file%:*}"
      config_changed=1
    fi
  done
}
