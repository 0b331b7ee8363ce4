#include "settings_table.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (366 * DAY)
#define MILLION 1000000

#define AT(member) offsetof(struct settings, member)

const struct setting setting_table[] = {
    {"issuer", SETTING_URL, AT(issuer), NULL, 0, 0, NULL,
     "The provider's name and public address: https, host and, where needed, port. Tokens carry it and relying parties "
     "keep it, so choose it once. Default: http://localhost: and the port."},
    {"listen.address", SETTING_ADDRESS, AT(listen_address), "127.0.0.1", 0, 0, NULL,
     "The address to listen on without TLS. 0.0.0.0 or :: for all; then a proxy with TLS should stand in front."},
    {"listen.port", SETTING_NUMBER, AT(listen_port), "8080", 0, 65535, NULL,
     "The port to listen on without TLS. 0: none."},
    {"listen.socket", SETTING_PATH, AT(listen_socket), "", 0, 0, NULL,
     "A Unix socket for a proxy on this machine, made for this user and its group. The X-Forwarded-For of whoever may "
     "use it is believed."},
    {"listen.mtls_socket", SETTING_PATH, AT(listen_mtls_socket), "", 0, 0, NULL,
     "The same for a proxy that asks clients for a certificate and forwards it in X-Client-Cert (nginx: "
     "$ssl_client_escaped_cert), which is believed here and nowhere else. The proxy must always set it or take it "
     "away."},
    {"tls.port", SETTING_NUMBER, AT(tls_port), "0", 0, 65535, NULL,
     "The port with TLS 1.2 and 1.3, for browsers and clients. 0: none; TLS is left to a proxy."},
    {"tls.mtls_port", SETTING_NUMBER, AT(tls_mtls_port), "0", 0, 65535, NULL,
     "The port with TLS that asks clients for a certificate (RFC 8705); whoever has none is let in without. 0: none."},
    {"tls.address", SETTING_ADDRESS, AT(tls_address), "0.0.0.0", 0, 0, NULL,
     "The address to listen on with TLS. :: for IPv6 as well."},
    {"tls.certificate", SETTING_PATH, AT(tls_certificate), "", 0, 0, NULL,
     "The file (PEM) with the server's certificate and those between it and the authority's. Read again when it "
     "changes."},
    {"tls.key", SETTING_PATH, AT(tls_key), "", 0, 0, NULL, "The file (PEM) with that certificate's private key."},
    {"tls.mtls_url", SETTING_URL, AT(mtls_url), "", 0, 0, NULL,
     "Where clients with a certificate find the endpoints (mtls_endpoint_aliases): https, host and port. Default: the "
     "issuer's host and tls.mtls_port."},
    {"tls.client_ca", SETTING_PATH, AT(tls_client_ca), "", 0, 0, NULL,
     "The file (PEM) with the authorities that clients with tls_client_auth may have their certificate of, those "
     "between them and the root included. Read at the start. Empty: no client can use this method."},
    {"dpop.nonce_required", SETTING_CHOICE, AT(dpop_nonce_required), "no", 0, 0, "no yes",
     "Whether a DPoP proof must have a nonce of this server in it (RFC 9449 section 8); nonces are handed out either "
     "way. yes: clients need one more round trip now and then, and their clocks may be wrong."},
    {"loops", SETTING_NUMBER, AT(loops), NULL, 1, 256, NULL,
     "Event loops, a thread each. Default: as many as the machine has cores, but 4 at least: browsers that wait are "
     "spread over them."},
    {"writers", SETTING_NUMBER, AT(writers), "8", 1, 256, NULL,
     "Threads for what waits for the store alone: tokens, revocation, logout. Few, so that they do not get into each "
     "other's way; nothing that the register holds up holds them up."},
    {"workers", SETTING_NUMBER, AT(workers), "128", 2, 1024, NULL,
     "Threads for what may wait: the register, and writes that must be on disk. They take memory rather than "
     "cores, and little of it."},
    {"trusted_proxy", SETTING_ADDRESS, AT(trusted_proxy), "", 0, 0, NULL,
     "The address of the proxy in front, whose X-Forwarded-For is believed. Empty: there is none."},
    {"data", SETTING_PATH, AT(data), "./data", 1, 0, NULL,
     "The folder with the store and the sealed key ring. Made at the first start, for this user alone."},
    {"master_key", SETTING_PATH, AT(master_key), NULL, 0, 0, NULL,
     "The file with the key that the key ring is sealed under; better not on the disk that data is on. Default: "
     "master.key in the data folder."},
    {"templates", SETTING_PATH, AT(templates), NULL, 0, 0, NULL,
     "The folder with the pages. Default: share/templates beside the program, or share/konsao/templates one above."},
    {"log.level", SETTING_CHOICE, AT(log_level), "info", 0, 0, "error warn info debug", "What is worth a log line."},

    {"register.url", SETTING_URL, AT(register_url), "http://localhost:8090", 0, 1, NULL,
     "The population register, or the X-Road security server in front of it."},
    {"register.xroad_service", SETTING_TEXT, AT(register_xroad_service), "", 0, 0, NULL,
     "INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE of the register on CamDX. Empty: it is asked directly."},
    {"register.xroad_client", SETTING_TEXT, AT(register_xroad_client), "", 0, 0, NULL,
     "INSTANCE/CLASS/MEMBER/SUBSYSTEM that Konsao is on CamDX."},
    {"register.ca", SETTING_PATH, AT(register_ca), "", 0, 0, NULL,
     "A file with the certificates (PEM) that the register's may be signed by. Empty: the system's."},
    {"register.cert", SETTING_PATH, AT(register_cert), "", 0, 0, NULL,
     "Konsao's certificate (PEM), shown to the register."},
    {"register.key", SETTING_PATH, AT(register_key), "", 0, 0, NULL, "The file with that certificate's private key."},
    {"register.timeout_ms", SETTING_NUMBER, AT(register_timeout_ms), "8000", 100, 60000, NULL,
     "Milliseconds for one call to the register, all of it."},
    {"register.connect_timeout_ms", SETTING_NUMBER, AT(register_connect_timeout_ms), "2000", 50, 60000, NULL,
     "Milliseconds until the register must have taken the connection."},
    {"register.breaker_failures", SETTING_NUMBER, AT(register_breaker_failures), "5", 1, 1000, NULL,
     "Failed calls in a row after which the register is left alone for a while."},
    {"register.breaker_open_ms", SETTING_NUMBER, AT(register_breaker_open_ms), "5000", 100, 10 * MINUTE * 1000, NULL,
     "Milliseconds that it is left alone; then one call tries."},
    {"register.concurrent_max", SETTING_NUMBER, AT(register_concurrent_max), NULL, 1, 1024, NULL,
     "Calls to the register at a time. Fewer than workers, so that a slow register cannot hold up what does not need "
     "it. Default: three quarters of workers."},

    {"outbound.allow", SETTING_TEXT, AT(outbound_allow), "", 0, 0, NULL,
     "Hosts of clients that may have private or loopback addresses, as \"host\" or \"host:port\" with spaces between "
     "them: clients in a network of our own. All other addresses that clients name must be public."},
    {"outbound.ca", SETTING_PATH, AT(outbound_ca), "", 0, 0, NULL,
     "A file with certificates (PEM) that those of clients' servers may be signed by, beside the system's."},
    {"outbound.timeout_ms", SETTING_NUMBER, AT(outbound_timeout_ms), "5000", 100, 60000, NULL,
     "Milliseconds for one call to an address that a client named, all of it."},

    {"life.interaction", SETTING_SECONDS, AT(life_interaction), "15m", MINUTE, HOUR, NULL,
     "How long a person may take to sign in."},
    {"life.device", SETTING_SECONDS, AT(life_device), "10m", MINUTE, HOUR, NULL,
     "Life of a device's request and its code (RFC 8628)."},
    {"life.backchannel", SETTING_SECONDS, AT(life_backchannel), "5m", 30, HOUR, NULL,
     "Longest life of a request that a client makes by itself (CIBA)."},
    {"life.pushed", SETTING_SECONDS, AT(life_pushed), "60s", 5, 10 * MINUTE, NULL,
     "How long after it was pushed a browser may bring an authorization request (RFC 9126)."},
    {"life.code", SETTING_SECONDS, AT(life_code), "60s", 5, 10 * MINUTE, NULL,
     "Life of an authorization code (RFC 6749 asks for ten minutes at most)."},
    {"life.access", SETTING_SECONDS, AT(life_access), "15m", 10, DAY, NULL, "Life of an access token."},
    {"life.id_token", SETTING_SECONDS, AT(life_id_token), "10m", 10, DAY, NULL, "Life of an ID token."},
    {"life.refresh", SETTING_SECONDS, AT(life_refresh), "30d", MINUTE, YEAR, NULL,
     "Life of a refresh token with offline_access; others end with the session."},
    {"life.refresh_grace", SETTING_SECONDS, AT(life_refresh_grace), "30s", 0, 5 * MINUTE, NULL,
     "How long the refresh token before the newest still works, for an answer that got lost (public clients)."},
    {"life.session", SETTING_SECONDS, AT(life_session), "8h", MINUTE, 30 * DAY, NULL,
     "How long a signed-in browser needs no new code."},
    {"life.consent", SETTING_SECONDS, AT(life_consent), "365d", MINUTE, 5 * (int64_t)YEAR, NULL,
     "How long a consent holds before it is asked for again."},

    {"otp.attempts", SETTING_NUMBER, AT(otp_attempts), "5", 1, 20, NULL,
     "Wrong codes for one KIdC, from wherever, before it is frozen here."},
    {"otp.freeze", SETTING_SECONDS, AT(otp_freeze), "15m", 1, DAY, NULL, "How long it stays frozen."},
    {"otp.resends", SETTING_NUMBER, AT(otp_resends), "3", 1, 10, NULL,
     "Codes that are sent in one sign-in, the first included."},
    {"otp.resend_wait", SETTING_SECONDS, AT(otp_resend_wait), "30s", 0, 10 * MINUTE, NULL, "The wait between two."},
    {"otp.sends_per_kidc", SETTING_NUMBER, AT(otp_sends_per_kidc), "6", 1, MILLION, NULL,
     "Codes that are sent to one KIdC within an hour, whoever asks for them."},

    {"assurance.levels", SETTING_TEXT, AT(assurance_levels),
     "urn:konsao:acr:otp=otp urn:konsao:acr:device=passkey,qr", 0, 0, NULL,
     "The levels (acr) that relying parties ask for, weakest first, and the ways of signing in that reach each: "
     "ACR=WAY,WAY. Ways: otp (KIdC and one-time code), passkey (in the browser itself), qr (the authenticator on the "
     "phone)."},
    {"authenticator.app_origins", SETTING_TEXT, AT(app_origins), "", 0, 0, NULL,
     "Origins of native authenticators whose passkeys are taken besides the issuer's own, such as "
     "\"android:apk-key-hash:…\"."},
    {"authenticator.android", SETTING_TEXT, AT(app_android), "", 0, 0, NULL,
     "The native authenticator that links open on Android: its package and the SHA-256 fingerprint of its certificate."},
    {"authenticator.ios", SETTING_TEXT, AT(app_ios), "", 0, 0, NULL,
     "The native authenticator that links open on iOS: TEAMID.bundle.id."},
    {"authenticator.wait", SETTING_SECONDS, AT(app_wait), "24h", 0, 30 * DAY, NULL,
     "How long an authenticator that was enrolled by KIdC and one-time code waits before it works, when the resident "
     "has others and none of them vouches for it: those are told, and can take it away. A stolen phone number alone "
     "opens nothing at once."},
    {"places", SETTING_PATH, AT(places), "", 0, 0, NULL,
     "A file that says where networks are, a line each: a network (203.0.113.0/24), two letters of a country, and a "
     "name to show. Phones then show where the browser is that asks."},
    {"life.history", SETTING_SECONDS, AT(life_history), "365d", DAY, 5 * (int64_t)YEAR, NULL,
     "How long a resident's own history of sign-ins is kept."},

    {"limit.channels_per_ip", SETTING_NUMBER, AT(limit_channels_per_ip), "600", 1, MILLION, NULL,
     "QR codes begun within a minute from one address (IPv6: one /64)."},
    {"limit.channels_per_client", SETTING_NUMBER, AT(limit_channels_per_client), "30000", 1, MILLION, NULL,
     "QR codes begun within a minute for one client."},
    {"limit.asked_per_resident", SETTING_NUMBER, AT(limit_asked_per_resident), "10", 1, MILLION, NULL,
     "Requests within an hour that one resident declined, or that ended otherwise, before further ones are refused: "
     "nobody is worn down until a wrong one is approved."},
    {"limit.waiting", SETTING_NUMBER, AT(limit_waiting), "20000", 1, MILLION, NULL,
     "Browsers and phones that wait for news at a time. Connections are limited by limit.connections as well."},
    {"limit.requests_per_ip", SETTING_NUMBER, AT(limit_requests_per_ip), "1200", 1, MILLION, NULL,
     "Authorization requests within a minute from one address (IPv6: one /64) that lead to the sign-in pages: each is "
     "kept until it is over. Mobile networks put thousands of people behind one address."},
    {"limit.signins_per_ip", SETTING_NUMBER, AT(limit_signins_per_ip), "300", 1, MILLION, NULL,
     "KIdC entered within a minute from one address (IPv6: one /64). Mobile networks, universities and cafés put "
     "hundreds of people behind one IPv4 address; a limit that is too low keeps them all out. Each KIdC has limits of "
     "its own (otp.*), wherever the tries come from."},
    {"limit.client_failures", SETTING_NUMBER, AT(limit_client_failures), "30", 1, MILLION, NULL,
     "Failed authentications of one client from one address within a minute."},
    {"limit.connections", SETTING_NUMBER, AT(limit_connections), "25000", 4, MILLION, NULL, "Connections in all."},
    {"limit.connections_per_ip", SETTING_NUMBER, AT(limit_connections_per_ip), "256", 0, MILLION, NULL,
     "Connections from one address; 0: no limit. The trusted proxy has none."},
    {"limit.body", SETTING_NUMBER, AT(limit_body), "65536", 1024, 16 * MILLION, NULL, "Bytes of a request's body."},
    {"limit.queue", SETTING_NUMBER, AT(limit_queue), "1024", 1, MILLION, NULL,
     "Requests that may wait for a worker; the next one is told to come back."},
    {"limit.idle", SETTING_SECONDS, AT(limit_idle), "30s", 1, HOUR, NULL, "Silence after which a connection ends."},
    {"limit.request", SETTING_SECONDS, AT(limit_request), "20s", 1, HOUR, NULL,
     "Time within which a request must have arrived whole."},

    {"audit.flush_ms", SETTING_NUMBER, AT(audit_flush_ms), "200", 1, 10000, NULL,
     "Milliseconds within which an audit entry that nobody waits for is on disk."},
    {"key.keep", SETTING_SECONDS, AT(key_keep), "7d", HOUR, YEAR, NULL,
     "How long a retired key stays published, so that what it signed can be checked."},
    {"key.min_age", SETTING_SECONDS, AT(key_min_age), "1d", 0, 90 * DAY, NULL,
     "How long a next key must have been published before it may sign: relying parties keep the key set that long."},
    {"registration.enabled", SETTING_CHOICE, AT(registration_enabled), "yes", 0, 0, "yes no",
     "Whether clients may register themselves (RFC 7591), with an initial access token of `konsao registration token`."},
    {"registration.open", SETTING_CHOICE, AT(registration_open), "no", 0, 0, "yes no",
     "Whether they may without one: anybody on the network then becomes a relying party, under a name of its own choice."},
    {"registration.scopes", SETTING_TEXT, AT(registration_scopes), "openid", 0, 0, NULL,
     "The scopes that a client may ask for that was registered without a token, such as \"openid profile\"."},
    {"registration.pkce", SETTING_CHOICE, AT(registration_pkce), "yes", 0, 0, "yes no",
     "Whether clients that register themselves must use PKCE. Public ones and those of profiles other than open always "
     "must."},
    {"limit.registrations_per_ip", SETTING_NUMBER, AT(limit_registrations_per_ip), "60", 1, MILLION, NULL,
     "Registrations without a token within an hour from one address (IPv6: one /64), and changes of one client that "
     "registered itself within an hour."},
    {"support.url", SETTING_URL, AT(support_url), "", 0, 1, NULL, "Where people find help; shown on the pages."},
    {"support.phone", SETTING_TEXT, AT(support_phone), "", 0, 0, NULL, "A number to call; shown on the pages."},
};
const size_t setting_count = COUNT_OF(setting_table);

size_t setting_find(str key)
{
    size_t i = 0;
    while (i < setting_count && !str_is(key, setting_table[i].key))
        i++;
    return i;
}
