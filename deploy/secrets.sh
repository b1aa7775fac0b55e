#!/bin/sh
# Writes random passwords for a trial of docker-compose.yml into ./secrets (mode 0600); keeps those that are there.
set -eu
umask 077
mkdir -p secrets
random() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }
[ -s secrets/postgres_password ] || random > secrets/postgres_password
for service in coding claims remit denials lifecycle; do
  for role in owner app; do
    file="secrets/${service}_${role}_password"
    [ -s "$file" ] || random > "$file"
    printf 'postgresql://%s_%s:%s@postgres:5432/%s_svc' "$service" "$role" "$(cat "$file")" "$service" \
      > "secrets/${service}_${role}_url"
  done
done
