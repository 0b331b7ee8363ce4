/* The calls of the interface. Each reads its request strictly, asks the register, and answers. */
#include "server.h"

#include "crypto/json.h"

/* One UUID or other short printable text a sign-in, in every call's query. */
static bool transaction_id(struct request *rq, str *out)
{
    *out = rq->query.status == PARAMS_OK ? params_nonempty(&rq->query, "transactionId") : STR_NONE;
    if (out->n > 0 && out->n <= 64 && str_is_printable(*out))
        return true;
    respond_bad(rq, "transactionId must stand in the query, once.");
    return false;
}

void serve_otp(struct request *rq, void *context)
{
    struct server *server = context;
    str transaction;
    struct otp_sent sent;
    if (!envelope_open(rq, server, "otp") || !transaction_id(rq, &transaction))
        return;
    const json_t *body = json_body(rq);
    if (!body)
        return;
    const json_t *channels = json_object_get(body, "channels");
    const char *channel = json_string_value(json_array_get(channels, 0));
    if (json_array_size(channels) != 1 || !channel || !str_is(str_of(channel), "phone")) {
        respond_bad(rq, "channels must be [\"phone\"].");
        return;
    }
    struct verdict verdict = reg_send_otp(server->reg, rq->arena, rq->tail, &sent);
    if (verdict.status != 200) {
        respond_verdict(rq, verdict);
        return;
    }
    struct buf out = buf_new(rq->arena, 256);
    buf_char(&out, '{');
    buf_json_str(&out, "transactionId", transaction);
    buf_json_str(&out, "maskedContact", sent.masked_contact);
    buf_json_int(&out, "expiresIn", sent.expires_in);
    buf_char(&out, '}');
    respond_json(rq, 200, buf_str(&out));
}

/* The factors of a sign-in. NULL, or what is wrong with them. */
static const char *read_factors(const json_t *factors, struct sign_in *in)
{
    size_t i;
    json_t *factor;
    if (json_array_size(factors) == 0 || json_array_size(factors) > 4)
        return "factors must be a list of one to four.";
    json_array_foreach(factors, i, factor)
    {
        str type = json_str(factor, "type");
        if (str_is(type, "otp") && !in->code.p)
            in->code = json_str(factor, "value");
        else if (str_is(type, "authenticator") && !in->authenticator.p)
            in->authenticator = json_str(factor, "value");
        else if (str_is(type, "demographic") && !in->date_of_birth.p)
            in->date_of_birth = json_str(json_object_get(factor, "biographicData"), "dateOfBirth");
        else
            return "a factor must be otp, demographic or authenticator, once each; this register has no biometric "
                   "matcher.";
    }
    if (in->authenticator.p)
        return json_array_size(factors) == 1 ? NULL : "an authenticator stands alone.";
    return in->code.p ? NULL : "one factor must be otp or authenticator, with a value.";
}

static str signed_in_json(struct arena *arena, const struct sign_in *in, const struct signed_in *done)
{
    str factors = in->authenticator.p   ? STR("authenticator")
                  : in->date_of_birth.p ? STR("otp demographic")
                                        : STR("otp");
    struct buf out = buf_new(arena, 512);
    buf_char(&out, '{');
    buf_json_bool(&out, "authenticated", true);
    buf_json_words(&out, "factors", factors, ' ');
    buf_json_int(&out, "authenticatedAt", done->at);
    buf_json_str(&out, "kycToken", done->token);
    buf_json_int(&out, "kycExpiresAt", done->token_ends_at);
    buf_json_str(&out, "status", STR("ACTIVE"));
    buf_char(&out, '}');
    return buf_str(&out);
}

void serve_authenticate(struct request *rq, void *context)
{
    struct server *server = context;
    str transaction;
    struct sign_in in = {.client = envelope_client(rq, server)};
    struct signed_in done;
    if (!envelope_open(rq, server, "authenticate") || !transaction_id(rq, &transaction))
        return;
    const json_t *body = json_body(rq);
    if (!body)
        return;
    const char *wrong = read_factors(json_object_get(body, "factors"), &in);
    if (!wrong && (json_str(body, "relyingParty").n == 0 || json_str(body, "purpose").n == 0))
        wrong = "relyingParty and purpose must be given.";
    if (wrong) {
        respond_bad(rq, wrong);
        return;
    }
    struct verdict verdict = reg_authenticate(server->reg, rq->arena, rq->tail, &in, &done);
    if (verdict.status != 200)
        respond_verdict(rq, verdict);
    else
        respond_json(rq, 200, signed_in_json(rq->arena, &in, &done));
}

/* A list of names as words; at most 32, none twice. False when it is not that. An absent list is empty. */
static bool read_names(struct arena *arena, const json_t *list, str *out)
{
    size_t i;
    json_t *item;
    struct buf words = buf_new(arena, 256);
    *out = STR("");
    if (!list)
        return true;
    if (!json_is_array(list) || json_array_size(list) > 32)
        return false;
    json_array_foreach(list, i, item)
    {
        str name = json_is_string(item) ? (str){json_string_value(item), json_string_length(item)} : STR_NONE;
        if (name.n == 0 || name.n > 64 || str_has(name, ' ') || str_list_has(buf_str(&words), ' ', name))
            return false;
        buf_add_word(&words, name);
    }
    *out = buf_str(&words);
    return true;
}

static str bearer(const struct request *rq)
{
    str scheme, token, header = request_header(rq, "Authorization");
    return header.p && str_cut(header, ' ', &scheme, &token) && str_eq_nocase(scheme, STR("Bearer")) ? str_trim(token)
                                                                                                     : STR_NONE;
}

static void respond_tokenless(struct request *rq)
{
    respond_verdict(rq, (struct verdict){401, "BAD_TOKEN", "Authorization: Bearer is missing.", -1, 0});
}

void serve_attributes(struct request *rq, void *context)
{
    struct server *server = context;
    struct read_request in = {.client = envelope_client(rq, server), .token = bearer(rq)};
    str json;
    if (!envelope_open(rq, server, "attributes") || !transaction_id(rq, &in.transaction_id))
        return;
    if (!in.token.p) {
        respond_tokenless(rq);
        return;
    }
    const json_t *body = json_body(rq);
    if (!body)
        return;
    in.relying_party = json_str(body, "relyingParty");
    in.consent_id = json_str(body, "consentId");
    if (in.relying_party.n == 0 || in.consent_id.n == 0) {
        respond_bad(rq, "relyingParty and consentId must be given: nothing is read without a consent.");
        return;
    }
    if (!read_names(rq->arena, json_object_get(body, "outputBiographicData"), &in.biographic) ||
        !read_names(rq->arena, json_object_get(body, "outputContactData"), &in.contact) ||
        in.biographic.n + in.contact.n == 0) {
        respond_bad(rq, "outputBiographicData and outputContactData must be lists of names, with at least one.");
        return;
    }
    struct verdict verdict = reg_read(server->reg, rq->arena, rq->tail, &in, &json);
    if (verdict.status != 200)
        respond_verdict(rq, verdict);
    else
        respond_json(rq, 200, json);
}

void serve_status(struct request *rq, void *context)
{
    struct server *server = context;
    str transaction, json;
    if (!envelope_open(rq, server, "status") || !transaction_id(rq, &transaction))
        return;
    struct verdict verdict = reg_status(server->reg, rq->arena, rq->tail, &json);
    if (verdict.status != 200)
        respond_verdict(rq, verdict);
    else
        respond_json(rq, 200, json);
}

void serve_add_authenticator(struct request *rq, void *context)
{
    struct server *server = context;
    str transaction, token = bearer(rq);
    struct authenticator_given given;
    if (!envelope_open(rq, server, "authenticators") || !transaction_id(rq, &transaction))
        return;
    const json_t *body = json_body(rq);
    if (!body)
        return;
    if (!token.p) {
        respond_tokenless(rq);
        return;
    }
    if (json_str(body, "relyingParty").n == 0) {
        respond_bad(rq, "relyingParty must be given.");
        return;
    }
    struct verdict verdict =
        reg_add_authenticator(server->reg, rq->arena, rq->tail, token, envelope_client(rq, server), &given);
    if (verdict.status != 200) {
        respond_verdict(rq, verdict);
        return;
    }
    struct buf out = buf_new(rq->arena, 256);
    buf_char(&out, '{');
    buf_json_str(&out, "authenticatorId", given.id);
    buf_json_str(&out, "authenticatorToken", given.token);
    buf_char(&out, '}');
    respond_json(rq, 200, buf_str(&out));
}

void serve_remove_authenticator(struct request *rq, void *context)
{
    struct server *server = context;
    str transaction, token = bearer(rq);
    if (!envelope_open(rq, server, "authenticators") || !transaction_id(rq, &transaction))
        return;
    str id = params_nonempty(&rq->query, "authenticatorId");
    if (!token.p) {
        respond_tokenless(rq);
        return;
    }
    if (id.n == 0 || id.n > 64) {
        respond_bad(rq, "authenticatorId must stand in the query.");
        return;
    }
    struct verdict verdict = reg_remove_authenticator(server->reg, rq->tail, token, envelope_client(rq, server), id);
    if (verdict.status != 200)
        respond_verdict(rq, verdict);
    else
        respond_json(rq, 200, STR("{\"removed\":true}"));
}
