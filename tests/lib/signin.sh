# shellcheck shell=bash
# A resident signs in to the demonstration portal, as far as curl and forms go. (The real browser is in tests/browser.)

# sign_in PORTAL REGISTER KIDC FOLDER: allows everything, and prints the portal's account page (English), which it must end at. FOLDER is for cookies and pages.
sign_in() {
  local portal=$1 register=$2 kidc=$3 page=$4/page.html at code claims
  local browser=(curl -sS -L --max-time 20 -b "$4/cookies" -c "$4/cookies" -o "$page" -w '%{url_effective}\n')
  at=$("${browser[@]}" "$portal/en/account")
  at=$(press "$at" continue --data-urlencode "kidc=$kidc")
  code=$(curl -fsS -H 'Accept: application/json' "$register/outbox" | jq -r --arg kidc "$kidc" '[.[] | select(.kidc == $kidc)][0].code')
  at=$(press "$at" continue --data-urlencode "otp=$code")
  # A consent from before is enough: then there is no page to press on.
  if [[ $at != "$portal"/* ]]; then
    mapfile -t claims < <(grep -o 'name="claim" value="[^"]*"' "$page" | sed 's/.*value="\(.*\)"/--data-urlencode\nclaim=\1/')
    at=$(press "$at" allow "${claims[@]}")
  fi
  cat "$page"
  [[ $at == "$portal"/en/account* ]]
}

# press AT ACTION CURL-ARGUMENT…: sends the POST form of sign_in's page, which came from AT; prints where that leads.
press() {
  local at=$1 action=$2 csrf to
  shift 2
  csrf=$(sed -nE 's/.*name="csrf" value="([^"]*)".*/\1/p' "$page" | head -n 1)
  to=$(sed -nE 's/.*<form method="post" action="([^"]*)".*/\1/p' "$page" | head -n 1)
  "${browser[@]}" --data-urlencode "csrf=$csrf" --data-urlencode "action=$action" "$@" "$(cut -d/ -f1-3 <<<"$at")$to"
}
