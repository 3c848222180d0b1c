#!/usr/bin/env bash
# `make run`: newest migration, demo company on the first start, then the server, which delivers its mail itself.
# It serves by gunicorn because that is what is deployed: no second server with other habits.
set -euo pipefail
shopt -s extglob
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=${PORT:-5000}
address=http://127.0.0.1:$port
instance=${FLASK_INSTANCE_PATH:-instance}
logins=$instance/demo-logins.txt
python=.venv/bin/python # by module, not by script: those hold the venv's path and break when the folder moves
export FLASK_PUBLIC_URL=${FLASK_PUBLIC_URL:-$address}

answers() { (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

if answers; then
    echo "Port $port is in use. Try: make run PORT=$((port + 1))" >&2
    exit 1
fi

# A database that was there before may hold a company: then the demo's refusal is no news. On a new one it is an error.
kept_elsewhere=${FLASK_SQLALCHEMY_DATABASE_URI:+yes}
was_there=$(compgen -G "$instance/*.@(sqlite*|db)" || true)
"$python" -m flask --app wsgi db upgrade
if [ -z "$kept_elsewhere$was_there" ]; then
    "$python" -m flask --app wsgi demo >/dev/null
elif [ -n "$kept_elsewhere" ] || [ ! -e "$logins" ]; then
    "$python" -m flask --app wsgi demo >/dev/null 2>&1 || [ $? -eq 1 ]
fi

stop() {
    trap - EXIT
    kill "$server" 2>/dev/null || true
    wait
}
# One worker: SQLite has one writer, and the memory:// limits count per process.
"$python" -m gunicorn --bind "127.0.0.1:$port" --workers 1 --worker-class gthread --threads 8 \
    --no-control-socket --log-level warning wsgi:app &
server=$!
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

until answers; do
    kill -0 "$server" 2>/dev/null || exit 1
    sleep 0.1
done
echo
echo "Running on $address (stop with Ctrl-C)"
if [ -e "$logins" ]; then
    echo "Demo log-ins, from $logins:"
    cat "$logins"
fi
wait "$server"
