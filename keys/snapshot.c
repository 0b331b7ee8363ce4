#include "keys/snapshot.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/json.h"
#include "crypto/primitives.h"

#define FILE_BYTES_MAX (1 << 20)
#define MAGIC "konsao key ring 1\n" /* the format's version; also what the seal is for */

static const char *const root_names[] = {[ROOT_PAIRWISE] = "pairwise",
                                         [ROOT_RESIDENT] = "resident",
                                         [ROOT_SUCCESSOR] = "successor",
                                         [ROOT_FORM] = "form",
                                         [ROOT_SID] = "sid",
                                         [ROOT_DPOP_NONCE] = "dpop_nonce",
                                         [ROOT_CLIENT_SECRET] = "client_secret",
                                         [ROOT_REGISTRATION] = "registration"};
/* Files of version 0.1.0 have those before it, and none of these may ever be missing. */
#define FIRST_LATER_ROOT ROOT_DPOP_NONCE

/* In the order in which they are made, which is the order of the JWK Set from its end. */
static const enum jose_alg algs[] = {ALG_RSA_OAEP_256, ALG_ECDH_ES, ALG_EDDSA, ALG_PS256, ALG_RS256, ALG_ES256};
static const char *const state_names[] = {[KEY_NEXT] = "next", [KEY_ACTIVE] = "active", [KEY_RETIRED] = "retired"};

struct snapshot *snapshot_new(void)
{
    struct arena *arena = arena_new();
    struct snapshot *snapshot = ARENA_NEW(arena, struct snapshot);
    snapshot->arena = arena;
    snapshot->next_drop = INT64_MAX;
    return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot)
        arena_free(snapshot->arena);
}

void snapshot_release(struct snapshot **snapshot)
{
    snapshot_free(*snapshot);
}

static void free_key(void *key)
{
    jose_key_free(key);
}

void snapshot_add_key(struct snapshot *snapshot, struct jose_key *key, const struct ring_key_info *info)
{
    arena_defer(snapshot->arena, free_key, key);
    struct ring_key *keys = ARENA_ARRAY(snapshot->arena, struct ring_key, snapshot->count + 1);
    keys[0] = (struct ring_key){key, *info};
    keys[0].info.kid = jose_key_id(key);
    keys[0].info.alg = jose_key_alg(key);
    if (snapshot->count > 0)
        memcpy(keys + 1, snapshot->keys, snapshot->count * sizeof *keys);
    snapshot->keys = keys;
    snapshot->count++;
}

void snapshot_make_key(struct snapshot *snapshot, enum jose_alg alg, enum ring_key_state state, int64_t now)
{
    struct ring_key_info info = {.state = state, .created_at = now, .activated_at = state == KEY_ACTIVE ? now : 0};
    struct jose_key *key = jose_key_generate(alg);
    snapshot_add_key(snapshot, key, &info);
    if (state == KEY_ACTIVE)
        snapshot->active[alg] = key;
}

bool ring_alg_has_next(enum jose_alg alg)
{
    return alg <= ALG_EDDSA;
}

bool snapshot_lacks(const struct snapshot *snapshot)
{
    bool lacks = snapshot->made_roots;
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        lacks = lacks || !snapshot->active[algs[i]];
    return lacks;
}

void snapshot_complete(struct snapshot *snapshot, int64_t now)
{
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        if (snapshot->active[algs[i]])
            continue;
        snapshot_make_key(snapshot, algs[i], KEY_ACTIVE, now);
        if (ring_alg_has_next(algs[i]))
            snapshot_make_key(snapshot, algs[i], KEY_NEXT, now);
    }
}

void snapshot_add_root(struct snapshot *snapshot, enum ring_root root, const unsigned char *secret)
{
    struct root_secrets *secrets = &snapshot->roots[root];
    unsigned char(*of)[ROOT_BYTES] = arena_alloc(snapshot->arena, (secrets->count + 1) * ROOT_BYTES);
    if (secrets->count > 0)
        memcpy(of, secrets->of, secrets->count * ROOT_BYTES);
    if (secret)
        memcpy(of[secrets->count], secret, ROOT_BYTES);
    else
        random_fill(of[secrets->count], ROOT_BYTES);
    secrets->of = of;
    secrets->count++;
}

static void write_key(struct buf *out, const struct ring_key *key)
{
    const struct ring_key_info *info = &key->info;
    buf_char(out, '{');
    buf_json_str(out, "alg", str_of(jose_alg_name(info->alg)));
    buf_json_str(out, "state", str_of(state_names[info->state]));
    buf_json_int(out, "created_at", info->created_at);
    buf_json_int(out, "activated_at", info->activated_at);
    buf_json_int(out, "retired_at", info->retired_at);
    buf_json_int(out, "drop_at", info->drop_at);
    buf_json_str(out, "pkcs8", base64url_encode(out->arena, jose_key_to_der(key->key, out->arena)));
    buf_char(out, '}');
}

static str write_content(const struct snapshot *snapshot, struct arena *arena)
{
    struct buf out = buf_new(arena, 8192);
    buf_add(&out, STR("{\"keys\":["));
    for (size_t i = 0; i < snapshot->count; i++) {
        if (i > 0)
            buf_char(&out, ',');
        write_key(&out, &snapshot->keys[i]);
    }
    buf_add(&out, STR("],\"roots\":{"));
    for (unsigned root = 0; root < RING_ROOTS; root++) {
        buf_json_member(&out, root_names[root]);
        for (size_t i = 0; i < snapshot->roots[root].count; i++) {
            buf_char(&out, i == 0 ? '[' : ',');
            buf_add_json(&out, base64url_encode(arena, str_bytes(snapshot->roots[root].of[i], ROOT_BYTES)));
        }
        buf_char(&out, ']');
    }
    buf_add(&out, STR("}}"));
    return buf_str(&out);
}

bool snapshot_save(const struct snapshot *snapshot, const char *path, const unsigned char master[static MASTER_BYTES],
                   const struct problem *problem)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str content = write_content(snapshot, arena);
    struct buf file = buf_new(arena, content.n + 64);
    buf_add(&file, STR(MAGIC));
    buf_add(&file, seal_under(arena, str_bytes(master, MASTER_BYTES), STR(MAGIC), content));
    return file_replace(path, 0600, buf_str(&file), problem);
}

static bool read_state(str name, struct ring_key_info *info)
{
    for (unsigned state = 0; state < COUNT_OF(state_names); state++)
        if (str_is(name, state_names[state])) {
            info->state = state;
            return true;
        }
    return false;
}

static enum jose_alg alg_of(str name)
{
    enum jose_alg alg = jose_alg_of(name);
    return alg != ALG_NONE_GIVEN ? alg : jose_encryption_alg_of(name);
}

static bool read_key(struct snapshot *snapshot, struct arena *scratch, const json_t *object, int64_t now)
{
    struct ring_key_info info = {0};
    enum jose_alg alg = alg_of(json_str(object, "alg"));
    str der;
    if (alg == ALG_NONE_GIVEN || !read_state(json_str(object, "state"), &info) ||
        !json_int(object, "created_at", 0, INT64_MAX, &info.created_at) ||
        !json_int(object, "activated_at", 0, INT64_MAX, &info.activated_at) ||
        !json_int(object, "retired_at", 0, INT64_MAX, &info.retired_at) ||
        !json_int(object, "drop_at", 0, INT64_MAX, &info.drop_at) ||
        !base64url_decode(scratch, json_str(object, "pkcs8"), &der))
        return false;
    if (info.state == KEY_RETIRED && info.drop_at <= now)
        return true;
    struct jose_key *key = jose_key_from_der(der, alg);
    if (!key)
        return false;
    snapshot_add_key(snapshot, key, &info);
    if (info.state == KEY_RETIRED && info.drop_at < snapshot->next_drop)
        snapshot->next_drop = info.drop_at;
    if (info.state == KEY_ACTIVE) {
        if (snapshot->active[alg])
            return false;
        snapshot->active[alg] = key;
    }
    return true;
}

static bool read_roots(struct snapshot *snapshot, struct arena *scratch, const json_t *object, enum ring_root root)
{
    const json_t *list = json_object_get(object, root_names[root]);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        str secret;
        if (!text || !base64url_decode(scratch, str_of(text), &secret) || secret.n != ROOT_BYTES)
            return false;
        snapshot_add_root(snapshot, root, (const unsigned char *)secret.p);
    }
    if (snapshot->roots[root].count == 0 && root >= FIRST_LATER_ROOT) {
        snapshot_add_root(snapshot, root, NULL);
        snapshot->made_roots = true;
    }
    return snapshot->roots[root].count > 0;
}

static bool read_content(struct snapshot *snapshot, struct arena *scratch, str content, int64_t now)
{
    const json_t *top = json_parse_object(scratch, content, FILE_BYTES_MAX);
    const json_t *keys = json_object_get(top, "keys"), *roots = json_object_get(top, "roots");
    for (size_t i = json_array_size(keys); i > 0; i--) /* each goes in front of those before */
        if (!read_key(snapshot, scratch, json_array_get(keys, i - 1), now))
            return false;
    for (unsigned root = 0; root < RING_ROOTS; root++)
        if (!read_roots(snapshot, scratch, roots, (enum ring_root)root))
            return false;
    return snapshot->count > 0;
}

static str public_set(const struct snapshot *snapshot)
{
    struct buf set = buf_new(snapshot->arena, 4096);
    buf_add(&set, STR("{\"keys\":["));
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct ring_key_info *info = &snapshot->keys[i].info;
        if (info->state == KEY_RETIRED && !ring_alg_has_next(info->alg))
            continue; /* what it still decrypts was made before; nothing new is to come */
        if (set.n > sizeof "{\"keys\":[" - 1)
            buf_char(&set, ',');
        buf_add(&set, jose_key_public_jwk(snapshot->keys[i].key, snapshot->arena));
    }
    buf_add(&set, STR("]}"));
    return buf_str(&set);
}

static bool load(struct snapshot *snapshot, const char *path, const unsigned char *master, int64_t now,
                 const struct problem *problem)
{
    CLEANUP(arena_release) struct arena *scratch = arena_new(); /* what private keys pass through is wiped */
    str file, content;
    if (!file_read_private(scratch, path, FILE_BYTES_MAX, &file, &snapshot->file, problem))
        return false;
    if (!str_starts(file, STR(MAGIC)))
        return problem_is(problem, "%s is not a key ring of this version", path);
    str sealed = {file.p + sizeof MAGIC - 1, file.n - (sizeof MAGIC - 1)};
    if (!unseal_under(scratch, str_bytes(master, MASTER_BYTES), STR(MAGIC), sealed, &content))
        return problem_is(problem, "%s does not open: wrong master key, or damaged", path);
    if (!read_content(snapshot, scratch, content, now))
        return problem_is(problem, "%s opens, but its content is not a key ring", path);
    snapshot->jwks = public_set(snapshot);
    return true;
}

struct snapshot *snapshot_load(const char *path, const unsigned char master[static MASTER_BYTES], int64_t now,
                               const struct problem *problem)
{
    struct snapshot *snapshot = snapshot_new();
    if (load(snapshot, path, master, now, problem))
        return snapshot;
    snapshot_free(snapshot);
    return NULL;
}
