#!/usr/bin/env bash
# Exercises every verb of the `konsao` command against a data folder of its own: what it prints, what it changes, how it
# exits. Usage: command.sh KONSAO
set -uo pipefail
konsao=$(realpath "${1:?usage: command.sh KONSAO}")
work=$(mktemp -d)
data=$work/data
server=
cleanup() {
  [[ -n $server ]] && kill "$server" 2>/dev/null && wait "$server"
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 1
unset "${!KONSAO_@}"
export KONSAO_DATA=$data

passed=0 failed=0
ok() { # NAME COMMAND…: the command succeeds
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'not ok: %s\n' "$name"
    sed 's/^/    out: /' "$work/out"
    sed 's/^/    err: /' "$work/err"
  fi
}
run() { "$konsao" "$@" >"$work/out" 2>"$work/err"; } # its output is kept for looking at
exits() { # CODE ARGUMENTS…
  local wanted=$1 code
  shift
  run "$@"
  code=$?
  [[ $code -eq $wanted ]]
}
says() { grep -qF -- "$1" "$work/out"; }
complains() { grep -qF -- "$1" "$work/err"; }
silent() { [[ ! -s $work/out ]]; }
json() { jq -e "$1" "$work/out" >/dev/null; } # a jq expression that is true of the output
modes_are() { [[ $(stat -c %a "$1") == "$2" ]]; }

# ---- what can be asked of any of them ----
ok 'without a verb: misused' exits 2
ok '… and what there is, on standard error' complains 'konsao client add'
ok 'an unknown verb: misused' exits 2 frobnicate
ok '… and named' complains 'there is no "frobnicate"'
ok 'a group without a verb: misused' exits 2 client
ok '… and what is in it' complains 'konsao client rotate-secret'
ok 'an unknown verb of a group: misused' exits 2 client frobnicate
ok '… and named' complains 'there is no "client frobnicate"'
ok '--help' exits 0 --help
ok '… on standard output' says 'konsao backup FOLDER'
for verb in serve check 'client add' 'client list' 'client show' 'client set' 'client rotate-secret' 'client remove' \
  'registration token' 'registration list' 'registration revoke' \
  'type add' 'type list' 'type remove' 'exchange add' 'exchange list' 'exchange remove' \
  'officer grant' 'officer list' 'officer revoke' \
  'key create' 'key list' 'key rotate' 'audit show' 'audit verify' backup version; do
  # shellcheck disable=SC2086
  ok "$verb --help" exits 0 $verb --help
  ok "$verb --help says how" says "konsao $verb"
  ok "$verb --help fits a screen" test "$(wc -l <"$work/out")" -le 40
  # shellcheck disable=SC2086
  ok "$verb refuses a flag that it has not" exits 2 $verb --frobnicate
done
ok 'version' exits 0 version
ok '… is a version' grep -qE '^konsao [0-9]+\.[0-9]+\.[0-9]+$' "$work/out"
ok 'an operand that is missing: misused' exits 2 client show
ok 'one too many: misused' exits 2 client list x
ok '--json where there is none: misused' exits 2 backup --json x

# ---- settings ----
ok 'a setting that does not exist: misused' exits 2 client list --set no.such=1
ok '… and named' complains 'no.such is no setting'
ok 'a setting without a value: misused' exits 2 client list --set log.level
ok '… and how to say it' complains '--set takes KEY=VALUE'
ok 'a file that is not there: misused' exits 2 client list --config "$work/none.conf"
printf 'workers = few\n' >"$work/bad.conf"
ok 'a bad file: misused' exits 2 serve --config "$work/bad.conf"
ok '… with file and line' complains "$work/bad.conf:1: workers must be a whole number"
ok 'check --defaults' exits 0 check --defaults
ok '… is a settings file' says '#otp.attempts = 5'
cp "$work/out" "$work/defaults.conf"
ok '… that can be used' exits 1 client list --config "$work/defaults.conf"
ok 'check --markdown' exits 0 check --markdown
ok '… is a table' says '| `otp.attempts` | `5` |'

# ---- before there is anything ----
ok 'no data folder: failed' exits 1 client list
ok '… and what to do' complains 'konsao serve'
ok '… and none was made' test ! -e "$data"
ok 'check without a register: failed' exits 1 check --json --set register.url=http://localhost:1
ok '… says which' json '.checks.register.ok == false and .checks.data.ok and .checks.templates.ok'
ok '… and where settings come from' json '.settings.data.origin == "environment KONSAO_DATA"'

# ---- clients ----
add=(client add --name 'Land registry' --redirect-uri https://land.example.gov.kh/cb)
ok 'client add' exits 0 "${add[@]}" --name-km 'បញ្ជីដីធ្លី' --scope 'openid profile' --json
ok '… answers as RFC 7591 does' json '(.client_id | length) == 36 and (.client_secret | length) == 43
  and .client_secret_expires_at == 0 and .redirect_uris == ["https://land.example.gov.kh/cb"]'
ok '… with the version of the pairwise key' json '.pairwise_version == 1'
ok '… and no digest' json 'has("client_secrets") | not'
id=$(jq -r .client_id "$work/out") secret=$(jq -r .client_secret "$work/out")
ok 'the data folder is its owner'"'"'s alone' modes_are "$data" 700
ok 'the master key is its owner'"'"'s alone' modes_are "$data/master.key" 400
ok 'the key ring is its owner'"'"'s alone' modes_are "$data/keys.ring" 600
ok 'the secret is nowhere in the data' bash -c '! grep -rqF -- "$1" "$2"' _ "$secret" "$data"
ok 'client add for people' exits 0 "${add[@]}" --id portal
ok '… says that the secret is shown once' says 'shown this once'
ok 'an id that is taken: failed' exits 1 "${add[@]}" --id portal
ok '… and why' complains 'there is a client called portal already'
ok 'a redirect URI with a wildcard: failed' exits 1 client add --name X --redirect-uri 'https://*.example.gov.kh/'
ok '… and why' complains 'no wildcards'
ok 'an algorithm that does not sign: failed' exits 1 "${add[@]}" --id-token-alg ECDH-ES
ok '… and why' complains 'must be ES256'
ok 'private_key_jwt without keys: failed' exits 1 "${add[@]}" --auth private_key_jwt
ok 'a logo that is no image: failed' exits 1 "${add[@]}" --logo "$work/bad.conf"
printf '\x89PNG\r\n\x1a\n rest' >"$work/logo.png"
ok 'a logo' exits 0 "${add[@]}" --id logo --logo "$work/logo.png" --json
ok '… as a data: URI' json '.logo_uri | startswith("data:image/png;base64,iVBORw0KGgo")'
echo '{"client_name":"From a file","redirect_uris":["https://file.example.gov.kh/cb"],"grant_types":["authorization_code"]}' \
  >"$work/client.json"
ok 'client add --from' exits 0 client add --from "$work/client.json" --id file --name 'From a flag' --json
ok '… flags come on top' json '.client_name == "From a flag" and .redirect_uris[0] == "https://file.example.gov.kh/cb"'
echo '{"client_name":"X","client_secrets":[]}' >"$work/client.json"
ok 'a file that says what is ours to say: failed' exits 1 client add --from "$work/client.json"
ok 'a machine: no redirect URI, no openid' exits 0 client add --id machine --name Treasury --grant client_credentials \
  --scope records:read --audience https://api.example.gov.kh --organization KH/GOV/MEF --json
ok 'client list --json' exits 0 client list --json
ok '… has them all, and no secrets' json 'length == 5 and all(has("client_secret") or has("client_secrets") | not)'
ok 'client list' exits 0 client list
ok '… names them' says 'Treasury'
ok 'client show --json' exits 0 client show "$id" --json
ok '… what was registered' json '."client_name#km" == "បញ្ជីដីធ្លី" and .scope == "openid profile"'
ok 'client show of nobody: failed' exits 1 client show nobody
ok '… and why' complains 'no such client'

ok 'client set' exits 0 client set "$id" --scope 'openid phone' --redirect-uri https://land.example.gov.kh/a \
  --redirect-uri https://land.example.gov.kh/b --json
ok '… changes what is named' json '.scope == "openid phone" and (.redirect_uris | length) == 2'
ok '… and nothing else' json '.client_name == "Land registry" and (has("client_secret") | not)'
ok 'client set with an empty value' exits 0 client set "$id" --name-km '' --json
ok '… removes it' json 'has("client_name#km") | not'
ok 'client set of nothing: misused' exits 2 client set "$id"
ok 'client set to what does not fit: failed' exits 1 client set "$id" --scope phone --redirect-uri http://land.example.gov.kh/a
ok '… and nothing was written' exits 0 client show "$id" --json
ok '… nothing' json '.scope == "openid phone"'
printf '{"jwks_uri":"https://land.example.gov.kh/jwks","require_auth_time":true}' >change.json
ok 'client set --from FILE' exits 0 client set "$id" --from change.json --json
ok '… takes over what it says' json '.jwks_uri == "https://land.example.gov.kh/jwks" and .require_auth_time and .scope'
printf '{"jwks_uri":null}' >change.json
ok '… and null takes away' exits 0 client set "$id" --from change.json --json
ok '… that and nothing else' json '(.jwks_uri | not) and .require_auth_time'
printf '{"client_id":"other"}' >change.json
ok '… but not the client_id' exits 1 client set "$id" --from change.json
printf '{"jwks_url":"https://land.example.gov.kh/jwks"}' >change.json
ok '… nor a misspelt member' exits 1 client set "$id" --from change.json
ok 'client set --profile with what the profile does not allow' exits 1 client set "$id" --profile fapi2
ok '… says why' complains 'this security_profile'
ok 'client set to a public client' exits 0 client set "$id" --auth none --json
ok '… back to a secret: a new one is shown' exits 0 client set "$id" --auth client_secret_basic --json
ok '… once' json '.client_secret | length == 43'
before=$(jq -r .client_secret "$work/out")
ok 'client rotate-secret' exits 0 client rotate-secret "$id" --keep-old 60 --json
ok '… gives another' test "$(jq -r .client_secret "$work/out")" != "$before"
ok 'client rotate-secret with a wrong time: misused' exits 2 client rotate-secret "$id" --keep-old soon
ok 'clients of one sector share the key version' bash -c '
  "$1" client add --name B --redirect-uri https://other.example.gov.kh/cb --sector land.example.gov.kh --id sibling --json |
    jq -e ".pairwise_version == 1" >/dev/null' _ "$konsao"
ok 'client remove without --yes: misused' exits 2 client remove portal
ok '… and it is still there' exits 0 client show portal
ok 'client remove --yes' exits 0 client remove portal --yes
ok '… and it is gone' exits 1 client show portal
ok 'client remove once more: failed' exits 1 client remove portal --yes

# ---- initial access tokens ----
ok 'registration list of none' exits 0 registration list
ok '… says how to make one' says 'konsao registration token'
ok 'registration token --json' exits 0 registration token --uses 3 --expires 12h --profile open --profile fapi2 \
  --scope 'openid profile' --organization KH/GOV/MOI --note 'for the bank' --json
ok '… shows the token and what it allows' json '(.initial_access_token | length) == 43 and .profiles == "open fapi2"
  and .scope == "openid profile" and .organization == "KH/GOV/MOI" and .uses_left == 3 and .expires_at - .created_at == 43200'
token=$(jq -r .initial_access_token "$work/out") id=$(jq -r .id "$work/out")
ok 'registration token for people' exits 0 registration token
ok '… says that it is shown once, and how to end it' says 'shown this once'
ok 'registration list --json' exits 0 registration list --json
ok '… has both, least by default, and not the token itself' json 'length == 2 and all(has("initial_access_token") | not)
  and any(.uses_left == 1 and .scope == "openid" and .profiles == "open")'
ok 'registration list' exits 0 registration list
ok '… says whom it is for' says 'for the bank'
ok '… and not the token' bash -c '! grep -qF -- "$1" "$2"' _ "$token" "$work/out"
for wrong in '--uses 0' '--uses many' '--expires soon' '--expires 400d' '--expires 0d' '--profile none' '--scope é' '--scope "' \
  '--organization MOI' '--grant password' '--claim \'; do
  # shellcheck disable=SC2086
  ok "registration token $wrong: misused" exits 2 registration token $wrong
done
ok 'registration revoke' exits 0 registration revoke "$id"
ok '… once' exits 1 registration revoke "$id"
ok '… of nobody: failed' exits 1 registration revoke nobody
ok '… and it is gone' exits 0 registration list --json
ok '… the other is not' json 'length == 1'
ok 'it is in the audit record' exits 0 audit show --json
ok '… with its id' json "any(.action == \"registration.token\" and .detail == \"$id\") and any(.action == \"registration.revoke\")"

# ---- types of authorization details ----
ok 'type list of none' exits 0 type list
ok '… says nothing' silent
cat >"$work/land.json" <<'END'
{ "type": "land_transfer", "title": "Transfer a plot of land", "title#km": "ផ្ទេរដី",
  "fields": [ { "name": "plot", "label": "Plot", "kind": "string", "required": true } ] }
END
ok 'type add' exits 0 type add "$work/land.json"
ok 'type list' exits 0 type list
ok '… says what people read' grep -qE '^land_transfer +Transfer a plot of land$' "$work/out"
ok 'type list --json' exits 0 type list --json
ok '… is the definition' json 'length == 1 and .[0].type == "land_transfer" and .[0]."title#km" == "ផ្ទេរដី" and (.[0].fields | length) == 1'
jq '.title = "Transfer land"' "$work/land.json" >"$work/changed.json"
ok 'type add of the same type' exits 0 type add "$work/changed.json"
ok '… replaces it' bash -c '[[ $("$1" type list) == "land_transfer "*"Transfer land" ]]' _ "$konsao"
jq 'del(.title)' "$work/land.json" >"$work/untitled.json"
jq '.fields[0].kind = "text"' "$work/land.json" >"$work/odd.json"
jq '.more = 1' "$work/land.json" >"$work/more.json"
echo '[]' >"$work/array.json"
echo '{' >"$work/broken.json"
for wrong in untitled odd more array broken missing; do
  ok "type add $wrong: failed" exits 1 type add "$work/$wrong.json"
  ok '… with the file' complains "$work/$wrong.json"
done
ok '… and nothing was changed' bash -c '[[ $("$1" type list | wc -l) -eq 1 ]]' _ "$konsao"
ok 'type add without a file: misused' exits 2 type add
ok 'type remove' exits 0 type remove land_transfer
ok '… once' exits 1 type remove land_transfer
ok '… and says which' complains 'land_transfer'
ok 'type list' exits 0 type list
ok '… has none' silent
ok 'type list --json of none' exits 0 type list --json
ok '… is an empty list' json '. == []'
run audit show --json --action authorization_type.
ok 'each is in the audit record, no failed one' json '[.[] | .action + " " + .detail] ==
  ["authorization_type.add land_transfer", "authorization_type.add land_transfer", "authorization_type.remove land_transfer"]'

# ---- rules of token exchange ----
ok 'exchange add for a client that there is not: failed' exits 1 exchange add x --client nobody --to https://x.example --scope a
ok '… and which' complains 'nobody'
run client add --name 'Land registry' --grant client_credentials --scope records.read --id registry --json
rule=(exchange add taxes --client registry --to https://tax.example.gov.kh --scope 'tax.read tax.pay')
ok 'exchange add' exits 0 "${rule[@]}" --of-client portal --with-scope profile --life 60
ok 'exchange list --json' exits 0 exchange list --json
ok '… is the rule' json '. == [{client: "registry", name: "taxes", to: "https://tax.example.gov.kh", scope: "tax.read tax.pay",
  of_client: "portal", with_scope: "profile", life: 60}]'
ok 'exchange list' exits 0 exchange list
ok '… for people' grep -qE '^registry +taxes +https://tax.example.gov.kh +tax.read tax.pay$' "$work/out"
ok 'exchange add of the same name' exits 0 "${rule[@]}"
ok '… replaces it' bash -c '"$1" exchange list --json | jq -e "length == 1 and .[0].life == null and .[0].of_client == null" >/dev/null' _ "$konsao"
for wrong in '--to tax --scope a' '--to https://x.example/#f --scope a' '--scope a' '--to https://x.example' '--to https://x.example --scope a --life 0' \
  '--to https://x.example --scope a --life -1' '--to https://x.example --scope a --life 1h' '--to https://x.example --scope a --life 99999999999'; do
  # shellcheck disable=SC2086
  ok "exchange add $wrong: misused" exits 2 exchange add odd --client registry $wrong
done
ok 'exchange add without a name: misused' exits 2 exchange add --client registry --to https://x.example --scope a
ok 'exchange add of an empty name: misused' exits 2 exchange add '' --client registry --to https://x.example --scope a
ok 'exchange add without a client: misused' exits 2 exchange add x --to https://x.example --scope a
ok 'exchange list --json' exits 0 exchange list --json
ok '… none of them was added' json 'map(.name) == ["taxes"]'
ok 'exchange remove without its client: misused' exits 2 exchange remove taxes
ok 'exchange remove of another client: failed' exits 1 exchange remove taxes --client portal
ok '… and it is still there' bash -c '"$1" exchange list --json | grep -q taxes' _ "$konsao"
ok 'exchange remove' exits 0 exchange remove taxes --client registry
ok '… once' exits 1 exchange remove taxes --client registry
ok 'exchange list --json of none' exits 0 exchange list --json
ok '… is an empty list' json '. == []'
run audit show --json --action exchange.
ok 'each is in the audit record, no failed one' json '[.[] | .action + " " + .client_id + " " + .detail] ==
  ["exchange.add registry taxes", "exchange.add registry taxes", "exchange.remove registry taxes"]'

# ---- back offices and levels ----
fed() { # TEXT CODE ARGUMENTS…: with TEXT on standard input
  local text=$1
  shift
  exits "$@" <<<"$text"
}
kidc=000000572-4
run client add --name 'Registrars' --redirect-uri https://registrars.gov.kh/cb --id registrars --json
right=(officer grant --client registrars --organization 'ក្រសួងមហាផ្ទៃ' --role registrar)
ok 'officer grant' fed "$kidc" 0 "${right[@]}" --role approver
ok '… warns that the client is open to everybody' complains 'client set registrars --officers-only'
ok 'client set --officers-only' exits 0 client set registrars --officers-only --json
ok '… is a member' json '.officers_only == true'
ok 'officer list --json' exits 0 officer list --json
ok '… is the right, without the number' json 'length == 1 and (.[0] | .client == "registrars" and .organization == "ក្រសួងមហាផ្ទៃ"
  and .roles == ["registrar", "approver"] and .granted_at > 1600000000 and (.granted_by | startswith("operator:"))
  and has("expires_at") == false and (.resident | length) == 43)'
resident=$(jq -r '.[0].resident' "$work/out")
ok 'the number is nowhere' bash -c '! grep -qE "0000005724|000000572-4" "$1"' _ "$work/out"
ok 'officer grant in Khmer digits, with an end' fed '០០០០០០៥៧២៤' 0 "${right[@]}" --expires 30 --json
ok '… replaces the one before, and warns of nothing' bash -c '[[ ! -s $2/err ]] && [[ $(jq -r .resident "$2/out") == "$1" ]]' _ "$resident" "$work"
ok 'officer list of a client' exits 0 officer list --client registrars
ok '… for people, with the end' grep -qE "^registrars +$resident  20[0-9-]+T[0-9:]+Z +ក្រសួងមហាផ្ទៃ: registrar$" "$work/out"
ok 'officer list of another client' exits 0 officer list --client portal --json
ok '… is empty' json '. == []'
for wrong in '--organization x --role a' '--client registrars --role a' '--client registrars --organization x' \
  '--client registrars --organization x --role a --role a' '--client registrars --organization x --role a"b' '--client registrars --organization x --role=' \
  '--client registrars --organization x --role a --expires 0' '--client registrars --organization x --role a --expires 1w' \
  '--client registrars --organization x --role a --expires 99999' '--client registrars --organization= --role a'; do
  # shellcheck disable=SC2086
  ok "officer grant $wrong: misused" fed "$kidc" 2 officer grant $wrong
done
ok 'officer grant of a role with a space: misused' fed "$kidc" 2 officer grant --client registrars --organization x --role 'a b'
ok 'officer grant of an organization of two lines: misused' fed "$kidc" 2 officer grant --client registrars --organization $'x\ny' --role a
ok 'officer grant with the number as an argument: misused' fed "$kidc" 2 "${right[@]}" "$kidc"
ok 'officer grant of what is no KIdC: failed' fed 000000572-5 1 "${right[@]}"
ok '… which is not repeated' bash -c '! grep -q 000000572 "$1"' _ "$work/err"
ok 'officer grant of nobody: failed' bash -c '! "$@" </dev/null 2>/dev/null' _ "$konsao" "${right[@]}"
ok 'officer grant at a client that there is not: failed' fed "$kidc" 1 officer grant --client nobody --organization x --role a
ok '… and which' complains 'nobody'
ok 'officer list --json' exits 0 officer list --json
ok '… none of them changed anything' json 'length == 1 and .[0].roles == ["registrar"]'
ok 'officer revoke at another client: failed' fed "$kidc" 1 officer revoke --client portal
ok 'officer revoke without a client: misused' fed "$kidc" 2 officer revoke
ok 'officer revoke' fed "$kidc" 0 officer revoke --client registrars
ok '… once' fed "$kidc" 1 officer revoke --client registrars
ok 'officer grant again' fed "$kidc" 0 "${right[@]}"
ok 'officer revoke by the reference' exits 0 officer revoke --client registrars --resident "$resident"
ok '… of nobody: failed' exits 1 officer revoke --client registrars --resident nobody
ok 'officer grant once more' fed "$kidc" 0 "${right[@]}"
run audit show --json --action officer.
ok 'each is in the audit record, no failed one' json "[.[] | .action + \" \" + .client_id + \" \" + .detail] ==
  [\"officer.grant registrars resident:$resident roles: registrar approver\", \"officer.grant registrars resident:$resident roles: registrar\",
   \"officer.revoke registrars resident:$resident\", \"officer.grant registrars resident:$resident roles: registrar\",
   \"officer.revoke registrars resident:$resident\", \"officer.grant registrars resident:$resident roles: registrar\"]"
ok 'client remove takes the rights along' exits 0 client remove registrars --yes
ok 'officer list --json of none' exits 0 officer list --json
ok '… is an empty list' json '. == []'

ok 'client add --minimum-acr' exits 0 client add --name Strict --redirect-uri https://strict.gov.kh/cb --id strict --minimum-acr urn:konsao:acr:device --json
ok '… is a member' json '.minimum_acr == "urn:konsao:acr:device"'
ok 'client set --minimum-acr that is no level: failed' exits 1 client set strict --minimum-acr urn:made:up
ok '… and which there are' complains 'urn:konsao:acr:otp urn:konsao:acr:device'
ok 'client add --minimum-acr that is no level: failed' exits 1 client add --name X --redirect-uri https://x.gov.kh/cb --minimum-acr urn:made:up
echo '{"client_name": "X", "redirect_uris": ["https://x.gov.kh/cb"], "minimum_acr": "urn:made:up"}' >"$work/weak.json"
ok '… from a file: failed' exits 1 client add --from "$work/weak.json"
levels=(--set 'assurance.levels=low=otp high=passkey,qr')
ok 'client set of something else, when the level is gone from the table' exits 0 client set strict --name Stricter "${levels[@]}"
ok 'check, when a minimum is gone from the table: failed' exits 1 check --json "${levels[@]}"
ok '… says whose' json '.checks.assurance.ok == false and (.checks.assurance.text | contains("strict"))'
ok 'client set without a minimum' exits 0 client set strict --minimum-acr= --json
ok '… has none' json 'has("minimum_acr") == false'
run check --json "${levels[@]}"
ok 'check says the levels' json '.checks.assurance == {ok: true, text: "low high"}'
for wrong in 'low=otp' 'low=otp,passkey,qr,sms' 'low=otp,otp high=passkey,qr' 'low=otp low=passkey,qr' 'otp,passkey,qr' '=otp,passkey,qr' ''; do
  run check --json --set "assurance.levels=$wrong"
  ok "check of assurance.levels \"$wrong\" says what is wrong" json '.checks.assurance.ok == false and (.checks.assurance.text | startswith("assurance.levels "))'
done

# ---- keys ----
ok 'key list --json' exits 0 key list --json
ok '… has an active key of each algorithm, and a next one of those that sign' json '
  ([.[] | select(.state == "active") | .alg] | sort) == ["ECDH-ES","ES256","EdDSA","PS256","RS256","RSA-OAEP-256"]
  and ([.[] | select(.state == "next") | .alg] | sort) == ["ES256","EdDSA","PS256","RS256"]'
next=$(jq -r '.[] | select(.alg == "ES256" and .state == "next").kid' "$work/out")
ok 'key rotate while the next key is young: failed' exits 1 key rotate
ok '… and why' complains 'relying parties may not know it yet'
ok 'key rotate --now --alg ES256' exits 0 key rotate --now --alg ES256 --json
ok '… the next is active, the other stays published' json "any(.[]; .kid == \"$next\" and .state == \"active\")
  and ([.[] | select(.state == \"retired\")] | length) == 1"
ok 'key rotate --alg ECDH-ES, which has no next key to wait for' exits 0 key rotate --alg ECDH-ES --json
ok '… a new one is active, the other still decrypts' json '[.[] | select(.alg == "ECDH-ES") | .state] | sort == ["active","retired"]'
ok 'key rotate of an unknown algorithm: misused' exits 2 key rotate --alg none

# ---- beside a server ----
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$konsao" serve --port "$port" --set register.url=http://localhost:1 >"$work/serve.out" 2>"$work/serve.err" &
server=$!
until_true() { # waits for a condition, ten seconds at most
  local end=$((SECONDS + 10))
  until "$@"; do
    ((SECONDS < end)) && kill -0 "$server" || return 1
    sleep 0.05
  done
}
url=http://localhost:$port
ok 'serve says when it is ready' until_true grep -q "is ready at $url" "$work/serve.out"
ok '/health answers' bash -c "curl -sf $url/health | jq -e '.status == \"ok\" and .register == \"ok\"' >/dev/null"
ok '/metrics answers this machine' bash -c "curl -sf $url/metrics | grep -q '^konsao_build_info{'"
ok '/metrics answers nobody behind a proxy' bash -c \
  "[[ \$(curl -s -o /dev/null -w '%{http_code}' -H 'X-Forwarded-For: 192.0.2.1' $url/metrics) == 404 ]]"
ok 'a second server on the same data: failed' exits 1 serve --port 1
ok '… and why' complains 'another konsao serves'
ok 'a port that is taken: failed' exits 1 serve --port "$port" --data "$work/other"
ok '… and why' complains "port $port"
chmod 0644 "$work/other/master.key"
ok 'a master key that others may read: failed' exits 1 serve --port "$port" --data "$work/other"
ok '… and why' complains 'master.key'

ok 'a client that is added works at once' exits 0 client add --id late --name Late --redirect-uri https://a.example/cb \
  --grant authorization_code --grant client_credentials --scope 'openid records:read' --json
token() {
  curl -s "$url/token" -u "late:$1" -d grant_type=client_credentials -d scope=records:read
}
token_works() { token "$1" | jq -e .access_token >/dev/null; }
late=$(jq -r .client_secret "$work/out")
ok '… its secret is right' token_works "$late"
run client rotate-secret late --keep-old 600 --json
newer=$(jq -r .client_secret "$work/out")
ok '… a rotated one too' token_works "$newer"
ok '… and the old one for a while' token_works "$late"
run client rotate-secret late --json
ok '… or not at all' bash -c "! curl -s $url/token -u late:$newer -d grant_type=client_credentials | jq -e .access_token >/dev/null"
newest=$(jq -r .client_secret "$work/out")
run client set late --disable
ok 'a client that is disabled is refused at once' bash -c \
  "curl -s $url/token -u late:$newest -d grant_type=client_credentials | jq -e '.error == \"invalid_client\"' >/dev/null"
run client set late --enable
ok '… until it is enabled' token_works "$newest"
run key rotate --now --alg ES256 --json
kid=$(jq -r '[.[] | select(.alg == "ES256" and .state == "next")][0].kid' "$work/out")
ok 'a rotation is served within seconds' until_true bash -c "curl -s $url/jwks | grep -qF -- $kid"
ok 'backup while it serves' exits 0 backup "$work/backup"
ok '… says that the master key is not in it' says 'The master key is not'
ok '… and it is not' bash -c "! find $work/backup -name 'master*' | grep -q ."
ok 'backup into a folder that exists: failed' exits 1 backup "$work/backup"
ok 'a backup is a data folder' exits 0 client show late --data "$work/backup" --set "master_key=$data/master.key" --json
kill -TERM "$server"
wait "$server"
code=$?
server=
ok 'SIGTERM stops it with 0' test "$code" -eq 0

# ---- a key ring that is not there ----
mv "$data/keys.ring" "$work/keys.ring"
ok 'serve makes no other ring beside a store in use: failed' exits 1 serve --port "$port"
ok '… and what to do' complains 'konsao key create --yes'
ok '… and none was made' test ! -e "$data/keys.ring"
ok 'nor does client add: failed' exits 1 "${add[@]}"
ok '… and what to do' complains 'konsao key create --yes'
ok 'nor key list: failed' exits 1 key list
ok 'check finds it' exits 1 check --json --set register.url=http://localhost:1
ok '… and says so' json '.checks.data.ok == false'
mkdir "$work/audited"
cp -a "$data/store" "$data/master.key" "$work/audited"
ok 'key create without --yes: misused' exits 2 key create
ok '… and none was made' test ! -e "$data/keys.ring"
ok 'key create --help says what changes' exits 0 key create --help
ok '… the subjects' says "every resident's sub"
flock "$data/serve.lock" "$konsao" key create --yes >"$work/out" 2>"$work/err"
ok 'key create while a server runs: failed' complains 'stop it first'
ok 'key create --yes' exits 0 key create --yes --json --data "$work/audited"
ok '… makes keys' json '[.[] | select(.state == "active") | .alg] | length == 6'
ok '… that can be used' exits 0 client show late --data "$work/audited"
ok '… for its owner alone' modes_are "$work/audited/keys.ring" 600
run audit show --json --action key.create --data "$work/audited"
ok '… and the audit record says so' says '"key.create"'
ok 'key create where there is a ring: failed' exits 1 key create --yes --data "$work/audited"
ok '… and why' complains 'exists already'
mv "$work/keys.ring" "$data/keys.ring"
ok 'a ring that is put back works' exits 0 key list

# ---- the audit record ----
ok 'audit verify --json' exits 0 audit verify --json
ok '… holds' json '.holds and .entries > 10 and (.head | length) == 64'
ok 'audit verify' exits 0 audit verify
ok '… for people' says 'entries hold'
ok 'audit show --json' exits 0 audit show --json --action client. --limit 1000
ok '… has each change' json 'map(.action) | contains(["client.add", "client.set", "client.rotate_secret", "client.remove"])'
run audit show --json --action client.set
ok '… and who made it' json 'length > 0 and all(.actor | startswith("operator:"))'
ok 'audit show --client' exits 0 audit show --json --client portal
ok '… of that client alone' json 'length == 2 and all(.client_id == "portal")'
ok 'audit show --since --limit' exits 0 audit show --json --since 1h --limit 2
ok '… the last two' json 'length == 2 and .[0].number + 1 == .[1].number'
ok 'audit show --since tomorrow' exits 0 audit show --json --since 2999-01-01
ok '… has nothing' json 'length == 0'
ok 'audit show --since nonsense: misused' exits 2 audit show --since yesterday
ok 'audit show for people' exits 0 audit show --action key.rotate
ok '… has the rotation' says 'action=key.rotate outcome=ok'
ok 'a refusal of several words' exits 0 audit show --action client.authenticate
ok '… is quoted' says 'outcome="wrong secret"'
ok 'no secret is in it' bash -c "! '$konsao' audit show --json --limit 10000 | grep -qF -- '$newest'"

printf '%d passed, %d failed\n' "$passed" "$failed"
[[ $failed -eq 0 ]]
