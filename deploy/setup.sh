#!/usr/bin/env bash
# Installs the system packages that "run" or "test" needs and that are missing, saying which. Debian and Ubuntu; elsewhere it says what to install.
set -euo pipefail

need_go=1.26
missing=()

have() { command -v "$1" >/dev/null 2>&1; }
want() { # want PACKAGE DESCRIPTION
	missing+=("$1")
	echo "missing: $2 (package $1)"
}

if ! have go; then
	echo "Go $need_go or newer is needed: https://go.dev/doc/install" >&2
	exit 1
fi

postgres_there() { have postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }
fonts_there() { compgen -G "/usr/share/fonts/truetype/$1" >/dev/null; }
browser_there() { have chromium || have chromium-browser || have google-chrome; }

case "${1:-}" in
run)
	postgres_there || want postgresql "PostgreSQL, whose programs we start ourselves"
	;;
test)
	postgres_there || want postgresql "PostgreSQL, whose programs we start ourselves"
	have redis-server || want redis-server "Redis, which the tests start themselves"
	browser_there || want chromium "a headless browser"
	have certutil || want libnss3-tools "certutil, which gives the browser a root to trust"
	have npm || want npm "npm, for the accessibility checker axe-core"
	have pdftotext || want poppler-utils "pdftotext and pdftoppm, which read the papers that we make"
	have qpdf || want qpdf "qpdf, which checks them"
	fonts_there 'noto/NotoSansThai-Regular.ttf' || want fonts-noto-core "fonts of Devanagari, Thai and many other scripts (12 MB)"
	fonts_there 'wqy/wqy-microhei.ttc' || want fonts-wqy-microhei "a font of Chinese, Japanese and Korean (2 MB)"
	have gcc || want gcc "a C compiler, for the race detector"
	;;
*)
	echo "usage: $0 run|test" >&2
	exit 2
	;;
esac

[ ${#missing[@]} -eq 0 ] && exit 0

if ! have apt-get; then
	echo "Please install: ${missing[*]}, then run this again." >&2
	exit 1
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
	have sudo || { echo "Please install as root: apt-get install ${missing[*]}" >&2; exit 1; }
	sudo="sudo"
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# The Debian package creates and starts a cluster of its own; we start a private one and do not want that.
if [[ " ${missing[*]} " == *" postgresql "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
	$sudo mkdir -p /etc/postgresql-common
	echo "create_main_cluster = false" | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "installed: ${missing[*]}"
