# Sourced: a simulator, and a harvest of its accounts that is paused and shown at $address; $token is for its controls.
# The current folder is a fresh one, which is removed at the end with all processes.
program=$1
folder=$(mktemp -d)
processes=
finish() {
    for process in $processes; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
export HOME=$folder UNIPILE_API_KEY=simulated-key
mkfifo listening shown
"$program" simulate --posts 40 --identifiers 30 --accounts 6 --latency 200 --write-jobs jobs.csv >listening 2>simulator.log &
processes=$!
read -r line <listening
UNIPILE_DSN=$(sed -E 's/.*(http:[^ ]+).*/\1/' <<<"$line")
export UNIPILE_DSN
# The store is there before the harvest, which begins with a pause.
head -2 jobs.csv >first.csv
"$program" harvest first.csv --store posts.db --pace none --quiet
"$program" control --store posts.db pause
"$program" harvest jobs.csv --store posts.db --limit 10 --pace none --connections 1 --listen 127.0.0.1:0 2>shown &
harvest=$!
processes="$harvest $processes"
exec 3<shown
read -r line <&3
address=$(sed -E 's/.* at (http:[^;]*);.*/\1/' <<<"$line")
token=$(sed -E 's/.*token ([0-9a-f]+),.*/\1/' <<<"$line")
cat <&3 >harvest.log &
