#!/bin/sh
# One database and two roles a service: the owner migrates, the app role reads and writes and owns nothing, so that
# row-level security binds it. Run by the PostgreSQL image at its first start; passwords come from secret files.
set -eu
for service in coding claims remit denials lifecycle; do
  owner=$(cat "/run/secrets/${service}_owner_password")
  app=$(cat "/run/secrets/${service}_app_password")
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v service="${service}_svc" -v owner="${service}_owner" -v app="${service}_app" \
    -v owner_password="$owner" -v app_password="$app" <<'SQL'
create role :"owner" login password :'owner_password';
create role :"app" login nosuperuser nobypassrls nocreatedb nocreaterole password :'app_password';
create database :"service" owner :"owner";
revoke all on database :"service" from public;
grant connect, create on database :"service" to :"owner";
grant connect on database :"service" to :"app";
SQL
done
