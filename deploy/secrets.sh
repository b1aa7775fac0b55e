#!/bin/sh
# Makes random passwords, keys and certificates for a trial of docker-compose.yml in ./secrets; keeps those that are there.
# The folder is closed to everybody but its owner. The files in it are readable, since containers run as other users and a
# file that is bound into one keeps its mode.
set -eu
umask 077
mkdir -p secrets
chmod 700 secrets
random() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }
[ -s secrets/postgres_password ] || random > secrets/postgres_password
[ -s secrets/master_key ] || head -c 32 /dev/urandom | base64 | tr -d '\n' > secrets/master_key
for service in coding claims remit denials lifecycle; do
  for role in owner app; do
    file="secrets/${service}_${role}_password"
    [ -s "$file" ] || random > "$file"
    printf 'postgresql://%s_%s:%s@postgres:5432/%s_svc' "$service" "$role" "$(cat "$file")" "$service" \
      > "secrets/${service}_${role}_url"
  done
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -s secrets/ca ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=claimstream trial" \
  -addext "basicConstraints=critical,CA:TRUE" -keyout secrets/ca_key -out secrets/ca 2>/dev/null
# certificate NAME HOSTS: a key and a certificate of our authority in $work/NAME.key and $work/NAME.crt
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2" > "$work/$1.ext"
  openssl x509 -req -in "$work/$1.csr" -CA secrets/ca -CAkey secrets/ca_key -CAcreateserial -CAserial "$work/serial" \
    -days 365 -extfile "$work/$1.ext" -out "$work/$1.crt" 2>/dev/null
}
for name in kafka topics coding claims remit denials lifecycle; do
  [ -s "secrets/${name}_identity" ] && continue
  certificate "$name" "DNS:$name,DNS:localhost,IP:127.0.0.1"
  cat "$work/$name.key" "$work/$name.crt" > "secrets/${name}_identity"
done
if [ ! -s secrets/mllp_key ]; then
  certificate mllp "DNS:coding-svc,DNS:localhost,IP:127.0.0.1"
  cp "$work/mllp.key" secrets/mllp_key
  cp "$work/mllp.crt" secrets/mllp_certificate
fi
# Who may send: in a trial, whoever has a certificate of the same authority.
[ -s secrets/mllp_client_ca ] || cp secrets/ca secrets/mllp_client_ca
chmod 644 secrets/*
[ ! -e secrets/ca_key ] || chmod 600 secrets/ca_key
