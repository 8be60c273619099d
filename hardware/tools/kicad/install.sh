#!/bin/sh
# KiCad 9 on Debian, as root: from its own release where that has it, else from the backports.
set -eu

apt-get update -qq
if ! apt-cache policy kicad | grep -q 'Candidate: 9\.'; then
  . /etc/os-release
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $VERSION_CODENAME" | head -n 1)
  cat > /etc/apt/sources.list.d/kicad-backports.sources <<SOURCES
Types: deb
URIs: $mirror
Suites: $VERSION_CODENAME-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  apt-get update -qq
  set -- -t "$VERSION_CODENAME-backports"
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
  kicad kicad-symbols kicad-footprints kicad-packages3d graphviz >/dev/null
