#!/bin/bash
# A real Prometheus scrapes a harvest: prometheus.sh PROGRAM. Skipped without it.
set -eu
here=$(dirname "$(realpath "$0")")
for tool in prometheus promtool curl; do
    command -v $tool >/dev/null || { echo "skipped: there is no $tool"; exit 77; }
done
. "$here/shown_harvest.sh"

curl -sS "${address}metrics" | promtool check metrics
target=${address#http://}
cat >prometheus.yml <<END
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: unipile
    static_configs: [{targets: ["${target%/}"]}]
END
promtool check config prometheus.yml >/dev/null
# It takes no free port by itself.
for ((i = 0; i < 20; ++i)); do
    port=$((20000 + RANDOM % 20000))
    prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$port" >prometheus.log 2>&1 &
    processes="$! $processes"
    until grep -q 'Server is ready to receive' prometheus.log || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
    kill -0 $! 2>/dev/null && break
done

asked() { curl -sS "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" 2>/dev/null || true; }
for query in 'up{job="unipile"} == 1' 'unipile_harvest_paused == 1' 'sum(unipile_jobs) == 30' 'unipile_connections == 1'; do
    for ((i = 0; i < 300; ++i)); do
        case $(asked "$query") in *'"value":['*) continue 2 ;; esac
        sleep 0.1
    done
    echo "Prometheus never knows that $query"
    tail -5 prometheus.log
    exit 1
done
