#!/usr/bin/env bash
# Makes sure that what the tests need from Debian is there: a browser, an independent TOTP client, a second reader of
# QR codes, a PostgreSQL server. Asks the machine first, so that nothing is fetched when nothing is missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v oathtool >/dev/null || missing+=(oathtool)
python3 -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("zbar"))' || missing+=(libzbar0)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "The tests need these Debian packages: ${missing[*]}" >&2
    echo "Install them with: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# apt fails at once while another process holds its lock, unless it is told to wait.
apt-get update -qq -o DPkg::Lock::Timeout=300
apt-get install -y -qq -o DPkg::Lock::Timeout=300 "${missing[@]}"
