#include "oauth/client/client_tls.h"

#include "base/clock.h"
#include "crypto/certificate.h"
#include "oauth/client/client_keys.h"

#define REFUSED(why) OAUTH_ERROR_STATUS(401, "invalid_client", (why))

static bool has_name(const struct certificate *certificate, const struct client *client)
{
    static const enum certificate_san kinds[] = {[CERTIFICATE_DNS] = SAN_DNS,
                                                 [CERTIFICATE_URI] = SAN_URI,
                                                 [CERTIFICATE_IP] = SAN_IP,
                                                 [CERTIFICATE_EMAIL] = SAN_EMAIL};
    if (client->certificate_by == CERTIFICATE_DN)
        return certificate_has_subject(certificate, client->certificate_name);
    return certificate_has_san(certificate, kinds[client->certificate_by], client->certificate_name);
}

/* RFC 8705 section 2.1: whom the authority says that it is. */
static struct oauth_error check_issued(const struct provider *provider, const struct client *client,
                                       const struct certificate *certificate)
{
    if (!provider->client_authorities)
        return REFUSED("no authority for client certificates is trusted here");
    if (!authorities_issued(provider->client_authorities, certificate, clock_now()))
        return REFUSED("the certificate is not in date, or not issued by a trusted authority");
    return has_name(certificate, client) ? OAUTH_OK : REFUSED("the certificate has another name than is registered");
}

/* Section 2.2: the authority is of no interest, the key says who it is. Of published keys those are fetched anew which
 * do not have it: a client may have changed its certificate. */
static struct oauth_error check_own(struct provider *provider, struct request *rq, const struct client *client,
                                    const struct certificate *certificate)
{
    if (!certificate_is_current(certificate, clock_now()))
        return REFUSED("the certificate is not in date");
    if (client->keys && certificate_is_in_keyset(certificate, client->keys))
        return OAUTH_OK;
    if (client->keys || !client->jwks_uri.p)
        return REFUSED("the certificate's key is not registered");
    const struct jose_keyset *kept = jwks_cache_peek(provider->jwks_cache, rq->arena, client->jwks_uri);
    if (kept && certificate_is_in_keyset(certificate, kept))
        return OAUTH_OK;
    if (!request_may_call_out(rq)) {
        request_move_to_call_out(rq);
        return OAUTH_UNAVAILABLE; /* is not sent */
    }
    const struct jose_keyset *keys = client_keys(provider, rq, client);
    if (keys && !certificate_is_in_keyset(certificate, keys))
        keys = jwks_cache_refresh(provider->jwks_cache, rq->arena, client->jwks_uri, keys);
    return keys && certificate_is_in_keyset(certificate, keys) ? OAUTH_OK
                                                               : REFUSED("the certificate's key is not published");
}

struct oauth_error client_tls_check(struct provider *provider, struct request *rq, const struct client *client)
{
    if (!rq->client_certificate.p)
        return REFUSED("the client authenticates by a certificate, and none was sent");
    const struct certificate *certificate = certificate_from_der(rq->arena, rq->client_certificate);
    if (!certificate)
        return REFUSED("the certificate can't be read");
    return client->auth == AUTH_TLS ? check_issued(provider, client, certificate)
                                    : check_own(provider, rq, client, certificate);
}
