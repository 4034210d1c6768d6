#!/usr/bin/env bash
# Installs the packages of tools/packages.txt that are missing, by apt, as root or through sudo.
# usage: tools/install.sh build|check|all
set -eu
cd "$(dirname "$0")/.."
case ${1:-} in
build) kinds='build' ;;
check) kinds='build|check' ;;
all) kinds='build|check|all' ;;
*) echo "usage: tools/install.sh build|check|all" >&2 && exit 2 ;;
esac

missing=()
while read -r kind name why; do
    [[ $kind =~ ^($kinds)$ ]] || continue
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] && continue
    missing+=("$name")
    echo "  missing: $name ($why)"
done <tools/packages.txt
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "install these as root, then run this again: apt-get install ${missing[*]}" >&2 && exit 1; }
    as_root=(sudo)
fi
echo "  installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}")
# A package list that is missing or old is what makes the first attempt fail; then fetch it and try once more.
"${install[@]}" >/dev/null 2>&1 || { "${as_root[@]}" apt-get update -q >/dev/null && "${install[@]}" >/dev/null; }
