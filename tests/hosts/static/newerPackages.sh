#!/bin/bash
# Package archives on this machine that offer a newer version of what is installed, each under an origin of its own.
set -euo pipefail

# deb DIRECTORY PACKAGE VERSION: an empty package, and its paragraph on stdout
deb() {
  local work file
  work=$(mktemp -d) file=$1/pool/$2.deb
  mkdir -p "$work/DEBIAN" "$1/pool"
  printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: test\nDescription: test\n' "$2" "$3" >"$work/DEBIAN/control"
  if [[ $2 == nginx-common ]]; then
    mkdir -p "$work/etc/nginx"
    echo "# as the next version brings it" >"$work/etc/nginx/nginx.conf"
    echo /etc/nginx/nginx.conf >"$work/DEBIAN/conffiles"
  fi
  if [[ $2 == postgresql-18 ]]; then
    mkdir -p "$work/usr/lib/postgresql/18/bin"
    install /dev/null "$work/usr/lib/postgresql/18/bin/postgres"
    echo 'Depends: postgresql-client-18, libpq5 (>= 99)' >>"$work/DEBIAN/control"
  fi
  dpkg-deb --build --root-owner-group "$work" "$file" >/dev/null
  cat "$work/DEBIAN/control"
  printf 'Filename: pool/%s.deb\nSize: %s\nSHA256: %s\n\n' "$2" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d' ' -f1)"
}

# archive PATH CODENAME ORIGIN LABEL PACKAGE...
archive() {
  local root=/srv/apt/$1 codename=$2 origin=$3 label=$4 index=main/binary-amd64/Packages package
  local dist=$root/dists/$codename
  mkdir -p "$dist/main/binary-amd64"
  for package in "${@:5}"; do deb "$root" "$package" 99:1; done >"$dist/$index"
  cat >"$dist/Release" <<RELEASE
Origin: $origin
Label: $label
Codename: $codename
Date: $(date -uR)
Architectures: amd64
Components: main
SHA256:
 $(sha256sum "$dist/$index" | cut -d' ' -f1) $(stat -c %s "$dist/$index") $index
RELEASE
}

archive debian trixie Debian Debian jq tool-of-the-test
archive debian-updates trixie-updates Debian Debian netbase
archive debian-security trixie-security Debian Debian-Security \
  docker.io nginx nginx-common openssl pgbouncer postgresql-17 postgresql-client-17 redis-server redis-tools
archive stable/debian trixie Tailscale Tailscale tailscale
archive pgdg trixie-pgdg apt.postgresql.org PostgreSQL postgresql-18 postgresql-client-18 libpq5 xfsprogs
archive elsewhere trixie-security Elsewhere Debian-Security curl
archive unsigned trixie Elsewhere Elsewhere netbase

# As if it were from Tailscale's repository, an older one.
mkdir -p /tmp/installed
deb /tmp/installed tailscale 1 >/dev/null
dpkg --install /tmp/installed/pool/tailscale.deb

echo "127.0.0.1 deb.debian.org pkgs.tailscale.com apt.postgresql.org" >>/etc/hosts
cat >/etc/apt/sources.list <<'SOURCES'
deb [trusted=yes] http://deb.debian.org:8000/debian trixie main
deb [trusted=yes] http://deb.debian.org:8000/debian-updates trixie-updates main
deb [trusted=yes] http://deb.debian.org:8000/debian-security trixie-security main
deb [trusted=yes] http://deb.debian.org:8000/elsewhere trixie-security main
deb [trusted=yes] http://pkgs.tailscale.com:8000/stable/debian trixie main
SOURCES
systemd-run --quiet --working-directory=/srv/apt python3 -m http.server --bind 127.0.0.1 8000
for _ in {1..50}; do
  if [[ -n $(ss -ltnH 'sport = :8000') ]]; then break; fi
  sleep 0.1
done
apt-get -qq update
