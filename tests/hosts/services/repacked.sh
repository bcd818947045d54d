#!/bin/bash
# repacked PACKAGE: its newer version, made of what is installed, with Debian's own maintainer scripts; prints the file.
set -euo pipefail

package=$1
root=$(mktemp -d)
mkdir "$root/DEBIAN"
dpkg-query --listfiles "$package" | while read -r path; do
  if [[ -L $path || -f $path ]]; then (cd / && cp --archive --parents "${path#/}" "$root"); fi
done
for script in preinst postinst prerm postrm conffiles triggers; do
  if [[ -e /var/lib/dpkg/info/$package.$script ]]; then
    cp --archive "/var/lib/dpkg/info/$package.$script" "$root/DEBIAN/$script"
  fi
done
dpkg-query --show --showformat \
  'Package: ${Package}\nVersion: ${Version}+newer\nArchitecture: ${Architecture}\nMaintainer: ${Maintainer}\nDescription: newer\n' \
  "$package" >"$root/DEBIAN/control"
dpkg-deb --build -Znone "$root" "/root/$package.deb" >/dev/null
rm -r "$root"
echo "/root/$package.deb"
